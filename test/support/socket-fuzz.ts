/**
 * Seeded malformed WebSocket input: broken handshakes, broken frames, broken messages of all three protocols. Whatever
 * comes, the service answers or hangs up, and never breaks.
 */
import { connect, type Socket } from 'node:net';
import { encodeMessage } from '../../fusion/protocol/codec.ts';
import type { Message } from '../../fusion/protocol/messages.ts';
import { SeededRandom } from '../../services/eval/random.ts';
import type { FuzzPace } from './http-fuzz.ts';
import { pcm16 } from './toy-listener.ts';
import { ToyAlphabet } from './toy-recognizer.ts';

export interface SocketFuzzReport {
  readonly sent: number;
  /** How connections ended: `http 400`, `close 1008`, `open` (still served: we left), `cut` (without a word). */
  readonly ends: Readonly<Record<string, number>>;
  /** What must not be: HTTP 500 and above other than 503, close code 1011, or no answer to a ping within the time. */
  readonly faults: readonly { readonly seed: number; readonly what: string }[];
}

/** An exchange takes milliseconds; a service that hangs is found by this. */
const EXCHANGE_MS_MAX = 15_000;
/** Time for errors that come after the last frame was taken in. */
const SETTLE_MS = 10;
const AT_ONCE = 8;
const PATHS = ['/v1/stream', '/v1/realtime', '/v1/fuse'] as const;
const KEY = Buffer.alloc(16, 7).toString('base64');

/** Sends `count` inputs, numbered from `seed`; each can be sent again alone by its number. */
export async function fuzzSockets(
  port: number,
  count: number,
  seed: number,
  pace: FuzzPace = {},
): Promise<SocketFuzzReport> {
  const { exchangeMsMax = EXCHANGE_MS_MAX, atOnce = AT_ONCE } = pace;
  const ends: Record<string, number> = {};
  const faults: { seed: number; what: string }[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) {
      const end = await exchange(port, fuzzInput(seed + i), exchangeMsMax);
      ends[end] = (ends[end] ?? 0) + 1;
      if (/^http 5(?!03)|^close 1011|^hung/.test(end)) faults.push({ seed: seed + i, what: end });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { sent: count, ends, faults };
}

/** One input: the bytes of the handshake, and those after it. */
export interface FuzzInput {
  readonly handshake: Buffer;
  readonly frames: Buffer;
}

export function fuzzInput(seed: number): FuzzInput {
  const random = new SeededRandom(seed);
  const path = pick(random, PATHS);
  const kind = random.below(10);
  if (kind === 0) return { handshake: brokenHandshake(random, path), frames: Buffer.alloc(0) };
  const handshake = handshakeOf([`GET ${path} HTTP/1.1`, ...HEADERS]);
  if (kind === 1) return { handshake, frames: Buffer.concat([noise(random, 400), ping()]) };
  const frames: Buffer[] = [];
  const messages =
    path === '/v1/fuse'
      ? fuseMessages(random)
      : path === '/v1/stream'
        ? streamMessages(random)
        : realtimeMessages(random);
  for (const message of messages) frames.push(...framesOf(random, message, kind === 2));
  return { handshake, frames: Buffer.concat([...frames, ping()]) };
}

const HEADERS = [
  'Host: 127.0.0.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${KEY}`,
];

function handshakeOf(lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function brokenHandshake(random: SeededRandom, path: string): Buffer {
  const query = pick(random, [
    '',
    '?',
    '?intent=x',
    '?model=%00',
    '?nBest=1e9',
    '?keywords=a&keywords=',
    `?prompt=${'x'.repeat(random.below(9000))}`,
  ]);
  const lines = [`GET ${path}${query} HTTP/1.1`, ...HEADERS];
  const more = [
    'Sec-WebSocket-Protocol: realtime, , openai-insecure-api-key.',
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99',
    `Authorization: Bearer ${'k'.repeat(random.below(900))}`,
    'Origin: null',
    'Host: evil.example',
    'Sec-WebSocket-Version: 8',
    'Sec-WebSocket-Key: short',
    'OpenAI-Beta: realtime=v1',
    'Content-Length: 5',
    'Transfer-Encoding: chunked',
  ];
  for (let n = 1 + random.below(3); n > 0; n--) lines.splice(1 + random.below(lines.length), 0, pick(random, more));
  if (random.below(3) === 0) lines.splice(1 + random.below(lines.length - 1), 1);
  const bytes = handshakeOf(lines);
  if (random.below(3) === 0) bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}

type Data = string | Uint8Array;

function* streamMessages(random: SeededRandom): Generator<Data> {
  const start = {
    type: 'start',
    audio: { format: pick(random, ['pcm16', 'float32', 'ogg-opus', 'webm-opus']) as string },
    language: 'en',
    keywords: ['a'],
    turns: { silenceMs: 500 },
    nBest: 2,
  };
  yield random.below(3) === 0 ? mutatedJson(random, start) : JSON.stringify(start);
  const valid = [
    { type: 'commit' },
    { type: 'clear' },
    { type: 'end' },
    { type: 'start', resume: { token: 'x', seq: 1 } },
  ];
  for (let n = random.below(6); n > 0; n--) {
    const what = random.below(3);
    if (what === 0) yield noise(random, 3000);
    else if (what === 1) yield pcm16([0.1, -0.1], 16_000).subarray(0, random.below(3000));
    else yield random.below(2) === 0 ? JSON.stringify(pick(random, valid)) : mutatedJson(random, pick(random, valid));
  }
}

function* realtimeMessages(random: SeededRandom): Generator<Data> {
  const audio = Buffer.from(pcm16([0.1, -0.1], 24_000)).toString('base64');
  const valid = [
    {
      type: 'session.update',
      event_id: 'e',
      session: {
        type: 'transcription',
        audio: {
          input: {
            format: { type: 'audio/pcmu' },
            turn_detection: { type: 'server_vad', threshold: 0.4, idle_timeout_ms: 6000 },
            transcription: { model: 'toy', language: 'en', delay: 'low' },
          },
        },
        include: [],
      },
    },
    {
      type: 'transcription_session.update',
      session: { input_audio_format: 'pcm16', turn_detection: null, input_audio_transcription: { model: 'toy' } },
    },
    { type: 'input_audio_buffer.append', audio },
    { type: 'input_audio_buffer.commit', event_id: 'c' },
    { type: 'input_audio_buffer.clear' },
    { type: 'response.create' },
  ];
  for (let n = 1 + random.below(7); n > 0; n--) {
    const message = pick(random, valid);
    if (random.below(12) === 0) yield noise(random, 200);
    else yield random.below(2) === 0 ? JSON.stringify(message) : mutatedJson(random, message);
  }
}

function* fuseMessages(random: SeededRandom): Generator<Data> {
  const { hash, size } = new ToyAlphabet();
  const kind = pick(random, ['nbest', 'stepwise', 'lattice'] as const);
  const modality = random.below(4) === 0 ? 'page' : 'speech';
  const stream = 1;
  const valid: Message[] = [
    {
      type: 'nbest',
      stream,
      unit: 0,
      startMs: 0,
      endMs: 10,
      language: 'en',
      readings: [
        { text: 'a', logProb: -1 },
        { text: 'b', logProb: Number.NEGATIVE_INFINITY },
      ],
    },
    {
      type: 'unit',
      stream,
      unit: { index: random.below(3), language: 'en', startMs: 0, endMs: 1, stepsMax: 4, previousText: '' },
    },
    {
      type: 'candidates',
      stream,
      unit: 0,
      step: 0,
      beams: [{ ids: Int32Array.of(65, 66), logProbs: Float32Array.of(-1, -2), endLogProb: -1 }],
    },
    {
      type: 'summary',
      stream,
      summary: {
        task: 'transcribe',
        language: 'en',
        languageProbability: 1,
        duration: 1,
        warnings: [],
        timings: { encodeMs: 0, recognizeMs: 0 },
      },
    },
    { type: 'alphabet', hash, part: 0, parts: 1, first: 0, lengths: Uint16Array.of(1), bytes: Uint8Array.of(65) },
    { type: 'credit', stream, bytes: 1000 },
    { type: 'end', stream, pages: 0 },
    { type: 'error', stream, code: 'canceled', message: '' },
  ];
  const hello: Message = {
    type: 'hello',
    versions: [1],
    role: 'recognizer',
    name: 'fuzz',
    creditBytes: 1000,
    recognizer: { modality, kind, sampleRateHz: 16_000, alphabet: { size, hash } },
  };
  yield random.below(5) === 0 ? mutatedBytes(random, encodeMessage(hello)) : encodeMessage(hello);
  for (let n = random.below(6); n > 0; n--) {
    const frame = encodeMessage(pick(random, valid));
    const what = random.below(6);
    yield what === 0 ? noise(random, 300) : what < 3 ? mutatedBytes(random, frame) : frame;
  }
}

const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  2 ** 53,
  '',
  'x'.repeat(3000),
  [],
  {},
  [[[[]]]],
  { type: 'start' },
  '\u0000',
  '\ud800',
];

/** The message with one thing wrong: a value, a name, a letter, or its end. */
function mutatedJson(random: SeededRandom, message: unknown): string {
  const copy = structuredClone(message) as Record<string, unknown>;
  const kind = random.below(4);
  if (kind < 2) {
    let at = copy;
    for (;;) {
      const name = pick(random, Object.keys(at));
      const inner = at[name];
      if (
        name !== undefined &&
        typeof inner === 'object' &&
        inner !== null &&
        Object.keys(inner).length > 0 &&
        random.below(3) > 0
      ) {
        at = inner as Record<string, unknown>;
        continue;
      }
      if (kind === 0) at[name] = pick(random, ODD);
      else if (random.below(2) === 0) delete at[name];
      else at[pick(random, ['__proto__', 'constructor', 'toString', 'x', ''])] = pick(random, ODD);
      return JSON.stringify(copy);
    }
  }
  const text = JSON.stringify(copy);
  const cut = random.below(text.length);
  return kind === 2
    ? text.slice(0, cut)
    : text.slice(0, cut) + String.fromCharCode(random.below(128)) + text.slice(cut + 1);
}

function mutatedBytes(random: SeededRandom, frame: Uint8Array): Uint8Array {
  const copy = frame.slice();
  for (let n = 1 + random.below(4); n > 0; n--) copy[random.below(copy.length)] = random.below(256);
  return random.below(4) === 0 ? copy.subarray(0, random.below(copy.length)) : copy;
}

/** One message as frames of RFC 6455; `broken` bends a header. */
function framesOf(random: SeededRandom, data: Data, broken: boolean): Buffer[] {
  const bytes = Buffer.from(data as string);
  const opcode = typeof data === 'string' ? 1 : 2;
  const parts = random.below(5) === 0 ? 1 + random.below(70) : 1;
  const step = Math.ceil(bytes.length / parts) || 1;
  const frames: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length || i === 0; at += step, i++) {
    const isLast = at + step >= bytes.length;
    const frame = frame1(i === 0 ? opcode : 0, bytes.subarray(at, at + step), isLast);
    if (broken && random.below(2) === 0) frame[random.below(Math.min(6, frame.length))] = random.below(256);
    frames.push(frame);
  }
  return frames;
}

function frame1(opcode: number, payload: Uint8Array, isLast: boolean): Buffer {
  const length = payload.length;
  const head = [(isLast ? 0x80 : 0) | opcode];
  if (length < 126) head.push(0x80 | length);
  else if (length < 65_536) head.push(0x80 | 126, length >> 8, length & 255);
  else head.push(0x80 | 127, 0, 0, 0, 0, length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);
  // A mask of zeros leaves the payload as it is.
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload]);
}

const MARK = Buffer.from('done');
const ping = () => frame1(9, MARK, true);

function noise(random: SeededRandom, lengthMax: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: random.below(lengthMax) }, () => random.below(256)));
}

function pick<T>(random: SeededRandom, items: readonly T[]): T {
  return items[random.below(items.length)]!;
}

/** How it ended. */
function exchange(port: number, { handshake, frames }: FuzzInput, msMax: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    let end: string | undefined;
    let last: NodeJS.Timeout | undefined;
    const timer = setTimeout(() => finish(socket, 'hung'), msMax);
    const finish = (of: Socket, how: string): void => {
      end ??= how;
      of.destroy();
    };
    socket.write(Buffer.concat([handshake, frames]));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const found = endOf(received);
      if (found === 'open' && last === undefined) {
        // All frames were taken in; what comes of them may still be on its way.
        last = setTimeout(() => finish(socket, endOf(received) ?? 'cut'), SETTLE_MS);
      } else if (found !== undefined && found !== 'open') finish(socket, found);
    });
    // Nothing follows what was cut short: the other side need not wait for it.
    if (frames.length === 0) setTimeout(() => socket.end(), 20);
    else setTimeout(() => socket.end(), 200);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      clearTimeout(last);
      resolve(end ?? 'cut');
    });
  });
}

/** What the answer says so far; undefined: nothing final. */
function endOf(received: Buffer): string | undefined {
  const cut = received.indexOf('\r\n\r\n');
  if (cut < 0) return undefined;
  const head = received.subarray(0, cut).toString('latin1');
  const status = /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1];
  if (status !== '101') return `http ${status}`;
  let end: string | undefined;
  for (let at = cut + 4; at + 2 <= received.length; ) {
    const opcode = received[at]! & 15;
    let length = received[at + 1]! & 127;
    let start = at + 2;
    if (length === 126) {
      if (received.length < at + 4) return end;
      length = received.readUInt16BE(at + 2);
      start = at + 4;
    } else if (length === 127) {
      if (received.length < at + 10) return end;
      length = Number(received.readBigUInt64BE(at + 2));
      start = at + 10;
    }
    if (received.length < start + length) return end;
    if (opcode === 8) return `close ${length >= 2 ? received.readUInt16BE(start) : 'empty'}`;
    if (opcode === 10 && received.subarray(start, start + length).equals(MARK)) end = 'open';
    at = start + length;
  }
  return end;
}
