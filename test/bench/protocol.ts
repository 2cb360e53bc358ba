/**
 * What the hypothesis protocol costs per step: bytes and time to encode and decode the two messages that every step of a
 * search exchanges, and a round trip of both to another thread, over a MessagePort and over a WebSocket on the loopback.
 * Beside a step of Whisper's decoder (some ten milliseconds) this should vanish.
 */
import { once } from 'node:events';
import { isMainThread, MessageChannel, type MessagePort, Worker, workerData } from 'node:worker_threads';
import { decodeMessage, encodeMessage } from '../../fusion/protocol/codec.ts';
import type { Advance, Candidates, Message } from '../../fusion/protocol/messages.ts';
import { median, quantile } from '../../services/eval/bootstrap.ts';
import { SeededRandom } from '../../services/eval/random.ts';
import type { Channel } from '../../services/transport/channel.ts';
import { MessagePortChannel } from '../../services/transport/message-port-channel.ts';
import { dialWebSocket } from '../../services/transport/web-socket-channel.ts';
import { listenWebSocket } from '../../services/transport/web-socket-listener.ts';
import type { BenchOptions } from './bench-options.ts';
import { table } from './bench-report.ts';
import type { BenchResult } from './main.ts';

const BEAMS = 5;
const WIDTH = 10;
const STEPS = 2000;
/** The first steps compile the code; they are not counted. */
const WARM_UP = 500;

export async function run(options: BenchOptions): Promise<BenchResult> {
  const random = new SeededRandom(options.seed);
  const advance = advanceOf(random);
  const candidates = candidatesOf(random);
  const rows = [
    ['candidates', ...codecRow(candidates)],
    ['advance', ...codecRow(advance)],
  ];
  const port = (await overMessagePort(advance)).sort((a, b) => a - b);
  const socket = (await overWebSocket(advance)).sort((a, b) => a - b);
  const tables = [
    table(['message', 'bytes', 'encode us', 'decode us', '99% of decodes us'], rows),
    table(
      ['round trip between threads, us', 'median', '99%'],
      [
        ['MessagePort', micros(median(port)), micros(quantile(port, 0.99))],
        ['WebSocket on the loopback', micros(median(socket)), micros(quantile(socket, 0.99))],
      ],
    ),
  ];
  const results = { beams: BEAMS, width: WIDTH, rows, tripMedianMs: median(port), socketTripMedianMs: median(socket) };
  return { tables, results };
}

const micros = (ms: number) => (ms * 1000).toFixed(1);

function codecRow(message: Message): string[] {
  const encodes: number[] = [];
  const decodes: number[] = [];
  let bytes = 0;
  for (let i = 0; i < WARM_UP + STEPS; i++) {
    const started = performance.now();
    const frame = encodeMessage(message);
    const encoded = performance.now();
    decodeMessage(frame);
    const decoded = performance.now();
    bytes = frame.length;
    if (i < WARM_UP) continue;
    encodes.push(encoded - started);
    decodes.push(decoded - encoded);
  }
  const worst = quantile(
    [...decodes].sort((a, b) => a - b),
    0.99,
  );
  return [String(bytes), micros(median(encodes)), micros(median(decodes)), micros(worst)];
}

async function overMessagePort(advance: Advance): Promise<number[]> {
  const { port1, port2 } = new MessageChannel();
  const data: Answerer = { port: port2 };
  const worker = new Worker(new URL(import.meta.url), { workerData: data, transferList: [port2] });
  await once(worker, 'online');
  const trips = await roundTrips(new MessagePortChannel(port1), advance);
  await worker.terminate();
  return trips;
}

async function overWebSocket(advance: Advance): Promise<number[]> {
  let connected: (channel: Channel) => void = () => undefined;
  const dialed = new Promise<Channel>((resolve) => {
    connected = resolve;
  });
  const listener = await listenWebSocket({ host: '127.0.0.1', port: 0 }, { onChannel: connected });
  const data: Answerer = { url: listener.url };
  const worker = new Worker(new URL(import.meta.url), { workerData: data });
  const trips = await roundTrips(await dialed, advance);
  await listener.close();
  await worker.terminate();
  return trips;
}

/** One step as the combiner sees it: send `advance`, wait for `candidates`, both encoded and decoded. */
async function roundTrips(channel: Channel, advance: Advance): Promise<number[]> {
  let answered: () => void = () => undefined;
  channel.onFrame((frame) => {
    decodeMessage(frame);
    answered();
  });
  const trips: number[] = [];
  for (let i = 0; i < WARM_UP + STEPS; i++) {
    const started = performance.now();
    const answer = new Promise<void>((resolve) => {
      answered = resolve;
    });
    channel.send(encodeMessage(advance));
    await answer;
    if (i >= WARM_UP) trips.push(performance.now() - started);
  }
  channel.close();
  return trips;
}

/** What the other thread is told: its end of a channel. */
type Answerer = { readonly port: MessagePort } | { readonly url: string };

function candidatesOf(random: SeededRandom): Candidates {
  const beams = Array.from({ length: BEAMS }, () => ({
    ids: Int32Array.from({ length: WIDTH }, () => random.below(51_865)),
    logProbs: Float32Array.from({ length: WIDTH }, () => -random.unit())
      .sort()
      .reverse(),
    endLogProb: -5,
  }));
  return { type: 'candidates', stream: 1, unit: 0, step: 1, beams };
}

function advanceOf(random: SeededRandom): Advance {
  const picks = Array.from({ length: BEAMS }, (_, beam) => ({ beam, token: random.below(51_865) }));
  return { type: 'advance', stream: 1, unit: 0, step: 0, picks };
}

if (!isMainThread) {
  const data = workerData as Answerer;
  const channel = 'port' in data ? new MessagePortChannel(data.port) : await dialWebSocket(data.url);
  const candidates = candidatesOf(new SeededRandom(1));
  channel.onFrame((frame) => {
    decodeMessage(frame);
    channel.send(encodeMessage(candidates));
  });
}
