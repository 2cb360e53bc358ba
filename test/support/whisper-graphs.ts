/** Drives the two Whisper graphs by hand: no cache policy, no search, only feeds and outputs. */
import { join } from 'node:path';
import type { Tensor } from 'onnxruntime-node';
import { OnnxSession } from '../../models/session/onnx-session.ts';
import type { WhisperDims } from '../../models/whisper/whisper-model.ts';

export interface EncoderFeeds {
  /** [nMels, length] */
  readonly mel: Float32Array;
  readonly length: number;
  readonly keep: readonly number[];
  readonly position: readonly number[];
  readonly bias: readonly number[];
}

/** A new node: its token, its position, and which nodes it sees (numbers of the order in which they were made). */
export interface TreeNode {
  readonly token: number;
  readonly position: number;
  readonly sees: readonly number[];
}

const HIDDEN = -1e9;

export class WhisperGraphs {
  readonly #dims: WhisperDims;
  readonly #encoder: OnnxSession;
  readonly #decoder: OnnxSession;

  constructor(dims: WhisperDims, encoder: OnnxSession, decoder: OnnxSession) {
    this.#dims = dims;
    this.#encoder = encoder;
    this.#decoder = decoder;
  }

  static async open(dir: string, dims: WhisperDims): Promise<WhisperGraphs> {
    const encoder = await OnnxSession.open(join(dir, 'encoder.onnx'), { spinning: false });
    return new WhisperGraphs(dims, encoder, await OnnxSession.open(join(dir, 'decoder.onnx'), { spinning: false }));
  }

  async encode({ mel, length, keep, position, bias }: EncoderFeeds): Promise<Readonly<Record<string, Tensor>>> {
    const session = this.#encoder;
    const fetches = Object.fromEntries(session.outputNames.map((name) => [name, null]));
    const feeds = {
      mel: session.tensor(mel, [1, this.#dims.nMels, length]),
      keep: session.tensor(BigInt64Array.from(keep, BigInt), [keep.length]),
      position: session.tensor(BigInt64Array.from(position, BigInt), [keep.length]),
      bias: session.tensor(Float32Array.from(bias), [keep.length]),
    };
    return session.run(feeds, fetches);
  }

  tree(encoded: Readonly<Record<string, Tensor>>, bias: readonly number[], slots: number): StepTree {
    return new StepTree(this.#decoder, this.#dims, encoded, bias, slots);
  }

  async dispose(): Promise<void> {
    await this.#encoder.dispose();
    await this.#decoder.dispose();
  }
}

/** Nodes take the pool's slots in order, from the last one downwards, so that order of slots is no order of time. */
export class StepTree {
  readonly #session: OnnxSession;
  readonly #dims: WhisperDims;
  readonly #encoded: Readonly<Record<string, Tensor>>;
  readonly #bias: Float32Array;
  readonly #slots: number;
  readonly #pools: Record<string, Float32Array> = {};
  #made = 0;

  constructor(
    session: OnnxSession,
    dims: WhisperDims,
    encoded: Readonly<Record<string, Tensor>>,
    bias: readonly number[],
    slots: number,
  ) {
    this.#session = session;
    this.#dims = dims;
    this.#encoded = encoded;
    this.#bias = Float32Array.from(bias);
    this.#slots = slots;
    for (let layer = 0; layer < dims.decoderLayers; layer++) {
      // What lies in free slots must not matter.
      for (const part of ['k', 'v']) this.#pools[`${part}.${layer}`] = new Float32Array(dims.dModel * slots).fill(3);
    }
  }

  /** Evaluates nodes; `rows` of them give logits [rows.length, nVocab]. */
  async step(nodes: readonly TreeNode[], rows: readonly number[]): Promise<Readonly<Record<string, Tensor>>> {
    const session = this.#session;
    const { heads, dModel, decoderLayers } = this.#dims;
    const count = nodes.length;
    const frames = this.#bias.length;
    const width = this.#slots + count;
    const mask = new Float32Array(count * width).fill(HIDDEN);
    const crossMask = new Float32Array(count * frames);
    for (const [i, node] of nodes.entries()) {
      for (const seen of [...node.sees, this.#made + i]) {
        mask[i * width + (seen < this.#made ? this.#slotOf(seen) : this.#slots + seen - this.#made)] = 0;
      }
      crossMask.set(this.#bias, i * frames);
    }
    const int64 = (values: readonly number[]): Tensor =>
      session.tensor(BigInt64Array.from(values, BigInt), [values.length]);
    const feeds: Record<string, Tensor> = {
      token: int64(nodes.map((node) => node.token)),
      position: int64(nodes.map((node) => node.position)),
      row: int64(rows),
      mask: session.tensor(mask, [count, width]),
      cross_mask: session.tensor(crossMask, [count, frames]),
    };
    for (const [name, pool] of Object.entries(this.#pools)) {
      feeds[name] = session.tensor(pool, [heads, this.#slots, dModel / heads]);
      feeds[`cross_${name}`] = this.#encoded[`cross_${name}`]!;
    }
    const outputs = await session.run(feeds, Object.fromEntries(session.outputNames.map((name) => [name, null])));
    for (let layer = 0; layer < decoderLayers; layer++) {
      for (const part of ['k', 'v']) this.#store(`${part}.${layer}`, outputs, count);
    }
    this.#made += count;
    return outputs;
  }

  #slotOf(node: number): number {
    return this.#slots - 1 - node;
  }

  #store(name: string, outputs: Readonly<Record<string, Tensor>>, count: number): void {
    const { heads, dModel } = this.#dims;
    const size = dModel / heads;
    const fresh = outputs[`new_${name}`]!.data as Float32Array;
    for (let head = 0; head < heads; head++) {
      for (let i = 0; i < count; i++) {
        const start = (head * count + i) * size;
        const slot = head * this.#slots + this.#slotOf(this.#made + i);
        this.#pools[name]!.set(fresh.subarray(start, start + size), slot * size);
      }
    }
  }
}
