import type { Tensor } from 'onnxruntime-node';
import type { KvPool } from '../session/kv-pool.ts';
import type { OnnxSession } from '../session/onnx-session.ts';

/** One call of a step graph: N new nodes against a pool of P = `pool.shownSlots` slots. */
export interface StepInput {
  /** i64 [N] */
  readonly tokens: BigInt64Array;
  /** i64 [N] */
  readonly positions: BigInt64Array;
  /** f32 [N, P + N], 0 or a large negative number; columns: pool slots, then new nodes. */
  readonly maskGlobal: Float32Array;
  /** As maskGlobal, for layers with a sliding window; may be the same array. */
  readonly maskLocal: Float32Array;
  readonly pool: KvPool;
  /** i64 [M], M at least 1: new nodes whose logits are wanted. */
  readonly rows: BigInt64Array;
}

/** The arrays of keys and values belong to the graph and are valid until its next call; the others belong to the caller. */
export interface StepOutput {
  /** f32 [M, V] */
  readonly logits: Float32Array;
  /** f32 [M] */
  readonly max: Float32Array;
  /** f32 [M, ceil(V / 64)] */
  readonly blockSum: Float32Array;
  /** f32 [M, C] */
  readonly controlLogits: Float32Array;
  /** Per layer f32 [kvHeads, N, dHead] */
  readonly newKeys: readonly Float32Array[];
  readonly newValues: readonly Float32Array[];
}

/** What evaluates nodes: the ONNX graph, or a toy in tests. */
export interface StepGraph {
  run(input: StepInput): Promise<StepOutput>;
  dispose(): Promise<void>;
}

export interface StepSizes {
  readonly layers: number;
  readonly kvHeads: number;
  readonly dHead: number;
  readonly textRows: number;
  readonly controlRows: number;
}

/** `step.onnx` behind the StepGraph contract. */
export class OnnxStepGraph implements StepGraph {
  readonly #session: OnnxSession;
  readonly #sizes: StepSizes;
  /** Output arrays for keys and values by N, used again: they are copied into the pool at once. */
  readonly #newCaches = new Map<number, NewCache>();

  constructor(session: OnnxSession, sizes: StepSizes) {
    this.#session = session;
    this.#sizes = sizes;
  }

  async run(input: StepInput): Promise<StepOutput> {
    const session = this.#session;
    const { layers, kvHeads, dHead, textRows, controlRows } = this.#sizes;
    const nodes = input.tokens.length;
    const rows = input.rows.length;
    const slots = input.pool.shownSlots;
    const feeds: Record<string, Tensor> = {
      token: session.tensor(input.tokens, [nodes]),
      position: session.tensor(input.positions, [nodes]),
      mask_global: session.tensor(input.maskGlobal, [nodes, slots + nodes]),
      mask_local: session.tensor(input.maskLocal, [nodes, slots + nodes]),
      row: session.tensor(input.rows, [rows]),
    };
    for (let layer = 0; layer < layers; layer++) {
      feeds[`k.${layer}`] = session.tensor(input.pool.shownKeys(layer), [kvHeads, slots, dHead]);
      feeds[`v.${layer}`] = session.tensor(input.pool.shownValues(layer), [kvHeads, slots, dHead]);
    }
    const blocks = Math.ceil(textRows / 64);
    const output = {
      logits: new Float32Array(rows * textRows),
      max: new Float32Array(rows),
      blockSum: new Float32Array(rows * blocks),
      controlLogits: new Float32Array(rows * controlRows),
    };
    const cache = this.#newCache(nodes);
    await session.run(feeds, {
      logits: session.tensor(output.logits, [rows, textRows]),
      max: session.tensor(output.max, [rows]),
      block_sum: session.tensor(output.blockSum, [rows, blocks]),
      control_logits: session.tensor(output.controlLogits, [rows, controlRows]),
      ...cache.fetches,
    });
    return { ...output, newKeys: cache.keys, newValues: cache.values };
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }

  #newCache(nodes: number): NewCache {
    let cache = this.#newCaches.get(nodes);
    if (cache === undefined) {
      const { layers, kvHeads, dHead } = this.#sizes;
      const make = () => Array.from({ length: layers }, () => new Float32Array(kvHeads * nodes * dHead));
      const keys = make();
      const values = make();
      const fetches: Record<string, Tensor> = {};
      for (let layer = 0; layer < layers; layer++) {
        fetches[`new_k.${layer}`] = this.#session.tensor(keys[layer]!, [kvHeads, nodes, dHead]);
        fetches[`new_v.${layer}`] = this.#session.tensor(values[layer]!, [kvHeads, nodes, dHead]);
      }
      cache = { keys, values, fetches };
      this.#newCaches.set(nodes, cache);
    }
    return cache;
  }
}

interface NewCache {
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];
  readonly fetches: Readonly<Record<string, Tensor>>;
}
