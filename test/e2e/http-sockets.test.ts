/** What only a real connection shows: clients that leave, that are slow, that send no HTTP; and how a service ends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { WebSocket } from 'ws';
import type { ServiceLimits } from '../../services/server/config.ts';
import { REFUSED_CONNECTIONS_MAX } from '../../services/server/limits.ts';
import { socketRoutes } from '../../services/ws/socket-routes.ts';
import { BOUNDARY, FORM_TYPE, formBody } from '../support/form-body.ts';
import { temporaryFolder } from '../support/model-cache.ts';
import { toyBlock, toyDocumentPage, toyLine } from '../support/toy-document.ts';
import { pcm16 } from '../support/toy-listener.ts';
import { rawExchange, toyServer, toyServerProcess } from '../support/toy-server.ts';
import { TOY_PNG, toyWav } from '../support/toy-service.ts';

const WAV = toyWav(1);
const PATH = '/v1/audio/transcriptions';

function post(body: Buffer, headers: readonly string[] = [], path = PATH): Buffer {
  const lines = [
    `POST ${path} HTTP/1.1`,
    'host: localhost',
    `content-type: ${FORM_TYPE}`,
    `content-length: ${body.length}`,
    ...headers,
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]);
}

const upload = (fields: readonly { name: string; value: string }[] = [], wav = WAV) =>
  formBody([{ name: 'file', value: wav, filename: 'a.wav' }, ...fields]);

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    if (turns > 2000) assert.fail(`it never came to that: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

test('a client that leaves ends its work', async (t) => {
  for (const fields of [[], [{ name: 'stream', value: 'true' }]]) {
    const lines: Record<string, unknown>[] = [];
    const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };
    const logger = { level: 'info', stream };
    const { port, log } = await toyServer(t, { parts: { logger }, beforeUnit: (_, signal) => aborted(signal) });
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(post(upload(fields)));
    await until(() => log.running === 1, 'the work began');
    socket.destroy();
    await until(() => log.running === 0, 'the work ended');
    assert.equal(log.aborted, 1);
    await until(
      () => lines.some(({ msg, status, code }) => msg === 'request' && status === 499 && code === 'canceled'),
      'a line',
    );
    assert.equal(lines.filter(({ msg }) => msg === 'request').length, 1);
    // Nothing is wrong with a service whose client has left.
    assert.deepEqual(
      lines.filter(({ level }) => Number(level) >= 50),
      [],
    );
  }
});

test('a client that leaves while it waits gives its place back', async (t) => {
  const { port, log, app } = await toyServer(t, {
    limits: { runningMax: 1 },
    beforeUnit: (_, signal) => aborted(signal),
  });
  const sockets = [0, 1].map(() => connect(port, '127.0.0.1').on('error', () => {}));
  sockets[0]!.write(post(upload()));
  await until(() => log.running === 1, 'the first runs');
  sockets[1]!.write(post(upload()));
  const waiting = async () =>
    (await app.inject({ url: '/readyz', headers: { host: 'localhost' } })).json().queues.speech.waiting;
  while ((await waiting()) !== 1) await new Promise((resolve) => setTimeout(resolve, 5));
  sockets[1]!.destroy();
  while ((await waiting()) !== 0) await new Promise((resolve) => setTimeout(resolve, 5));
  sockets[0]!.destroy();
  await until(() => log.running === 0, 'the first ended');
  assert.equal(log.options.length, 1);
});

test('headers: n bytes are taken, more are not; nor is what is no HTTP', async (t) => {
  const { port } = await toyServer(t, { limits: { headerBytesMax: 2048 } });
  const get = (pad: number) =>
    `GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-pad: ${'x'.repeat(pad)}\r\n\r\n`;
  // The address, names and values count.
  const pad = 2048 - '/healthzhostlocalhostconnectionclosex-pad'.length;
  assert.match(await rawExchange(port, get(pad)), /^HTTP\/1\.1 200/);
  const over = await rawExchange(port, get(pad + 1));
  assert.match(over, /^HTTP\/1\.1 431/);
  assert.match(over, /"code":"header_too_large"/);
  assert.match(over, /x-request-id: /);
  const noise = await rawExchange(port, '\x16\x03\x01\x02 not http at all\r\n\r\n');
  assert.match(noise, /^HTTP\/1\.1 400[\s\S]*"code":"invalid_option"/);
});

/** A connection that says nothing; resolves once the service has it. */
async function resting(t: TestContext, port: number, localAddress = '127.0.0.1') {
  const socket = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

const GET = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n';
const UPGRADE = [
  'GET /v1/stream HTTP/1.1',
  'host: localhost',
  'connection: upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==',
  '\r\n',
].join('\r\n');

/** The toy service with its WebSockets. */
const socketServer = (t: TestContext, limits: Partial<ServiceLimits>) =>
  toyServer(t, { limits, parts: { routes: (app, context) => void socketRoutes(app, context) } });

test('connections in all: n are taken, n + 1 is closed; one that ends makes room', async (t) => {
  const { port } = await socketServer(t, { socketsMax: 3, addressShare: 1 });
  await resting(t, port);
  const second = await resting(t, port);
  assert.match(await rawExchange(port, GET), /^HTTP\/1\.1 200/);
  await resting(t, port);
  assert.equal(await rawExchange(port, GET), '');
  second.destroy();
  await answersAgain(port);
});

test('connections of one address: n are taken, n + 1 is told so and closed, also an upgrade', async (t) => {
  const { port } = await socketServer(t, { socketsMax: 8, addressShare: 0.25 });
  const first = await resting(t, port);
  assert.match(await rawExchange(port, GET), /^HTTP\/1\.1 200/);
  await resting(t, port);
  for (const request of [GET.replace('connection: close\r\n', ''), UPGRADE]) {
    const answer = await rawExchange(port, request);
    assert.match(answer, /^HTTP\/1\.1 429[\s\S]*"code":"rate_limited"/);
    assert.match(answer, /\r\nconnection: close\r\n/i);
    assert.match(answer, /\r\nretry-after: \d+\r\n/);
  }
  first.destroy();
  await answersAgain(port);
});

test('an address that holds its share does not keep others out', { skip: process.platform !== 'linux' }, async (t) => {
  const { port } = await socketServer(t, { socketsMax: 8, addressShare: 0.25 });
  for (let i = 0; i < 2; i++) await resting(t, port, '127.0.0.2');
  assert.match(await rawExchange(port, GET), /^HTTP\/1\.1 200/);
  assert.match(await rawExchange(port, UPGRADE, /\r\n\r\n/), /^HTTP\/1\.1 101/);
});

test('those beyond their share that say nothing take no places: the first few are cut off, the others at once', async (t) => {
  const { port, app } = await socketServer(t, { socketsMax: 100, addressShare: 0.01 });
  const held = await resting(t, port);
  const beyond = await Promise.all(Array.from({ length: REFUSED_CONNECTIONS_MAX + 5 }, () => resting(t, port)));
  const connections = () => new Promise<number>((resolve) => app.server.getConnections((_, count) => resolve(count)));
  while ((await connections()) > 1 + REFUSED_CONNECTIONS_MAX) await new Promise((resolve) => setTimeout(resolve, 5));
  while ((await connections()) > 1) await new Promise((resolve) => setTimeout(resolve, 50));
  await Promise.all(beyond.map((socket) => socket.closed || once(socket, 'close')));
  assert.equal(held.readyState, 'open');
});

/** Asks until there is room. */
async function answersAgain(port: number): Promise<void> {
  while (!/^HTTP\/1\.1 200/.test(await rawExchange(port, GET))) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('two lengths, or a length and chunks, are refused: they smuggle requests past proxies', async (t) => {
  const { port } = await toyServer(t);
  for (const headers of ['content-length: 5\r\ncontent-length: 6', 'content-length: 5\r\ntransfer-encoding: chunked']) {
    const answer = await rawExchange(port, `POST ${PATH} HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n\r\nhello`);
    assert.match(answer, /^HTTP\/1\.1 400/, headers);
  }
});

test('a body that ends early is a malformed form, and its file is gone', async (t) => {
  const { port, log } = await toyServer(t);
  const whole = upload();
  const cut = whole.subarray(0, whole.length - BOUNDARY.length - 10);
  const lines = `POST ${PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${FORM_TYPE}\r\ncontent-length: ${cut.length}\r\n\r\n`;
  const answer = await rawExchange(port, Buffer.concat([Buffer.from(lines), cut]), /"code":"\w+"/);
  assert.match(answer, /^HTTP\/1\.1 400[\s\S]*"code":"form_malformed"/);
  assert.equal(log.options.length, 0);
});

test('headers that do not arrive in time, and a request that does not, are given up', async (t) => {
  const { port } = await toyServer(t, { limits: { headersMsMax: 400, requestMsMax: 1500 } });
  const timedOut = /^HTTP\/1\.1 408[\s\S]*"code":"request_timeout"/;
  const whole = post(upload(), ['connection: close']);
  assert.match(await rawExchange(port, whole), /^HTTP\/1\.1 200/);
  // Node looks every half a minute unless told otherwise; a client of this test is less patient.
  assert.match(await rawExchange(port, whole.subarray(0, 50)), timedOut);
  assert.match(await rawExchange(port, whole.subarray(0, whole.length - 100)), timedOut);
});

test('a sender of too much reads why', async (t) => {
  const { url } = await toyServer(t, { limits: { uploadBytesMax: 100_000 } });
  const body = new FormData();
  body.set('file', new Blob([Buffer.alloc(2_000_000)]), 'big.wav');
  const answer = await fetch(`${url}${PATH}`, { method: 'POST', body });
  assert.equal(answer.status, 413);
  assert.equal(((await answer.json()) as { error: { code: string } }).error.code, 'payload_too_large');
});

test('an upload that stands still is given up', async (t) => {
  const { port } = await toyServer(t, { limits: { uploadIdleMsMax: 100 } });
  const whole = post(upload());
  const answer = await rawExchange(port, whole.subarray(0, whole.length - 100), /"code":"\w+"/);
  assert.match(answer, /^HTTP\/1\.1 408[\s\S]*"code":"request_timeout"/);
});

test('a reader that takes nothing is cut off, and its work ends', async (t) => {
  const limits = { slowReaderMsMax: 150, eventBytesMax: 100_000_000 };
  // Pages large enough that the buffers of the system fill.
  const lines = Array.from({ length: 400 }, (_, i) => toyBlock(toyLine('x'.repeat(60), 0, i)));
  const page = toyDocumentPage(1, lines);
  let pages = 0;
  const { port, log } = await toyServer(t, {
    limits,
    pages: Array.from({ length: 500 }, () => page),
    beforePage: () => {
      pages++;
    },
  });
  const slow = connect(port, '127.0.0.1').on('error', () => {});
  slow.pause();
  const form = formBody([
    { name: 'file', value: TOY_PNG, filename: 'a.png' },
    { name: 'stream', value: 'true' },
  ]);
  slow.write(post(form, [], '/v1/documents'));
  await until(() => log.aborted === 1, 'the reader was cut off');
  assert.ok(pages < 500, `${pages} pages were read for nobody`);
  slow.destroy();
});

test('a reader that stops in the middle of an answer is cut off', async (t) => {
  const routes = (scope: FastifyInstance): void => {
    scope.get('/big', () => Buffer.alloc(30_000_000, 'x'));
  };
  const limits = { slowReaderMsMax: 200, heartbeatMs: 50 };
  const { port, app } = await toyServer(t, { limits, parts: { routes } });
  const slow = connect(port, '127.0.0.1').on('error', () => {});
  slow.pause();
  slow.write('GET /big HTTP/1.1\r\nhost: localhost\r\n\r\n');
  const connections = () => new Promise<number>((resolve) => app.server.getConnections((_, count) => resolve(count)));
  while ((await connections()) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  while ((await connections()) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  slow.destroy();
});

test('closing lets a running request finish, and refuses the next on an open connection', async (t) => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { port, log, app } = await toyServer(t, { beforeUnit: () => held });
  const running = rawExchange(port, post(upload(), ['connection: close']));
  await until(() => log.running === 1, 'the work began');
  const open = connect(port, '127.0.0.1');
  await once(open, 'connect');
  const closed = app.close();
  let late = '';
  open.on('data', (chunk) => {
    late += chunk;
  });
  open.write(post(upload()));
  await until(() => late.includes('\r\n\r\n'), 'the late request was answered');
  assert.match(late, /^HTTP\/1\.1 503[\s\S]*shutting_down/);
  assert.match(late, /retry-after: \d/);
  release();
  assert.match(await running, /^HTTP\/1\.1 200[\s\S]*w0/);
  await closed;
  open.destroy();
});

test('the figures of a service hold those of its model processes', async (t) => {
  const { port } = await toyServerProcess(t);
  const text = await rawExchange(port, 'GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
  assert.match(text, /bytefuse_model_process_starts_total\{role="speech"\} 1/);
  assert.match(text, /bytefuse_model_process_resident_bytes\{role="speech"\} [1-9]/);
});

test('SIGTERM: running work is finished, then the process ends', async (t) => {
  const { child, lines, ended, port } = await toyServerProcess(t, { drainMs: 10_000, unitMs: 400 });
  const answer = rawExchange(port, post(upload(), ['connection: close']));
  await lines.next();
  child.kill('SIGTERM');
  assert.match(await answer, /^HTTP\/1\.1 200[\s\S]*w0/);
  assert.deepEqual(await ended, [143, null]);
});

test('SIGTERM: work that takes too long is told to be sent again, and the process ends in time', async (t) => {
  const { child, lines, ended, port } = await toyServerProcess(t, { drainMs: 300, unitMs: 60_000 });
  const answer = rawExchange(port, post(upload(), ['connection: close']));
  await lines.next();
  const startedMs = performance.now();
  child.kill('SIGTERM');
  assert.match(await answer, /^HTTP\/1\.1 503[\s\S]*shutting_down/);
  assert.deepEqual(await ended, [143, null]);
  // The work itself would take a minute.
  assert.ok(performance.now() - startedMs < 30_000);
});

test('SIGTERM: a drain of more than ten seconds is gone through to its end', async (t) => {
  // Fastify gives hooks ten seconds unless it is told otherwise. One request takes less than the drain, one takes more.
  const { child, lines, ended, port } = await toyServerProcess(t, { drainMs: 12_000, unitMs: 10_500 });
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/realtime`);
  const told: Record<string, unknown>[] = [];
  socket.on('message', (data) => told.push(JSON.parse(String(data))));
  await once(socket, 'message');
  // Speech that is not over, and whose client would say more.
  const audio = Buffer.from(pcm16([0.6], 24_000)).toString('base64');
  socket.send(JSON.stringify({ type: 'input_audio_buffer.append', audio }));
  while (!told.some(({ type }) => type === 'conversation.item.input_audio_transcription.delta')) {
    await once(socket, 'message');
  }
  const [short, long] = [1, 2].map((seconds) =>
    rawExchange(port, post(upload([], toyWav(seconds)), ['connection: close'])),
  );
  await lines.next();
  await lines.next();
  const closed = once(socket, 'close');
  child.kill('SIGTERM');
  assert.match(await short!, /^HTTP\/1\.1 200[\s\S]*w0/);
  assert.match(await long!, /^HTTP\/1\.1 503[\s\S]*shutting_down/);
  assert.equal((await closed)[0], 1001);
  const completed = told.find(({ type }) => type === 'conversation.item.input_audio_transcription.completed');
  assert.equal(completed?.['transcript'], 'w0 w1 W2');
  assert.equal((told.at(-1)!['error'] as Record<string, unknown>)['code'], 'shutting_down');
  // By itself: what is ended by force has another status.
  assert.deepEqual(await endOf(ended), [143, null]);
  const rest = [];
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) rest.push(line.value);
  assert.equal(rest.at(-1), 'closed');
});

test('SIGTERM: a process whose models do not end is ended by force', async (t) => {
  const { child, ended } = await toyServerProcess(t, { drainMs: 100, exitMs: 500, hangs: true });
  child.kill('SIGTERM');
  assert.deepEqual(await endOf(ended), [1, null]);
});

test('SIGTERM: peers that do not hang up do not keep the process', async (t) => {
  const { child, ended, port } = await toyServerProcess(t, { drainMs: 100 });
  const body = post(upload());
  const openings = [
    '',
    'GET /v1/mod',
    body.subarray(0, body.length - 1),
    'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n',
    'GET /nowhere HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
  ];
  for (const opening of openings) {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    t.after(() => socket.destroy());
    socket.on('error', () => {}).resume();
    await once(socket, 'connect');
    if (opening !== '') socket.write(opening);
  }
  child.kill('SIGTERM');
  assert.deepEqual(await endOf(ended), [143, null]);
});

async function endOf(ended: Promise<unknown[]>): Promise<unknown[]> {
  const patience = AbortSignal.timeout(30_000);
  const impatient = once(patience, 'abort').then(() => assert.fail('the process still runs after half a minute'));
  return Promise.race([ended, impatient]);
}

test('an upload of a service that was killed is gone once another one starts; that of a living one stays', async (t) => {
  const place = await temporaryFolder(t);
  const env = { TMPDIR: place, TEMP: place };
  const uploads = () => readdirSync(place).filter((name) => name.startsWith('bytefuse-upload-'));
  const [living, killed] = await Promise.all(
    [1, 2].map(() => toyServerProcess(t, { drainMs: 100, unitMs: 60_000, env })),
  );
  for (const { lines, port } of [living!, killed!]) {
    connect(port, '127.0.0.1')
      .on('error', () => {})
      .write(post(upload()));
    await lines.next();
  }
  assert.equal(uploads().length, 2);
  killed!.child.kill('SIGKILL');
  await killed!.ended;
  assert.equal(uploads().length, 2);
  await toyServerProcess(t, { env });
  assert.equal(uploads().length, 1);
  assert.match(uploads()[0]!, new RegExp(`-${living!.child.pid}-`));
});
