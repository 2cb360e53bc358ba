import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import OpenAI from 'openai';
import { WebSocket } from 'ws';
import { AppError } from '../../models/core/app-error.ts';
import type { Bytefuse } from '../../services/app/bytefuse.ts';
import type { ServiceParts } from '../../services/http/app.ts';
import { type ApiKey, findKey, newApiKey } from '../../services/keys/api-key.ts';
import type { ServiceConfig } from '../../services/server/config.ts';
import { socketRoutes } from '../../services/ws/socket-routes.ts';
import type { WebSockets } from '../../services/ws/web-sockets.ts';
import { pcm16, ToyListener } from '../support/toy-listener.ts';
import { toyServer } from '../support/toy-server.ts';

/** The WebSockets of the whole service: one port, the keys and budgets of the HTTP routes. */

async function service(
  t: TestContext,
  keys: readonly ApiKey[] | null,
  config: Partial<ServiceConfig> = {},
  logger: ServiceParts['logger'] = false,
) {
  let sockets: WebSockets | undefined;
  const server = await toyServer(t, {
    config,
    parts: {
      logger,
      keys: keys && {
        find: async (presented) => findKey(keys, presented),
        holds: async (one) => keys.includes(one),
      },
      routes: (app, context) => {
        sockets = socketRoutes(app, context);
      },
    },
    loading: true,
  });
  const listener = new ToyListener();
  // The toy engine hears whole files; this one hears as one speaks.
  const bytefuse: Bytefuse = {
    ...server.bytefuse,
    listen: (audio, request = {}, call = {}) =>
      listener.listen(audio, request, { signal: call.signal ?? new AbortController().signal }),
    liveRefusal: () => listener.refusal(),
  };
  return { ...server, sockets: () => sockets!, listener, ready: () => server.door.ready(bytefuse) };
}

function key(name: string, scopes: ApiKey['scopes'], limits: ApiKey['limits'] = {}) {
  return newApiKey({ name, scopes, limits }, '2026-01-01T00:00:00Z');
}

async function dial(port: number, path: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
  const events: Record<string, unknown>[] = [];
  socket.on('message', (data) => events.push(JSON.parse(String(data))));
  const status = await new Promise<number>((resolve) => {
    socket.on('error', () => undefined);
    socket.on('open', () => resolve(101));
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode!);
    });
  });
  return { socket, events, status };
}

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

test('HTTP and WebSocket share a port; models that load are waited for, and named once they are there', async (t) => {
  const { port, url, ready, sockets } = await service(t, null);
  assert.equal((await dial(port, '/v1/realtime')).status, 503);
  ready();
  const models = await new OpenAI({ apiKey: 'none', baseURL: `${url}/v1` }).models.list();
  const names = models.data.map(({ id }) => id);
  assert.ok(names.includes('whisper-1'));
  assert.equal((await dial(port, '/v1/realtime?model=none')).status, 404);
  const realtime = await dial(port, `/v1/realtime?model=${names[0]}`);
  assert.equal(realtime.status, 101);
  realtime.socket.close();

  const { socket, events } = await dial(port, '/v1/stream');
  socket.send(JSON.stringify({ type: 'start', audio: { format: 'pcm16' } }));
  socket.send(pcm16([0.6, -0.6], 16_000));
  socket.send('{"type":"end"}');
  const [code] = await once(socket, 'close');
  assert.equal(code, 1000);
  assert.equal(events.findLast((event) => event['stage'] === 'fused')!['text'], 'w0 w1 W2');
  assert.equal((events[0]!['models'] as Record<string, unknown>)['recognizer'], names[0]);
  // The toy engine has no combiner to dial.
  assert.equal((await dial(port, '/v1/fuse')).status, 400);
  while (sockets().open.connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});

test('an upgrade without room is refused as overloaded, and counted as other refused requests are', async (t) => {
  const { port, url, ready, listener } = await service(t, null);
  ready();
  listener.full = new AppError('overloaded', 'No room.');
  assert.equal((await dial(port, '/v1/stream')).status, 503);
  const figures = await (await fetch(`${url}/metrics`)).text();
  assert.match(figures, /bytefuse_errors_total\{code="overloaded"\} 1\n/);
  assert.match(figures, /bytefuse_http_request_seconds_count\{route="\/v1\/stream",method="GET",status="503"\} 1\n/);
});

test('keys, scopes and budgets are those of the HTTP routes', async (t) => {
  const streams = key('a', ['stream'], { audioSecondsPerHour: 1 });
  const files = key('b', ['transcribe']);
  const once2 = key('c', ['stream'], { requestsPerMinute: 2 });
  const { port, ready } = await service(t, [streams.key, files.key, once2.key]);
  ready();
  assert.equal((await dial(port, '/v1/realtime')).status, 401);
  assert.equal((await dial(port, '/v1/realtime', bearer(files.secret))).status, 403);
  for (const status of [101, 101, 429]) {
    const { socket, status: found } = await dial(port, '/v1/realtime', bearer(once2.secret));
    assert.equal(found, status);
    socket.terminate();
  }
  const { socket, events } = await dial(port, '/v1/stream');
  socket.send(JSON.stringify({ type: 'start', key: streams.secret, audio: { format: 'pcm16' } }));
  socket.send(pcm16([0.9], 16_000));
  await once(socket, 'message');
  socket.send(pcm16([0.2], 16_000));
  const [code, reason] = await once(socket, 'close');
  assert.deepEqual([code, String(reason)], [1008, 'rate_limited']);
  assert.equal(events.at(-1)!['code'], 'rate_limited');
});

test('answers to upgrades say which models run, as others do, but only to those who showed a key', async (t) => {
  const { key: one, secret } = key('a', ['stream']);
  const { port, ready } = await service(t, [one]);
  ready();
  const told = async (path: string, headers: Record<string, string>) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
    const [response] = await once(socket, 'upgrade');
    socket.terminate();
    return response.headers['x-bytefuse-models'];
  };
  for (const path of ['/v1/stream', '/v1/realtime']) {
    assert.match(await told(path, bearer(secret)), /^recognizer=toy-speech; .*; recognizer-provider=cuda,cpu; /);
  }
  assert.equal(await told('/v1/stream', {}), undefined);
});

test('a revoked key ends its open sessions, and no others', async (t) => {
  const [revoked, other] = [key('a', ['stream']), key('b', ['stream'])];
  const keys = [revoked.key, other.key];
  const { port, ready, sockets } = await service(t, keys);
  ready();
  const start = { type: 'start', audio: { format: 'pcm16' } };
  const realtime = await dial(port, '/v1/realtime', bearer(revoked.secret));
  const early = await dial(port, '/v1/stream', bearer(revoked.secret));
  early.socket.send(JSON.stringify(start));
  const late = await dial(port, '/v1/stream');
  late.socket.send(JSON.stringify({ ...start, key: revoked.secret }));
  const lost = await dial(port, '/v1/stream', bearer(revoked.secret));
  lost.socket.send(JSON.stringify(start));
  const kept = await dial(port, '/v1/stream', bearer(other.secret));
  kept.socket.send(JSON.stringify(start));
  for (const { socket, events } of [early, late, lost, kept]) if (events.length === 0) await once(socket, 'message');
  lost.socket.terminate();
  while (sockets().open.connections > 4) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(sockets().open.sessions, 4);
  const ended = [realtime, early, late].map(({ socket }) => once(socket, 'close'));
  keys.shift();
  for (const [code, reason] of await Promise.all(ended)) {
    assert.deepEqual([code, String(reason)], [1008, 'unauthorized']);
  }
  assert.equal((realtime.events.at(-1)!['error'] as Record<string, unknown>)['code'], 'unauthorized');
  for (const { events } of [early, late]) assert.equal(events.at(-1)!['code'], 'unauthorized');
  while (sockets().open.sessions > 1) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(kept.socket.readyState, kept.socket.OPEN);
  kept.socket.terminate();
});

test('a realtime session hears after each item what is left of its budget of audio, where there is one', async (t) => {
  const own = key('a', ['stream'], { audioSecondsPerHour: 60 });
  const plain = key('b', ['stream']);
  const budget = { audioSecondsPerHour: 600 };
  const audio = Buffer.from(pcm16([0.5, -1], 24_000)).toString('base64');
  const told = async (port: number, secret: string | null) => {
    const { socket, events } = await dial(port, '/v1/realtime', secret === null ? {} : bearer(secret));
    const ofType = (type: string) => events.filter((event) => event['type'] === type);
    for (let item = 1; item <= 2; item++) {
      socket.send(JSON.stringify({ type: 'input_audio_buffer.append', audio }));
      while (ofType('conversation.item.input_audio_transcription.completed').length < item) {
        await once(socket, 'message');
      }
    }
    // What follows the second item has come before the answer to this.
    socket.send(JSON.stringify({ type: 'session.update', session: { type: 'transcription' } }));
    while (ofType('session.updated').length === 0) await once(socket, 'message');
    socket.terminate();
    return ofType('rate_limits.updated').flatMap((event) => event['rate_limits'] as Record<string, number>[]);
  };
  const keyed = await service(t, [own.key, plain.key]);
  keyed.ready();
  const rates = await told(keyed.port, own.secret);
  assert.deepEqual(
    rates.map(({ name, limit }) => [name, limit]),
    [
      ['audio_seconds', 60],
      ['audio_seconds', 60],
    ],
  );
  // 1.5 s each; a sixtieth of a second comes back each second.
  assert.equal(Math.floor(rates[0]!['remaining']!), 58);
  assert.equal(Math.floor(rates[1]!['remaining']!), 57);
  assert.ok(rates[1]!['reset_seconds']! > rates[0]!['reset_seconds']!);
  assert.deepEqual(await told(keyed.port, plain.secret), []);
  const open = await service(t, null, { budget });
  open.ready();
  assert.deepEqual(
    (await told(open.port, null)).map(({ limit }) => limit),
    [600, 600],
  );
});

test('a page of another site cannot connect, and one of our own can', async (t) => {
  const { port, ready } = await service(t, null);
  ready();
  assert.equal((await dial(port, '/v1/stream', { origin: 'https://example.org' })).status, 403);
  assert.equal((await dial(port, '/v1/stream', { host: 'rebound.example' })).status, 403);
  const own = await dial(port, '/v1/stream', { origin: `http://127.0.0.1:${port}` });
  assert.equal(own.status, 101);
  own.socket.terminate();
});

test('the service ends with open sessions: they are told, and nothing keeps it', async (t) => {
  const { app, port, ready, listener } = await service(t, null);
  ready();
  const { socket, events } = await dial(port, '/v1/realtime');
  socket.send(
    JSON.stringify({ type: 'input_audio_buffer.append', audio: Buffer.from(pcm16([0.5], 24_000)).toString('base64') }),
  );
  while (listener.open === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const closed = once(socket, 'close');
  await app.close();
  assert.equal((await closed)[0], 1001);
  assert.equal((events.at(-1)!['error'] as Record<string, unknown>)['code'], 'shutting_down');
  assert.equal(listener.open, 0);
});

test('a peer whose upgrade is refused and that never hangs up is hung up on', async (t) => {
  const { app, port } = await service(t, null);
  const gone = new Promise<void>((resolve) => {
    app.server.on('connection', (socket) => socket.once('close', () => resolve()));
  });
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  t.after(() => socket.destroy());
  let answer = '';
  socket
    .on('error', () => {})
    .on('data', (data) => {
      answer += data;
    });
  socket.write('GET /nowhere HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
  await once(socket, 'end');
  assert.match(answer, /^HTTP\/1\.1 404 /);
  const patience = AbortSignal.timeout(30_000);
  await Promise.race([gone, once(patience, 'abort').then(() => assert.fail('the connection is still there'))]);
});

test('sockets have a line in the log and figures, as requests have, and so do upgrades that are refused', async (t) => {
  const { key: phone, secret } = key('phone', ['stream', 'metrics']);
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const { url, port, ready } = await service(t, [phone], {}, { level: 'info', stream });
  ready();
  assert.equal((await dial(port, '/v1/realtime')).status, 401);
  const { socket, events } = await dial(port, '/v1/realtime', { ...bearer(secret), 'x-request-id': 'mine' });
  const audio = Buffer.from(pcm16([0.5, -1], 24_000)).toString('base64');
  socket.send(JSON.stringify({ type: 'input_audio_buffer.append', audio }));
  while (!events.some(({ type }) => String(type).endsWith('.completed'))) await once(socket, 'message');
  socket.close(1000);
  await once(socket, 'close');
  const oversized = (await dial(port, '/v1/stream', bearer(secret))).socket;
  oversized.send(new Uint8Array(1024 * 1024 + 1));
  assert.equal((await once(oversized, 'close'))[0], 1009);
  const sessions = () => lines.filter(({ msg }) => msg === 'session');
  while (sessions().length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const [refused] = lines.filter(({ msg }) => msg === 'request');
  assert.deepEqual(
    [refused!['method'], refused!['route'], refused!['status'], refused!['code']],
    ['GET', '/v1/realtime', 401, 'unauthorized'],
  );
  const [line, second] = sessions();
  assert.deepEqual(
    [line!['requestId'], line!['route'], line!['key'], line!['closeCode'], line!['utterances']],
    ['mine', '/v1/realtime', phone.id, 1000, 1],
  );
  // The resampler keeps some milliseconds until the end.
  assert.match(String(line!['audioSeconds']), /^1\.49/);
  assert.equal(line!['session'], (events[0]!['session'] as Record<string, unknown>)['id']);
  assert.equal(line!['text'], undefined);
  assert.deepEqual([second!['route'], second!['closeCode']], ['/v1/stream', 1009]);
  const text = await (await fetch(`${url}/metrics`, { headers: bearer(secret) })).text();
  for (const wanted of [
    'bytefuse_sockets_open{route="/v1/realtime"} 0',
    'bytefuse_socket_refusals_total{code="unauthorized",status="401"} 1',
    'bytefuse_socket_closes_total{route="/v1/realtime",close_code="1000"} 1',
    'bytefuse_socket_closes_total{route="/v1/stream",close_code="1009"} 1',
    'bytefuse_audio_seconds_total 1.49',
    'bytefuse_live_seconds_count{stage="fused_final"} 1',
  ]) {
    assert.ok(text.includes(wanted), `${wanted} in\n${text}`);
  }
});
