/** The service under TLS: official clients unchanged over https and wss, and what a certificate needs. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type RequestOptions, request } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { WebSocket } from 'ws';
import type { ServiceContext } from '../../services/http/service-context.ts';
import { readTlsIdentity } from '../../services/server/tls-identity.ts';
import { noTracing, type Tracing } from '../../services/traces/tracing.ts';
import { socketRoutes } from '../../services/ws/socket-routes.ts';
import { certificateFiles, testCertificate } from '../support/certificate.ts';
import { runCli, runNode } from '../support/cli-process.ts';
import { pcm16 } from '../support/toy-listener.ts';
import { rawExchange, toyServer, toyServerProcess } from '../support/toy-server.ts';
import { toyWav } from '../support/toy-service.ts';

const CLIENT = fileURLToPath(new URL('../support/openai-client-process.js', import.meta.url));

test('the npm client works unchanged over TLS: transcriptions, streaming, realtime', async (t) => {
  const files = await certificateFiles(t);
  const { url } = await toyServerProcess(t, { tls: files });
  assert.match(url, /^https:/);
  const recording = join(files.certPath, '..', 'speech.wav');
  const pcm = join(files.certPath, '..', 'speech.pcm');
  await writeFile(recording, toyWav(3));
  await writeFile(pcm, pcm16([1.1, -0.6], 24_000));
  const env = { OPENAI_BASE_URL: `${url}/v1`, OPENAI_API_KEY: 'any', NODE_EXTRA_CA_CERTS: files.certPath };
  const { status, stdout, stderr } = await runNode([CLIENT, recording, pcm], { env });
  assert.equal(status, 0, stderr);
  const answers = JSON.parse(stdout);
  assert.match(answers.url, /^wss:/);
  assert.deepEqual([answers.text, answers.streamed, answers.spoken], ['w0 w1 w2', 'w0 w1 w2', 'w0 w1 w2 w3 W4']);
  // The certificate counts: who does not know it is not answered.
  const stranger = await runNode([CLIENT, recording, pcm], { env: { ...env, NODE_EXTRA_CA_CERTS: undefined } });
  assert.notEqual(stranger.status, 0);
});

test('one port serves pages, answers and native streams; what is not TLS gets nothing and harms nobody', async (t) => {
  const files = await certificateFiles(t);
  const { url, port } = await toyServerProcess(t, { tls: files });
  const ca = await certificate(files);
  const socket = new WebSocket(`wss://localhost:${port}/v1/stream`, { ca, origin: `https://localhost:${port}` });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'start', audio: { format: 'pcm16' } }));
  assert.equal(JSON.parse(String((await once(socket, 'message'))[0])).type, 'ready');
  for (const bytes of ['GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n', Buffer.alloc(100, 0x16)]) {
    assert.doesNotMatch(await rawExchange(port, bytes), /HTTP/);
  }
  const broken = tlsConnect({ port, ca, servername: 'localhost' });
  broken.write('no HTTP\r\n\r\n');
  assert.match(String((await once(broken, 'data'))[0]), /^HTTP\/1\.1 400 /);
  const page = await get(`${url}/`, { ca });
  assert.equal(page.status, 200);
  assert.match(page.body, /<script[^>]+src="\/web\//);
  socket.send('{"type":"end"}');
  assert.equal((await once(socket, 'close'))[0], 1000);
});

test('browsers are told to stay with TLS, but not for the names of their own machine, nor without TLS', async (t) => {
  const files = await certificateFiles(t);
  const config = { allowHosts: ['speech.example'] };
  const { url } = await toyServer(t, { config, parts: { tls: await readTlsIdentity(files) } });
  const ca = await certificate(files);
  const told = async (host: string) =>
    (await get(`${url}/healthz`, { ca, headers: { host } })).headers['strict-transport-security'];
  assert.equal(await told('speech.example'), 'max-age=2592000');
  for (const host of ['localhost', '127.0.0.1:8080', '[::1]']) assert.equal(await told(host), undefined);
  const plain = await toyServer(t, { config });
  const answer = await plain.app.inject({ url: '/healthz', headers: { host: 'speech.example' } });
  assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  assert.equal(answer.headers['strict-transport-security'], undefined);
});

test('traces say how a request came', async (t) => {
  const files = await certificateFiles(t);
  const schemes: string[] = [];
  const tracing: Tracing = {
    ...noTracing,
    begin: (traced) => {
      schemes.push(traced.scheme);
      return noTracing.begin(traced);
    },
  };
  const tls = await readTlsIdentity(files);
  const routes = (app: FastifyInstance, context: ServiceContext) => void socketRoutes(app, context);
  const { url, port } = await toyServer(t, { parts: { tls, tracing, routes } });
  const ca = await certificate(files);
  await get(`${url}/healthz`, { ca });
  const socket = new WebSocket(`wss://localhost:${port}/v1/stream`, { ca });
  await once(socket, 'open');
  socket.close();
  await once(socket, 'close');
  assert.deepEqual(schemes, ['https', 'https']);
});

test('TLS 1.2 and 1.3 are spoken, 1.1 is not', async (t) => {
  const files = await certificateFiles(t);
  const { port } = await toyServer(t, { parts: { tls: await readTlsIdentity(files) } });
  const ca = await certificate(files);
  // Old versions are off in the client as well, unless it is told so.
  const ciphers = 'DEFAULT@SECLEVEL=0';
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const options = { port, ca, ciphers, minVersion: version, maxVersion: version };
    assert.equal((await shaken(options)).protocol, version);
  }
  await assert.rejects(shaken({ port, ca, ciphers, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }), /version/);
});

test('a peer that never shakes hands is hung up on', async (t) => {
  const tls = await readTlsIdentity(await certificateFiles(t));
  const { port } = await toyServer(t, { limits: { headersMsMax: 200 }, parts: { tls } });
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  const patience = AbortSignal.timeout(30_000);
  await Promise.race([once(socket, 'close'), once(patience, 'abort').then(() => assert.fail('it is still there'))]);
});

test('connections beyond the share of an address are told so, requests and upgrades', async (t) => {
  const tls = await readTlsIdentity(await certificateFiles(t));
  const routes = (app: FastifyInstance, context: ServiceContext) => void socketRoutes(app, context);
  const { url, port } = await toyServer(t, { limits: { socketsMax: 8, addressShare: 0.25 }, parts: { tls, routes } });
  const held = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  t.after(() => {
    for (const socket of held) socket.destroy();
  });
  await Promise.all(held.map((socket) => once(socket, 'connect')));
  assert.equal((await get(`${url}/healthz`, { rejectUnauthorized: false })).status, 429);
  const socket = new WebSocket(`wss://127.0.0.1:${port}/v1/stream`, { rejectUnauthorized: false });
  socket.on('error', () => undefined);
  assert.equal((await once(socket, 'unexpected-response'))[1].statusCode, 429);
});

test('renewed files are taken while the service runs, and what is unusable leaves the old ones', async (t) => {
  const files = { ...(await certificateFiles(t)), lookMs: 20 };
  const { port } = await toyServerProcess(t, { tls: files });
  const shown = async () => (await shaken({ port, rejectUnauthorized: false })).cert;
  const until = async (cert: string) => {
    while ((await shown()) !== cert) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const first = await shown();
  const second = testCertificate();
  // One after the other, as programs that renew them do it: in between they do not belong together.
  await writeFile(files.certPath, second.cert);
  for (let look = 0; look < 5; look++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(await shown(), first);
  }
  await writeFile(files.keyPath, second.key);
  await until(second.cert);
});

test('files that cannot be served are told at the start, before any model is loaded', async (t) => {
  const files = await certificateFiles(t);
  const expired = await certificateFiles(t, testCertificate({ fromMs: 0, toMs: Date.now() - 1000 }));
  const serve = (...args: string[]) => runCli(['serve', '--port', '0', ...args]);
  for (const [certPath, keyPath, message] of [
    [files.certPath, join(files.keyPath, 'x'), /key\.pem\/x cannot be read/],
    [files.certPath, expired.keyPath, /is not that of the certificate/],
    [expired.certPath, expired.keyPath, /expired at/],
  ] as const) {
    const { status, stderr } = await serve('--tls-cert', certPath, '--tls-key', keyPath);
    assert.equal(status, 5, stderr);
    assert.match(stderr, /tls_unusable/);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /Listening/);
  }
  const half = await serve('--tls-cert', files.certPath);
  assert.equal(half.status, 2);
  assert.match(half.stderr, /--tls-cert and --tls-key/);
});

async function certificate({ certPath }: { readonly certPath: string }): Promise<string> {
  return String((await readTlsIdentity({ certPath, keyPath: certPath.replace('cert.pem', 'key.pem') })).cert);
}

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

function get(url: string, options: RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // Another Host header would be the name that the certificate is looked at for.
    const asked = request(url, { servername: 'localhost', ...options }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    });
    asked.on('error', reject).end();
  });
}

/** What the service shows as hands are shaken. */
function shaken(options: ConnectionOptions): Promise<{ protocol: string | null; cert: string }> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ host: '127.0.0.1', servername: 'localhost', ...options }, () => {
      resolve({ protocol: socket.getProtocol(), cert: String(socket.getPeerX509Certificate()) });
      socket.destroy();
    });
    socket.on('error', reject);
  });
}
