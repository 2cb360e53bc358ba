/**
 * What the hypothesis protocol costs per step: bytes and time to encode and decode the two messages that every step of a
 * search exchanges, and a round trip of both over a MessagePort to another thread. Beside a step of Whisper's decoder
 * (some ten milliseconds) this should vanish.
 */
import { once } from 'node:events';
import { isMainThread, MessageChannel, type MessagePort, Worker, workerData } from 'node:worker_threads';
import { decodeMessage, encodeMessage } from '../../fusion/protocol/codec.ts';
import type { Advance, Candidates, Message } from '../../fusion/protocol/messages.ts';
import { median, quantile } from '../../services/eval/bootstrap.ts';
import { SeededRandom } from '../../services/eval/random.ts';
import { MessagePortChannel } from '../../services/transport/message-port-channel.ts';
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
  const trips = (await roundTrips(advance)).sort((a, b) => a - b);
  const tables = [
    table(['message', 'bytes', 'encode us', 'decode us', '99% of decodes us'], rows),
    table(
      ['round trip between threads', 'us'],
      [
        ['median', micros(median(trips))],
        ['99%', micros(quantile(trips, 0.99))],
      ],
    ),
  ];
  return { tables, results: { beams: BEAMS, width: WIDTH, rows, tripMedianMs: median(trips) } };
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

/** One step as the combiner sees it: send `advance`, wait for `candidates`, both encoded and decoded. */
async function roundTrips(advance: Advance): Promise<number[]> {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL(import.meta.url), { workerData: { port: port2 }, transferList: [port2] });
  await once(worker, 'online');
  const channel = new MessagePortChannel(port1);
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
  await worker.terminate();
  return trips;
}

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
  const channel = new MessagePortChannel((workerData as { port: MessagePort }).port);
  const candidates = candidatesOf(new SeededRandom(1));
  channel.onFrame((frame) => {
    decodeMessage(frame);
    channel.send(encodeMessage(candidates));
  });
}
