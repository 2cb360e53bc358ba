/**
 * Calls of several streams made one: what does it save? The language model does it (llm-scorer.ts); Whisper's decoder could,
 * with the caches of all streams in one pool and their frames side by side. Measured as CPU time of one thread, so that other
 * work on the machine has little part in it.
 */

import type { ScorerNode } from '../../models/core/token-scorer.ts';
import { LlmScorer } from '../../models/llm/llm-scorer.ts';
import { StepDecoder } from '../../models/whisper/step-decoder.ts';
import { readWhisperModelFile, type WhisperDims } from '../../models/whisper/whisper-model.ts';
import { median } from '../../services/eval/bootstrap.ts';
import type { BenchOptions } from './bench-options.ts';
import { table } from './bench-report.ts';
import type { BenchResult } from './main.ts';
import { modelFolders } from './model-folders.ts';

const ROUNDS = 25;
/** An utterance of 5 s: its kept frames, and its cached tokens with those of five beams. */
const FRAMES = 300;
const SLOTS = 160;
/** Streams and the tokens that each has evaluated: a partial's step, a final's, and a prompt. */
const SETTINGS = [
  [2, 1],
  [4, 1],
  [2, 5],
  [4, 5],
  [2, 80],
] as const;
const CONTEXT_TOKENS = 64;

interface Row {
  readonly model: string;
  readonly streams: number;
  readonly rows: number;
  readonly apartMs: number;
  readonly sharedMs: number;
}

export async function run(options: BenchOptions): Promise<BenchResult> {
  const folders = await modelFolders(options);
  const rows = [...(await decoderRows(folders.whisper)), ...(await llmRows(folders.llm))];
  const cells = rows.map(({ model, streams, rows: each, apartMs, sharedMs }) => [
    model,
    streams,
    each,
    apartMs.toFixed(1),
    sharedMs.toFixed(1),
    (sharedMs / apartMs).toFixed(2),
  ]);
  const head = ['model', 'streams', 'tokens each', 'apart, ms of CPU', 'shared', 'ratio'];
  return { tables: [table(head, cells)], results: { rows } };
}

async function decoderRows(modelDir: string): Promise<Row[]> {
  const { dims } = await readWhisperModelFile(modelDir);
  const decoder = await StepDecoder.open(modelDir, dims, { threads: 1 });
  const rows: Row[] = [];
  for (const [count, each] of SETTINGS) {
    const streams = Array.from({ length: count }, () => randomStream(dims));
    // Frames stay for a whole utterance, so they are put side by side once.
    const shared = joined(streams, dims);
    const { apartMs, sharedMs } = await compare(
      async () => {
        for (const stream of streams) await step(decoder, stream, [stream], each);
      },
      () => step(decoder, shared, streams, each),
    );
    rows.push({ model: 'Whisper decoder', streams: count, rows: each, apartMs, sharedMs });
  }
  await decoder.dispose();
  return rows;
}

async function llmRows(llmDir: string): Promise<Row[]> {
  const scorer = await LlmScorer.open(llmDir, { threads: 1 });
  const rows: Row[] = [];
  for (const [count, each] of SETTINGS.filter(([, tokens]) => tokens <= 5)) {
    const root = scorer.child(null, scorer.vocab.bos);
    const path: ScorerNode[] = [root];
    for (let i = 0; i < CONTEXT_TOKENS; i++) path.push(scorer.child(path[i]!, 1000 + i));
    await scorer.evaluate([path.at(-1)!]);
    const ask = async () => {
      const nodes = Array.from({ length: each }, (_, i) => scorer.child(path.at(-1)!, 2000 + i));
      await scorer.evaluate(nodes);
      scorer.release(nodes);
    };
    const { apartMs, sharedMs } = await compare(
      async () => {
        for (let i = 0; i < count; i++) await ask();
      },
      () => Promise.all(Array.from({ length: count }, ask)),
    );
    rows.push({ model: 'language model', streams: count, rows: each, apartMs, sharedMs });
    scorer.release(path);
  }
  await scorer.dispose();
  return rows;
}

async function compare(apart: () => Promise<unknown>, shared: () => Promise<unknown>) {
  const [apartMs, sharedMs]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    apartMs.push(await cpuMs(apart));
    sharedMs.push(await cpuMs(shared));
  }
  return { apartMs: median(apartMs), sharedMs: median(sharedMs) };
}

async function cpuMs(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Caches of one stream, or of several side by side: per layer `[heads, slots or frames, dHead]`. */
interface Caches {
  readonly slots: number;
  readonly frames: number;
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];
  readonly crossKeys: readonly Float32Array[];
  readonly crossValues: readonly Float32Array[];
}

function randomStream({ dModel, decoderLayers }: WhisperDims): Caches {
  const perLayer = (length: number) =>
    Array.from({ length: decoderLayers }, () =>
      Float32Array.from({ length: length * dModel }, () => Math.random() - 0.5),
    );
  return {
    slots: SLOTS,
    frames: FRAMES,
    keys: perLayer(SLOTS),
    values: perLayer(SLOTS),
    crossKeys: perLayer(FRAMES),
    crossValues: perLayer(FRAMES),
  };
}

function joined(streams: readonly Caches[], { heads }: WhisperDims): Caches {
  const join = (of: (stream: Caches) => readonly Float32Array[]) =>
    of(streams[0]!).map((_, layer) => {
      const parts = streams.map((stream) => of(stream)[layer]!);
      const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (let head = 0; head < heads; head++) {
        for (const part of parts) {
          const length = part.length / heads;
          out.set(part.subarray(head * length, (head + 1) * length), at);
          at += length;
        }
      }
      return out;
    });
  return {
    slots: streams.length * SLOTS,
    frames: streams.length * FRAMES,
    keys: join((stream) => stream.keys),
    values: join((stream) => stream.values),
    crossKeys: join((stream) => stream.crossKeys),
    crossValues: join((stream) => stream.crossValues),
  };
}

/** One call: `each` tokens of every stream, each of which sees its own stream alone. */
function step({ session, dims }: StepDecoder, caches: Caches, streams: readonly Caches[], each: number) {
  const count = each * streams.length;
  const { slots, frames } = caches;
  const width = slots + count;
  const mask = new Float32Array(count * width).fill(-1e9);
  const crossMask = new Float32Array(count * frames).fill(-1e9);
  for (let row = 0; row < count; row++) {
    const stream = Math.floor(row / each);
    mask.fill(0, row * width + stream * SLOTS, row * width + (stream + 1) * SLOTS);
    mask[row * width + slots + row] = 0;
    crossMask.fill(0, row * frames + stream * FRAMES, row * frames + (stream + 1) * FRAMES);
  }
  const integers = (of: (i: number) => number) =>
    session.tensor(
      BigInt64Array.from({ length: count }, (_, i) => BigInt(of(i))),
      [count],
    );
  const feeds: Record<string, ReturnType<typeof session.tensor>> = {
    token: integers((i) => 1000 + i),
    position: integers(() => 60),
    row: integers((i) => i),
    mask: session.tensor(mask, [count, width]),
    cross_mask: session.tensor(crossMask, [count, frames]),
  };
  const fetches: Record<string, null> = { logits: null };
  const dHead = dims.dModel / dims.heads;
  for (let layer = 0; layer < dims.decoderLayers; layer++) {
    feeds[`k.${layer}`] = session.tensor(caches.keys[layer]!, [dims.heads, slots, dHead]);
    feeds[`v.${layer}`] = session.tensor(caches.values[layer]!, [dims.heads, slots, dHead]);
    feeds[`cross_k.${layer}`] = session.tensor(caches.crossKeys[layer]!, [dims.heads, frames, dHead]);
    feeds[`cross_v.${layer}`] = session.tensor(caches.crossValues[layer]!, [dims.heads, frames, dHead]);
    fetches[`new_k.${layer}`] = null;
    fetches[`new_v.${layer}`] = null;
  }
  return session.run(feeds, fetches);
}
