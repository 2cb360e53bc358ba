/** Clients that a service should not trust: garbage, messages that are too large, readers that do not read, crowds. */
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { FRAME_BYTES_MAX } from '../../../fusion/protocol/limits.ts';
import { SeededRandom } from '../../../services/eval/random.ts';
import { UPLOAD_BYTES_MAX } from '../../../services/server/limits.ts';
import { SOCKETS_MAX, STREAM_MESSAGE_BYTES_MAX } from '../../../services/ws/limits.ts';
import { fuzzHttp } from '../../support/http-fuzz.ts';
import { fuzzSockets } from '../../support/socket-fuzz.ts';
import { exchange } from './http-client.ts';
import type { Action } from './schedule.ts';
import { closedEarly, dial, isRefusal, refuse } from './sockets.ts';
import { ENTRY_MS_MAX, type Target } from './target.ts';
import { judge } from './uploads.ts';

const HTTP_GARBAGE = 24;
/** Few: each broken session holds its seat at the recognizer for a minute, and real streams want one as well. */
const SOCKET_GARBAGE = 6;
const PACE = { exchangeMsMax: ENTRY_MS_MAX, atOnce: 3 };
/** Documents asked for on one connection: some megabytes together, more than the system's own buffers take. */
const PIPELINED = 400;
const PIPELINED_PATH = '/openapi.json';
/** Below the 30 s after which the service cuts a reader off. */
const UNREAD_MS_MAX = 6000;
const HEADER_CHARS = 20_000;
/** A few more than the service takes at once. */
const CROWD = SOCKETS_MAX + 4;
const CROWD_MS = 300;

export async function oddClient(target: Target, action: Action): Promise<void> {
  const { port, ledger } = target;
  switch (action.kind) {
    case 'http-garbage': {
      const { statuses, faults } = await fuzzHttp(port, HTTP_GARBAGE, action.seed, PACE);
      for (const [status, count] of Object.entries(statuses)) {
        const code = Number(status);
        const taken = code >= 200 && code < 300;
        ledger.count(action.kind, taken ? 'answered' : 'refused', code === 0 ? 'hung up' : `http ${code}`, count);
      }
      for (const { seed, what } of faults) ledger.finding(`http-garbage ${seed}: ${what.slice(0, 300)}`);
      return;
    }
    case 'socket-garbage': {
      const { ends, faults } = await fuzzSockets(port, SOCKET_GARBAGE, action.seed, PACE);
      for (const [end, count] of Object.entries(ends)) {
        ledger.count(action.kind, end === 'open' ? 'canceled' : 'refused', end, count);
      }
      for (const { seed, what } of faults) ledger.finding(`socket-garbage ${seed}: ${what}`);
      return;
    }
    case 'oversized':
      return oversized(target, action);
    case 'http-slow':
      return slowReader(target, action);
    case 'socket-burst':
      await Promise.all(Array.from({ length: CROWD }, () => visitor(target, action)));
  }
}

async function oversized(target: Target, { kind, seed }: Action): Promise<void> {
  const { port, ledger } = target;
  const entry = ledger.enter(kind, ENTRY_MS_MAX);
  const which = new SeededRandom(seed).below(4);
  if (which < 2) {
    const headers: Record<string, string> =
      which === 0
        ? { 'content-length': String(UPLOAD_BYTES_MAX * 2), 'content-type': 'application/pdf' }
        : { 'x-long': 'x'.repeat(HEADER_CHARS) };
    const answer = await exchange(port, { path: '/v1/documents', headers });
    judge(entry, answer, false, (text) => ledger.finding(text));
    if (entry.outcome === 'answered') ledger.finding('oversized: a request above the limits was answered');
    return;
  }
  const path = which === 2 ? '/v1/stream' : '/v1/fuse?language=en';
  const socket = await dial(port, path, {
    message: () => {},
    closed: (status, reason) => closedEarly(target, entry, status, reason),
  });
  if (isRefusal(socket)) return refuse(target, entry, socket);
  socket.send(Buffer.alloc((which === 2 ? STREAM_MESSAGE_BYTES_MAX : FRAME_BYTES_MAX) + 1));
  await entry.done();
  if (entry.outcome === 'answered') ledger.finding(`oversized: a message above the limit was taken at ${path}`);
}

/** Asks for megabytes on one connection and reads nothing for a while; every third never reads, and leaves. */
async function slowReader({ port, ledger }: Target, { kind, seed, share }: Action): Promise<void> {
  const entry = ledger.enter(kind, ENTRY_MS_MAX);
  const leaves = seed % 3 === 0;
  const socket = connect(port, '127.0.0.1');
  let answers = 0;
  let tail = '';
  socket.setEncoding('latin1');
  socket.pause();
  socket.on('data', (chunk: unknown) => {
    const text = tail + String(chunk);
    const found = text.match(/HTTP\/1\.1 200 /g)?.length ?? 0;
    answers += found;
    // A status line may be cut in two.
    tail = text.slice(-('HTTP/1.1 200 '.length - 1));
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    if (leaves) entry.canceled();
    else if (answers === PIPELINED) entry.answered();
    else entry.lost(`${answers} of ${PIPELINED} answers were there to read`);
  });
  const line = `GET ${PIPELINED_PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\n`;
  // Not ended: a client that closes its side wants no more answers.
  socket.write(`${line}\r\n`.repeat(PIPELINED - 1));
  socket.write(`${line}connection: close\r\n\r\n`);
  await setTimeout(Math.floor(share * UNREAD_MS_MAX));
  if (leaves) socket.destroy();
  else socket.resume();
  await entry.done();
  socket.destroy();
}

/** One of a crowd: connects, says nothing and leaves with a goodbye. */
async function visitor(target: Target, { kind }: Action): Promise<void> {
  const entry = target.ledger.enter(kind, ENTRY_MS_MAX);
  const socket = await dial(target.port, '/v1/stream', { message: () => {}, closed: () => entry.canceled() });
  if (isRefusal(socket)) return refuse(target, entry, socket);
  entry.accept();
  await setTimeout(CROWD_MS);
  socket.close();
  await entry.done();
}
