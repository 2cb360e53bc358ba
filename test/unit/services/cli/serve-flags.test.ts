import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import {
  addServeFlags,
  configOf,
  modelOptionsOf,
  type ServeFlags,
  tlsFilesOf,
} from '../../../../services/cli/serve-flags.ts';

function parsed(...args: readonly string[]): ServeFlags {
  const command = addServeFlags(new Command('serve'))
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  command.action(() => {}).parse([...args], { from: 'user' });
  return command.opts<ServeFlags>();
}

test('without flags this machine is served, speech and documents', () => {
  const flags = parsed();
  const { host, allowHosts, corsOrigins, logText, budget, version } = configOf(flags, {}, '1.2.3');
  assert.deepEqual([host, allowHosts, corsOrigins, logText, budget], ['127.0.0.1', [], [], false, {}]);
  assert.equal(version, '1.2.3');
  assert.equal(flags.port, 8080);
  assert.deepEqual(modelOptionsOf(flags), { modalities: ['speech', 'page'] });
});

test('flags set limits over the environment', () => {
  const flags = parsed('--upload-bytes', '5', '--pages', '6', '--drain', '1.5', '--rate-audio', '60', '--log-text');
  const { limits, budget, logText } = configOf(flags, { BYTEFUSE_PAGES_MAX: '9', BYTEFUSE_PIXELS_MAX: '10' }, '');
  assert.deepEqual([limits.uploadBytesMax, limits.pagesMax, limits.pixelsMax, limits.drainMsMax], [5, 6, 10, 1500]);
  assert.deepEqual([budget, logText], [{ audioSecondsPerHour: 60 }, true]);
});

test('an address may hold a share of the connections, and all of them where all come from this machine', () => {
  const share = (...args: readonly string[]) => configOf(parsed(...args), {}, '').limits.addressShare;
  assert.equal(share(), 1);
  assert.equal(share('--host', '0.0.0.0'), 0.25);
  assert.equal(share('--host', '0.0.0.0', '--address-share', '1'), 1);
  assert.equal(share('--address-share', '0.5'), 0.5);
  for (const text of ['0', '1.1', 'half']) assert.throws(() => share('--address-share', text), text);
});

test('hosts and origins may be repeated; an origin that is none is refused', () => {
  const flags = parsed('--allow-host', 'a.example', '--allow-host', 'b.example', '--cors-origin', 'https://c.example');
  const { allowHosts, corsOrigins } = configOf(flags, {}, '');
  assert.deepEqual([allowHosts, corsOrigins], [['a.example', 'b.example'], ['https://c.example']]);
  for (const origin of ['c.example', 'https://c.example/', 'https://c.example/x', 'ftp://c']) {
    assert.throws(() => configOf(parsed('--cors-origin', origin), {}, ''), /--cors-origin/);
  }
});

test('what is served follows the flags', () => {
  const { modalities, llm, model } = modelOptionsOf(parsed('--no-speech', '--llm', 'none', '-m', 'whisper-turbo'));
  assert.deepEqual([modalities, llm, model], [['page'], null, 'whisper-turbo']);
  assert.deepEqual(modelOptionsOf(parsed()).modalities, ['speech', 'page']);
  assert.throws(() => modelOptionsOf(parsed('--no-speech', '--no-ocr')), /nothing to serve/);
});

test('TLS takes a certificate and a key, or neither', () => {
  assert.equal(tlsFilesOf(parsed()), undefined);
  assert.deepEqual(tlsFilesOf(parsed('--tls-cert', 'a', '--tls-key', 'b')), { certPath: 'a', keyPath: 'b' });
  for (const flag of ['--tls-cert', '--tls-key']) assert.throws(() => tlsFilesOf(parsed(flag, 'a')), /both/);
});

test('numbers out of range are refused', () => {
  for (const args of [
    ['--port', '65536'],
    ['--port', 'http'],
    ['--pages', '0'],
    ['--drain', '0'],
    ['--log-level', 'loud'],
  ]) {
    assert.throws(() => parsed(...args), args.join(' '));
  }
});
