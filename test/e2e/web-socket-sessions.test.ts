import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as netConnect } from 'node:net';
import { test } from 'node:test';
import OpenAI from 'openai';
import { OpenAIRealtimeWS as BetaRealtimeWS } from 'openai/beta/realtime/ws';
import { OpenAIRealtimeWebSocket } from 'openai/realtime/websocket';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import { WebSocket } from 'ws';
import { decodeMessage } from '../../fusion/protocol/codec.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { Gate } from '../../services/ws/gate.ts';
import { type SocketServer, startSocketServer } from '../support/socket-server.ts';
import { toyGate } from '../support/toy-gate.ts';
import { pcm16 } from '../support/toy-listener.ts';

async function serving(
  body: (server: SocketServer) => Promise<void>,
  options: Parameters<typeof startSocketServer>[0] = {},
): Promise<void> {
  const server = await startSocketServer(options);
  try {
    await body(server);
  } finally {
    await server.close();
  }
}

/** The official client dials wss:// whatever its base URL says; here TLS would only stand between two ends of a loopback. */
const plain = (host: string) => ({
  createConnection: () => {
    const [name, port] = host.split(':');
    return netConnect({ host: name!, port: Number(port) });
  },
});

const clientFor = ({ host }: SocketServer, apiKey = 'key-a') => new OpenAI({ apiKey, baseURL: `http://${host}/v1` });
const audio = (stretches: readonly number[]) => Buffer.from(pcm16(stretches, 24_000)).toString('base64');

test('the official client, with its key as a header: session, deltas, transcript', async () => {
  await serving(
    async (server) => {
      const realtime = new OpenAIRealtimeWS({ model: 'whisper-1', options: plain(server.host) }, clientFor(server));
      const events: RealtimeServerEvent[] = [];
      const transcript = new Promise<string>((resolve, reject) => {
        realtime.on('error', reject);
        realtime.on('event', (event) => events.push(event));
        realtime.on('session.created', () => {
          realtime.send({
            type: 'session.update',
            session: {
              type: 'transcription',
              audio: {
                input: {
                  format: { type: 'audio/pcm', rate: 24_000 },
                  transcription: { model: 'whisper-1', language: 'en' },
                  turn_detection: { type: 'server_vad', silence_duration_ms: 300 },
                },
              },
            },
          });
        });
        realtime.on('session.updated', () => {
          realtime.send({ type: 'input_audio_buffer.append', audio: audio([1.1, -0.4]) });
        });
        realtime.on('conversation.item.input_audio_transcription.completed', (event) => resolve(event.transcript));
      });
      assert.equal(await transcript, 'w0 w1 w2 w3 W4');
      const deltas = events.flatMap((event) =>
        event.type === 'conversation.item.input_audio_transcription.delta' ? [event.delta] : [],
      );
      assert.equal(deltas.join(''), await transcript);
      assert.ok(deltas.length > 2);
      assert.deepEqual(
        [...new Set(events.map(({ type }) => type))],
        [
          'session.created',
          'session.updated',
          'input_audio_buffer.speech_started',
          'conversation.item.added',
          'conversation.item.input_audio_transcription.delta',
          'input_audio_buffer.speech_stopped',
          'input_audio_buffer.committed',
          'conversation.item.done',
          'conversation.item.input_audio_transcription.completed',
        ],
      );
      realtime.close();
      await once(realtime.socket, 'close');
    },
    { keys: ['key-a'] },
  );
});

test('the official client for browsers, with its key as a subprotocol, and errors as its error events', async () => {
  await serving(
    async (server) => {
      const before = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
      const Plain = class extends WebSocket {
        constructor(url: string, protocols: string[]) {
          super(url, protocols, plain(server.host));
        }
      };
      Object.defineProperty(globalThis, 'WebSocket', { value: Plain, configurable: true, writable: true });
      try {
        const realtime = new OpenAIRealtimeWebSocket({ model: 'whisper-1' }, clientFor(server));
        const failed = new Promise<{ code?: string | null; param?: string | null }>((resolve) => {
          realtime.on('error', (error) => resolve(error.error ?? {}));
        });
        await new Promise((resolve) => realtime.on('session.created', resolve));
        assert.equal(realtime.socket.protocol, 'realtime');
        realtime.send({
          type: 'session.update',
          session: { type: 'transcription', audio: { input: { noise_reduction: { type: 'near_field' } } } },
        });
        const { code, param } = await failed;
        assert.deepEqual([code, param], ['unsupported_parameter', 'session.audio.input.noise_reduction']);
        realtime.send({ type: 'input_audio_buffer.append', audio: audio([0.6]) });
        realtime.send({ type: 'input_audio_buffer.commit' });
        const { transcript } = await new Promise<{ transcript: string }>((resolve) => {
          realtime.on('conversation.item.input_audio_transcription.completed', resolve);
        });
        assert.equal(transcript, 'w0 w1 W2');
        const closed = new Promise((resolve) => realtime.socket.addEventListener('close', resolve));
        realtime.close();
        await closed;
      } finally {
        if (before === undefined) Reflect.deleteProperty(globalThis, 'WebSocket');
        else Object.defineProperty(globalThis, 'WebSocket', before);
      }
    },
    { keys: ['key-a'] },
  );
});

test('the official client of the beta dialect', async () => {
  await serving(async (server) => {
    const realtime = new BetaRealtimeWS({ model: 'whisper-1', options: plain(server.host) }, clientFor(server));
    const types: string[] = [];
    const transcript = await new Promise<string>((resolve, reject) => {
      realtime.on('error', reject);
      realtime.on('event', (event) => {
        types.push(event.type);
        // The typings know no transcription_session.created; the service that they describe sends it.
        if ((event.type as string) === 'transcription_session.created') {
          realtime.send({
            type: 'transcription_session.update',
            session: { input_audio_format: 'pcm16', input_audio_transcription: { model: 'whisper-1' } },
          });
        }
      });
      realtime.on('transcription_session.updated', () => {
        realtime.send({ type: 'input_audio_buffer.append', audio: audio([0.6, -0.6]) });
      });
      realtime.on('conversation.item.input_audio_transcription.completed', (event) => resolve(event.transcript));
    });
    assert.equal(transcript, 'w0 w1 W2');
    assert.ok(types.includes('conversation.item.created'));
    realtime.close();
    await once(realtime.socket, 'close');
  });
});

/** What the server says to an upgrade: its status and error code, or 101. */
async function upgraded(
  host: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; code?: string; message?: string; retryAfter?: string | undefined; socket?: WebSocket }> {
  const socket = new WebSocket(`ws://${host}${path}`, { headers });
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.on('open', () => resolve({ status: 101, socket }));
    socket.on('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (data) => {
        body += data;
      });
      response.on('end', () => {
        const retryAfter = response.headers['retry-after'];
        const { code, message } = JSON.parse(body).error;
        resolve({ status: response.statusCode!, code, message, retryAfter });
      });
    });
  });
}

test('upgrades that are refused, each by its status and code', async () => {
  await serving(
    async ({ host }) => {
      const key = { authorization: 'Bearer key-a' };
      const cases: [string, Record<string, string>, number, string?][] = [
        ['/v1/nothing', key, 404, 'not_found'],
        ['/v1/realtime', {}, 401, 'unauthorized'],
        ['/v1/realtime', { authorization: 'Bearer wrong' }, 401, 'unauthorized'],
        ['/v1/fuse', {}, 401, 'unauthorized'],
        ['/v1/stream', { 'x-api-key': 'wrong' }, 401, 'unauthorized'],
        ['/v1/realtime?intent=conversation', key, 400, 'unsupported_parameter'],
        ['/v1/realtime?model=none', key, 404, 'model_unknown'],
        ['/v1/realtime?api_key=key-a', {}, 400, 'unsupported_parameter'],
        ['/v1/fuse?nBest=0', key, 400, 'invalid_option'],
        ['/v1/realtime', { ...key, origin: 'https://example.org' }, 403, 'forbidden'],
        ['/v1/realtime', { ...key, host: 'example.org' }, 403, 'forbidden'],
        ['/v1/realtime', { ...key, origin: `http://${host}` }, 101],
        ['/v1/realtime?intent=transcription&model=whisper-1&language=en', { 'x-api-key': 'key-a' }, 101],
        ['/v1/stream', {}, 101],
        ['/v1/fuse?language=tr', key, 101],
      ];
      for (const [path, headers, status, code] of cases) {
        const answer = await upgraded(host, path, headers);
        assert.deepEqual([answer.status, answer.code], [status, code], `${path} ${JSON.stringify(headers)}`);
        answer.socket?.terminate();
      }
    },
    { keys: ['key-a'] },
  );
});

test('connections beyond the limits are refused, and places come free', async () => {
  await serving(
    async ({ host, sockets }) => {
      const as = (name: string) => ({ authorization: `Bearer key-${name}` });
      const open: WebSocket[] = [];
      for (const name of ['a', 'a', 'b']) open.push((await upgraded(host, '/v1/realtime', as(name))).socket!);
      const third = await upgraded(host, '/v1/realtime', as('a'));
      assert.deepEqual([third.status, third.code], [429, 'rate_limited']);
      open.push((await upgraded(host, '/v1/realtime', as('b'))).socket!);
      const fifth = await upgraded(host, '/v1/realtime', as('c'));
      assert.deepEqual([fifth.status, fifth.code], [503, 'overloaded']);
      assert.ok(Number(fifth.retryAfter) > 0);
      open[0]!.close();
      await once(open[0]!, 'close');
      while (sockets.open.connections > 3) await new Promise((resolve) => setTimeout(resolve, 5));
      open.push((await upgraded(host, '/v1/realtime', as('a'))).socket!);
      assert.ok(open.at(-1));
      for (const socket of open) socket.terminate();
    },
    { keys: ['key-a', 'key-b', 'key-c'], sockets: { socketsMax: 4, socketsPerKeyMax: 2 } },
  );
});

test('connections without a key do not keep those out that show one, wherever they show it', async () => {
  await serving(
    async ({ host }) => {
      const open = [(await upgraded(host, '/v1/stream')).socket!, (await upgraded(host, '/v1/stream')).socket!];
      const third = await upgraded(host, '/v1/stream');
      assert.deepEqual([third.status, third.code], [503, 'overloaded']);
      for (const path of ['/v1/stream', '/v1/realtime', '/v1/fuse']) {
        for (const headers of [
          { authorization: 'Bearer key-a' },
          { 'x-api-key': 'key-a' },
          { 'sec-websocket-protocol': 'openai-insecure-api-key.key-a' },
        ]) {
          const { status, socket } = await upgraded(host, path, headers);
          assert.equal(status, 101, `${path} ${Object.keys(headers)}`);
          open.push(socket!);
        }
      }
      for (const socket of open) socket.terminate();
    },
    { keys: ['key-a'], sockets: { strangersMax: 2 } },
  );
});

test('a recognizer from elsewhere whose key is revoked is told, and its connection ends', async () => {
  let revoked = false;
  const gate = toyGate(['key-a']);
  const admit: Gate['admit'] = async (presented, scope) => ({
    ...(await gate.admit(presented, scope)),
    recheck: async () => {
      if (revoked) throw new AppError('unauthorized', 'This key was revoked.');
    },
  });
  await serving(
    async ({ host, sockets }) => {
      const { socket } = await upgraded(host, '/v1/fuse', { authorization: 'Bearer key-a' });
      const told: Record<string, unknown>[] = [];
      socket!.on('message', (data) => told.push(decodeMessage(new Uint8Array(data as Buffer)) as never));
      revoked = true;
      const [code, reason] = await once(socket!, 'close');
      assert.deepEqual([code, String(reason)], [1008, 'unauthorized']);
      assert.deepEqual([told.at(-1)!['type'], told.at(-1)!['code']], ['error', 'unauthorized']);
      while (sockets.open.connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    { gate: { ...gate, admit } },
  );
});

/** Sends `data` on a new connection; resolves to the close code, or null where a ping is answered first. */
async function closeCode(host: string, path: string, send: (socket: WebSocket) => void): Promise<number | null> {
  const { socket } = await upgraded(host, path);
  const closed = new Promise<number>((resolve) => socket!.once('close', resolve));
  send(socket!);
  socket!.ping();
  const answered = new Promise<null>((resolve) => socket!.once('pong', () => setTimeout(() => resolve(null), 50)));
  const code = await Promise.race([closed, answered]);
  socket!.terminate();
  return code;
}

test('messages and fragments have bounds, at n and n + 1', async () => {
  await serving(async ({ host }) => {
    const start = JSON.stringify({ type: 'start', audio: { format: 'pcm16' } });
    const native = (bytes: number) => (socket: WebSocket) => {
      socket.send(start);
      socket.send(new Uint8Array(bytes));
    };
    assert.equal(await closeCode(host, '/v1/stream', native(1024 * 1024)), null);
    assert.equal(await closeCode(host, '/v1/stream', native(1024 * 1024 + 1)), 1009);
    const text = (chars: number) => (socket: WebSocket) => socket.send('x'.repeat(chars));
    const most = 15 * 1024 * 1024 + 65_536;
    assert.equal(await closeCode(host, '/v1/realtime', text(most)), null);
    assert.equal(await closeCode(host, '/v1/realtime', text(most + 1)), 1009);
    // Zeros are no message of the protocol: that is what it says of them where they are not too many.
    const fuse = (bytes: number) => (socket: WebSocket) => socket.send(new Uint8Array(bytes));
    const judged = await closeCode(host, '/v1/fuse', fuse(100));
    assert.notEqual(judged, 1009);
    assert.equal(await closeCode(host, '/v1/fuse', fuse(4 * 1024 * 1024)), judged);
    assert.equal(await closeCode(host, '/v1/fuse', fuse(4 * 1024 * 1024 + 1)), 1009);
    const fragments = (count: number) => (socket: WebSocket) => {
      for (let i = 0; i < count; i++) socket.send('x', { fin: i === count - 1 });
    };
    assert.equal(await closeCode(host, '/v1/realtime', fragments(64)), null);
    assert.equal(await closeCode(host, '/v1/realtime', fragments(65)), 1008);
    assert.equal(await closeCode(host, '/v1/fuse', (socket) => socket.send('text')), 1003);
    assert.equal(await closeCode(host, '/v1/realtime', (socket) => socket.send(new Uint8Array(2))), 1003);
    assert.equal(
      await closeCode(host, '/v1/realtime', (socket) => socket.send(Buffer.from([0xff]), { binary: false })),
      1007,
    );
  });
});

test('a native stream over real sockets goes on after its connection broke', async () => {
  await serving(
    async (server) => {
      const sound = pcm16([0.6, -0.6, 0.6, -0.6], 48_000, 2);
      const events: Record<string, unknown>[] = [];
      const dial = async (start: Record<string, unknown>) => {
        const { socket } = await upgraded(server.host, '/v1/stream');
        const ready = new Promise<Record<string, unknown>>((resolve) => {
          socket!.on('message', (data) => {
            const event = JSON.parse(String(data));
            if (event.type === 'ready') resolve(event);
            else events.push(event);
          });
        });
        socket!.send(JSON.stringify({ type: 'start', key: 'key-a', ...start }));
        return { socket: socket!, ready: await ready };
      };
      const first = await dial({ audio: { format: 'pcm16', rate: 48_000, channels: 2 }, language: 'en' });
      for (let at = 0; at < sound.length / 2; at += 9600) first.socket.send(sound.subarray(at, at + 9600));
      while (!events.some((event) => event['stage'] === 'fused')) await once(first.socket, 'message');
      first.socket.terminate();
      const seq = events.at(-1)!['seq'];
      const second = await dial({ resume: { token: first.ready['resumeToken'], seq } });
      assert.equal(second.ready['resumed'], true);
      assert.equal(second.ready['session'], first.ready['session']);
      second.socket.send(sound.subarray(Number(second.ready['audioReceivedBytes'])));
      second.socket.send('{"type":"end"}');
      const [code] = await once(second.socket, 'close');
      assert.equal(code, 1000);
      const finals = events.filter((event) => event['stage'] === 'fused');
      assert.deepEqual(
        finals.map((event) => event['text']),
        ['w0 w1 W2', 'w0 w1 W2'],
      );
      const seqs = events.map((event) => event['seq'] as number);
      assert.deepEqual(
        seqs,
        [...new Set(seqs)].sort((a, b) => a - b),
      );
      assert.equal(events.at(-1)!['type'], 'end');
      assert.equal(server.source.open, 0);
    },
    { keys: ['key-a'] },
  );
});

const FULL = new AppError('overloaded', 'With one more live stream the recognizer would be busy at 86%.');

test('a newcomer without room is refused before the upgrade, and let in once there is room', async () => {
  await serving(async ({ host, source }) => {
    source.full = FULL;
    for (const path of ['/v1/stream', '/v1/realtime']) {
      const { status, code, message, retryAfter } = await upgraded(host, path);
      assert.deepEqual([status, code, message], [503, 'overloaded', FULL.message], path);
      assert.ok(Number(retryAfter) > 0);
    }
    const all = await Promise.all(Array.from({ length: 5 }, () => upgraded(host, '/v1/realtime')));
    assert.deepEqual(
      all.map(({ status }) => status),
      Array(5).fill(503),
    );
    // A recognizer from elsewhere brings no load here.
    const fuse = await upgraded(host, '/v1/fuse');
    assert.equal(fuse.status, 101);
    source.full = null;
    for (const path of ['/v1/stream', '/v1/realtime']) {
      const { status, socket } = await upgraded(host, path);
      assert.equal(status, 101, path);
      socket?.terminate();
    }
    fuse.socket?.terminate();
    assert.deepEqual(source.requests, []);
  });
});

test('without room the official client hears of the status', async () => {
  await serving(async (server) => {
    server.source.full = FULL;
    const realtime = new OpenAIRealtimeWS({ model: 'whisper-1', options: plain(server.host) }, clientFor(server));
    const error = await new Promise<Error>((resolve) => realtime.on('error', resolve));
    assert.match(error.message, /503/);
  });
});

test('without an answer from the recognizer newcomers are let in, to be refused by the session if by anyone', async () => {
  await serving(async ({ host, source }) => {
    source.refusal = () => new Promise(() => undefined);
    source.failure = { afterS: 0, error: FULL };
    const { status, socket } = await upgraded(host, '/v1/stream');
    assert.equal(status, 101);
    socket!.send(JSON.stringify({ type: 'start', audio: { format: 'pcm16' } }));
    socket!.send(pcm16([0.6], 16_000));
    const [code, reason] = await once(socket!, 'close');
    assert.deepEqual([code, String(reason)], [1013, 'overloaded']);
  });
});

for (const loss of ['seen', 'unseen'] as const) {
  test(`without room a client comes back for its session after a loss that was ${loss} here; others stay out`, async () => {
    await serving(
      async ({ host, source }) => {
        const as = (name: string) => ({ authorization: `Bearer key-${name}` });
        const { socket: first } = await upgraded(host, '/v1/stream', as('a'));
        first!.send(JSON.stringify({ type: 'start', audio: { format: 'pcm16' } }));
        const [ready] = await once(first!, 'message');
        const { resumeToken: token, seq } = JSON.parse(String(ready));
        source.full = FULL;
        const chunk = pcm16([-0.1], 16_000);
        const talk = setInterval(() => first!.send(chunk), 100).unref();
        // The session talks on its connection: whoever connects now is somebody else, also with its key, or none yet.
        const others = [as('a'), as('b'), {}].map((headers) => upgraded(host, '/v1/stream', headers));
        for (const { status, code } of await Promise.all(others)) assert.deepEqual([status, code], [503, 'overloaded']);
        clearInterval(talk);
        if (loss === 'seen') first!.terminate();
        const [second, stranger, other, realtime] = await Promise.all([
          upgraded(host, '/v1/stream', as('a')),
          upgraded(host, '/v1/stream'),
          upgraded(host, '/v1/stream', as('b')),
          upgraded(host, '/v1/realtime', as('a')),
        ]);
        assert.equal(other.status, 503);
        assert.equal(realtime.status, 503);
        // Whose session it wants is told by its first message.
        assert.equal(stranger.status, 101);
        second.socket!.send(JSON.stringify({ type: 'start', resume: { token, seq } }));
        const [again] = await once(second.socket!, 'message');
        assert.equal(JSON.parse(String(again)).resumed, true);
        for (const socket of [first, second.socket, stranger.socket]) socket!.terminate();
      },
      { keys: ['key-a', 'key-b'] },
    );
  });
}

test('a file that is sent far faster than it is heard arrives whole: reading stops and goes on', async () => {
  await serving(async (server) => {
    const { socket } = await upgraded(server.host, '/v1/stream');
    const ended = new Promise<Record<string, unknown>>((resolve) => {
      socket!.on('message', (data) => {
        const event = JSON.parse(String(data));
        if (event.type === 'end') resolve(event);
      });
    });
    socket!.send(JSON.stringify({ type: 'start', audio: { format: 'pcm16' }, partials: false }));
    const minute = pcm16([1.7, -0.8, 2.5], 16_000);
    for (let i = 0; i < 60; i++) socket!.send(minute);
    socket!.send('{"type":"end"}');
    assert.equal((await ended)['audioS'], 300);
    await once(socket!, 'close');
  });
});

test('the service ends: those who are here are told, with 1001, and nobody else comes in', async () => {
  const server = await startSocketServer();
  const realtime = (await upgraded(server.host, '/v1/realtime')).socket!;
  const stream = (await upgraded(server.host, '/v1/stream')).socket!;
  stream.send(JSON.stringify({ type: 'start', audio: { format: 'pcm16' } }));
  await once(stream, 'message');
  const codes = Promise.all([realtime, stream].map(async (socket) => (await once(socket, 'close'))[0]));
  const told = once(realtime, 'message').then(([data]) => JSON.parse(String(data)).error.code);
  await server.close();
  assert.deepEqual(await codes, [1001, 1001]);
  assert.equal(await told, 'shutting_down');
  assert.equal(server.sockets.open.sessions, 0);
});

test('the service drains: what was said is heard to its end, what hangs is cut at the end of the time, and nobody comes in', async () => {
  const server = await startSocketServer();
  const { host, source, sockets } = server;
  const realtime = (await upgraded(host, '/v1/realtime')).socket!;
  const fuse = (await upgraded(host, '/v1/fuse')).socket!;
  const stream = (await upgraded(host, '/v1/stream')).socket!;
  const events: Record<string, unknown>[] = [];
  stream.on('message', (data) => events.push(JSON.parse(String(data))));
  stream.send(JSON.stringify({ type: 'start', audio: { format: 'pcm16' } }));
  stream.send(pcm16([0.6], 16_000));
  while (!events.some(({ type }) => type === 'hypothesis')) await once(stream, 'message');
  const [told, late] = [once(realtime, 'close'), once(fuse, 'close')];
  let isLate = false;
  void late.then(() => {
    isLate = true;
  });
  let release: () => void = () => undefined;
  source.gate = new Promise((resolve) => {
    release = resolve;
  });
  stream.send(pcm16([0.1], 16_000));
  const over = once(stream, 'close');
  const drained = sockets.drain(400);
  assert.equal((await upgraded(host, '/v1/stream')).code, 'shutting_down');
  // Nothing was under way there.
  assert.equal((await told)[0], 1001);
  release();
  assert.equal((await over)[0], 1001);
  assert.equal(events.findLast(({ stage }) => stage === 'fused')!['text'], 'w0 w1 W2');
  assert.equal(events.at(-1)!['code'], 'shutting_down');
  // A recognizer that has not ended its stream has the whole time.
  assert.equal(isLate, false);
  await drained;
  assert.equal((await late)[0], 1001);
  await server.close();
});
