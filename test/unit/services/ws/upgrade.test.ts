import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import { SECURITY_HEADERS } from '../../../../services/http/security.ts';
import { fuseOpeners } from '../../../../services/ws/fuse-options.ts';
import { SOCKETS_MAX, STRANGERS_MAX } from '../../../../services/ws/limits.ts';
import { SocketCount } from '../../../../services/ws/socket-count.ts';
import { asksForBeta, chosenProtocol, parseUpgrade, refuseUpgrade } from '../../../../services/ws/upgrade.ts';

test('a key is found in each place where clients put it', () => {
  const key = (headers: Record<string, string>) => parseUpgrade({ url: '/v1/realtime', headers }).key;
  assert.equal(key({}), null);
  assert.equal(key({ authorization: 'Bearer abc' }), 'abc');
  assert.equal(key({ authorization: 'bearer  abc ' }), 'abc');
  assert.equal(key({ 'x-api-key': 'abc' }), 'abc');
  assert.equal(
    key({ 'sec-websocket-protocol': 'realtime, openai-insecure-api-key.abc, openai-beta.realtime-v1' }),
    'abc',
  );
  assert.equal(key({ authorization: 'Basic abc' }), null);
  assert.equal(key({ authorization: `Bearer ${'x'.repeat(512)}` })?.length, 512);
  assert.throws(() => key({ authorization: `Bearer ${'x'.repeat(513)}` }), { code: 'unauthorized' });
});

test('what carries a key is never the protocol of the connection', () => {
  assert.equal(chosenProtocol(['openai-insecure-api-key.x', 'realtime']), 'realtime');
  assert.equal(chosenProtocol(['openai-insecure-api-key.x']), false);
  assert.equal(chosenProtocol([]), false);
});

test('the beta dialect is asked for by header or by subprotocol', () => {
  assert.equal(asksForBeta({ headers: { 'openai-beta': 'realtime=v1' }, protocols: [] }), true);
  assert.equal(asksForBeta({ headers: {}, protocols: ['realtime', 'openai-beta.realtime-v1'] }), true);
  assert.equal(asksForBeta({ headers: {}, protocols: ['realtime'] }), false);
});

test('addresses, queries and headers have bounds', () => {
  for (const url of ['/', '/v1', '/v1/stream/', '/v1/streams', '//v1/stream']) {
    assert.throws(() => parseUpgrade({ url, headers: {} }), { code: 'not_found' }, url);
  }
  parseUpgrade({ url: `/v1/fuse?prompt=${'x'.repeat(8192 - 7)}`, headers: {} });
  assert.throws(() => parseUpgrade({ url: `/v1/fuse?prompt=${'x'.repeat(8192 - 6)}`, headers: {} }), {
    code: 'header_too_large',
  });
  parseUpgrade({ url: '/v1/stream', headers: { 'sec-websocket-protocol': 'x'.repeat(1024) } });
  assert.throws(() => parseUpgrade({ url: '/v1/stream', headers: { 'sec-websocket-protocol': 'x'.repeat(1025) } }), {
    code: 'header_too_large',
  });
});

test('a refusal is an HTTP answer with the error’s status and body, and says when to come back', async () => {
  const socket = new PassThrough();
  refuseUpgrade(socket, Object.assign(new AppError('rate_limited', 'Too many.'), { retryAfterS: 7 }), 'a-1');
  const text = String(await new Response(socket as unknown as ReadableStream).text());
  const [head, body] = text.split('\r\n\r\n');
  assert.match(head!, /^HTTP\/1\.1 429 Too Many Requests\r\n/);
  assert.match(head!, /\r\nretry-after: 7(\r\n|$)/);
  assert.match(head!, /\r\nx-request-id: a-1(\r\n|$)/);
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
    assert.ok(`${head}\r\n`.includes(`\r\n${name}: ${value}\r\n`), name);
  }
  assert.deepEqual(JSON.parse(body!), {
    error: { message: 'Too many.', type: 'rate_limit_error', param: null, code: 'rate_limited' },
  });
});

test('places: so many in all, and of one key', () => {
  const count = new SocketCount({ socketsMax: 4, socketsPerKeyMax: 2, strangersMax: 2 });
  const first = count.enter('a');
  const second = count.enter('a');
  assert.throws(() => count.enter('a'), { code: 'rate_limited' });
  count.enter('b');
  count.enter('c');
  assert.throws(() => count.enter('d'), { code: 'overloaded' });
  first.leave();
  first.leave();
  assert.equal(count.all, 3);
  count.enter('a');
  assert.throws(() => count.enter('d'), { code: 'overloaded' });
  second.leave();
  count.enter('a');
});

test('places: so many of strangers, who count as such until they prove a key', () => {
  const count = new SocketCount({ socketsMax: 6, socketsPerKeyMax: 1, strangersMax: 2 });
  const [first, second] = [count.enter(null), count.enter(null)];
  assert.throws(() => count.enter(null), { code: 'overloaded' });
  first.belongTo('a');
  const third = count.enter(null);
  assert.throws(() => third.belongTo('a'), { code: 'rate_limited' });
  // Whose key was refused is a stranger still.
  assert.throws(() => count.enter(null), { code: 'overloaded' });
  second.leave();
  count.enter(null);
  assert.equal(count.all, 3);
});

test('strangers, as many as come, leave places for those who prove a key at the upgrade', () => {
  const count = new SocketCount();
  for (let i = 0; i < STRANGERS_MAX; i++) count.enter(null);
  assert.throws(() => count.enter(null), { code: 'overloaded' });
  const kept = SOCKETS_MAX - STRANGERS_MAX;
  assert.ok(kept >= SOCKETS_MAX / 2);
  for (let i = 0; i < kept; i++) count.enter(`owner ${i}`);
  assert.throws(() => count.enter('one more'), { code: 'overloaded' });
});

test('places: so many of one address, and fewer of its strangers', () => {
  const count = new SocketCount({ socketsMax: 8, strangersMax: 4, addressShare: 0.5 });
  const [first] = [count.enter(null, '192.0.2.1'), count.enter(null, '192.0.2.1')];
  assert.throws(() => count.enter(null, '192.0.2.1'), { code: 'rate_limited' });
  count.enter('a', '192.0.2.1');
  const fourth = count.enter('a', '::ffff:192.0.2.1');
  assert.throws(() => count.enter('b', '192.0.2.1'), { code: 'rate_limited' });
  // Others are not touched by it.
  count.enter(null, '192.0.2.2');
  fourth.leave();
  assert.throws(() => count.enter(null, '192.0.2.1'), { code: 'rate_limited' });
  first!.belongTo('a');
  count.enter(null, '192.0.2.1');
  assert.throws(() => count.enter('b', '192.0.2.1'), { code: 'rate_limited' });
});

test('options of /v1/fuse: typed, bounded, for both kinds of recognizers', () => {
  const of = (query: string) => fuseOpeners(new URLSearchParams(query));
  const speech = of('language=tr&llmWeight=0.3&keywords=a&keywords=b&nBest=8&prompt=p&script=hans');
  assert.equal(speech.speech.language, 'tr');
  assert.equal(speech.speech.llmWeight, 0.3);
  assert.deepEqual(speech.speech.hotwords, ['a', 'b']);
  assert.equal(speech.speech.nBest, 8);
  assert.equal(speech.speech.beams, 8);
  assert.equal(speech.pages.language, 'tr');
  assert.equal(speech.pages.llmWeight, undefined);
  const pages = of('mode=faithful&llmWeight=2');
  assert.equal(pages.pages.mode, 'faithful');
  assert.equal(pages.pages.llmWeight, 2);
  assert.equal(pages.speech.llmWeight, undefined);
  for (const [query, code, param] of [
    ['llmWeight=2', 'invalid_option', 'llmWeight'],
    ['llmWeight=x', 'invalid_option', 'llmWeight'],
    ['llmWeight=', 'invalid_option', 'llmWeight'],
    ['nBest=0', 'invalid_option', 'nBest'],
    ['nBest=1.5', 'invalid_option', 'nBest'],
    ['preset=none', 'invalid_option', 'preset'],
    ['language=en&language=tr', 'invalid_option', 'language'],
    ['api_key=x', 'unsupported_parameter', 'api_key'],
    ['mode=quick', 'invalid_option', 'mode'],
  ]) {
    assert.throws(() => of(query!), { code, param }, query);
  }
});
