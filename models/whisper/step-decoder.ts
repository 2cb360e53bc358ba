import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Tensor } from 'onnxruntime-node';
import { KvPool } from '../session/kv-pool.ts';
import { type Device, OnnxSession } from '../session/onnx-session.ts';
import type { EncodedWindow } from './encoder.ts';
import type { WhisperDims } from './whisper-model.ts';

/** Added to the attention scores toward what a node may not see. */
const HIDDEN = -1e9;
/** Pools that are kept for the next window when a tree is released: a few streams' worth. */
const SPARE_POOLS_MAX = 4;

/** What is needed of a session; a stand-in serves in tests. */
export type DecoderSession = Pick<OnnxSession, 'tensor' | 'run' | 'dispose'>;

/** A token of a tree whose keys and values are cached. */
export interface DecoderNode {
  readonly token: number;
  readonly parent: DecoderNode | null;
  readonly depth: number;
  readonly slot: number;
  /** Children and holders that still need this node. */
  holders: number;
}

/** A token to evaluate: after a cached node, or after an earlier token of the same call (by its place in the call). */
export interface NewToken {
  readonly token: number;
  readonly parent: DecoderNode | number | null;
}

/** Logits of the wanted rows `[rows, nVocab]`, valid until the tree's next call. */
export interface StepLogits {
  readonly nodes: readonly DecoderNode[];
  readonly logits: Float32Array;
  /** Softmaxed cross-attention of the alignment heads `[heads, tokens, frames]`, where asked for. */
  readonly align?: Float32Array;
}

/**
 * Whisper's decoder as a tree: one call evaluates new tokens anywhere below cached ones. Each window has its own tree
 * and pool, so a window's numbers do not depend on what else runs. Calls of several windows take turns.
 */
export class StepDecoder {
  readonly dims: WhisperDims;
  readonly session: DecoderSession;
  readonly #spare: KvPool[] = [];

  /** `open` makes one from a model's folder. */
  constructor(session: DecoderSession, dims: WhisperDims) {
    this.session = session;
    this.dims = dims;
  }

  static async open(
    modelDir: string,
    dims: WhisperDims,
    options: { readonly threads?: number; readonly device?: Device },
  ): Promise<StepDecoder> {
    return new StepDecoder(await OnnxSession.open(join(modelDir, 'decoder.onnx'), options), dims);
  }

  tree(window: EncodedWindow): DecoderTree {
    const { decoderLayers: layers, heads, dModel } = this.dims;
    const pool = this.#spare.pop() ?? new KvPool({ layers, heads, dHead: dModel / heads });
    return new DecoderTree(this, window, pool);
  }

  /** Takes an empty pool back, at its smallest: a window's numbers must not depend on the windows before it. */
  reuse(pool: KvPool): void {
    pool.shrink();
    if (this.#spare.length < SPARE_POOLS_MAX) this.#spare.push(pool);
  }

  async dispose(): Promise<void> {
    await this.session.dispose();
  }
}

export class DecoderTree {
  readonly #decoder: StepDecoder;
  readonly #window: EncodedWindow;
  readonly #pool: KvPool;
  readonly #nodes = new Set<DecoderNode>();
  #logits = new Float32Array(0);
  #released = false;

  constructor(decoder: StepDecoder, window: EncodedWindow, pool: KvPool) {
    this.#decoder = decoder;
    this.#window = window;
    this.#pool = pool;
  }

  /** Cached tokens. */
  get size(): number {
    return this.#nodes.size;
  }

  /**
   * Evaluates `tokens` (a parent by its place comes before its child) and caches them; each is held once for the
   * caller.
   *
   * @param rows places in `tokens` whose logits are wanted
   */
  async evaluate(tokens: readonly NewToken[], rows: readonly number[], wantAlign = false): Promise<StepLogits> {
    assert(!this.#released, 'the tree is released');
    const count = tokens.length;
    const { session, dims } = this.#decoder;
    // Slots first: taking them may grow the pool that the call reads.
    const slots = this.#pool.take(count);
    const depths = tokens.map(() => 0);
    for (let i = 0; i < count; i++) {
      const { parent } = tokens[i]!;
      depths[i] = parent === null ? 0 : 1 + (typeof parent === 'number' ? depths[parent]! : parent.depth);
    }
    const outputs = await session.run(this.#feeds(tokens, depths, rows), this.#fetches(rows.length, wantAlign));
    const nodes = this.#store(tokens, depths, slots, outputs);
    const align = wantAlign ? { align: outputs['align']!.data as Float32Array } : {};
    return { nodes, logits: this.#logits.subarray(0, rows.length * dims.nVocab), ...align };
  }

  /** Lets go of a node: its slot is free when nothing below needs it, and so upwards. */
  release(node: DecoderNode): void {
    let at: DecoderNode | null = node;
    while (at !== null && --at.holders === 0) {
      this.#pool.free(at.slot);
      this.#nodes.delete(at);
      at = at.parent;
    }
  }

  /** Gives the pool back, whatever is still held. */
  dispose(): void {
    if (this.#released) return;
    this.#released = true;
    for (const node of this.#nodes) this.#pool.free(node.slot);
    this.#nodes.clear();
    this.#decoder.reuse(this.#pool);
  }

  #feeds(tokens: readonly NewToken[], depths: readonly number[], rows: readonly number[]): Record<string, Tensor> {
    const { session, dims } = this.#decoder;
    const count = tokens.length;
    const pool = this.#pool;
    const slots = pool.capacity;
    const { frames, crossBias, crossKeys, crossValues } = this.#window;
    const poolDims = [dims.heads, slots, dims.dModel / dims.heads];
    const crossMask = new Float32Array(count * frames);
    for (let i = 0; i < count; i++) crossMask.set(crossBias, i * frames);
    const feeds: Record<string, Tensor> = {
      token: session.tensor(
        BigInt64Array.from(tokens, ({ token }) => BigInt(token)),
        [count],
      ),
      position: session.tensor(BigInt64Array.from(depths, BigInt), [count]),
      mask: session.tensor(visibility(tokens, slots), [count, slots + count]),
      cross_mask: session.tensor(crossMask, [count, frames]),
      row: session.tensor(BigInt64Array.from(rows, BigInt), [rows.length]),
    };
    for (let layer = 0; layer < dims.decoderLayers; layer++) {
      feeds[`k.${layer}`] = session.tensor(pool.keys(layer), poolDims);
      feeds[`v.${layer}`] = session.tensor(pool.values(layer), poolDims);
      feeds[`cross_k.${layer}`] = crossKeys[layer]!;
      feeds[`cross_v.${layer}`] = crossValues[layer]!;
    }
    return feeds;
  }

  #fetches(rows: number, wantAlign: boolean): Record<string, Tensor | null> {
    const { session, dims } = this.#decoder;
    const length = rows * dims.nVocab;
    if (this.#logits.length < length) this.#logits = new Float32Array(length);
    const logits = session.tensor(this.#logits.subarray(0, length), [rows, dims.nVocab]);
    const fetches: Record<string, Tensor | null> = { logits };
    for (let layer = 0; layer < dims.decoderLayers; layer++) {
      fetches[`new_k.${layer}`] = null;
      fetches[`new_v.${layer}`] = null;
    }
    if (wantAlign) fetches['align'] = null;
    return fetches;
  }

  #store(
    tokens: readonly NewToken[],
    depths: readonly number[],
    slots: Int32Array,
    outputs: Readonly<Record<string, Tensor>>,
  ): DecoderNode[] {
    const { decoderLayers } = this.#decoder.dims;
    const newKeys: Float32Array[] = [];
    const newValues: Float32Array[] = [];
    for (let layer = 0; layer < decoderLayers; layer++) {
      newKeys.push(outputs[`new_k.${layer}`]!.data as Float32Array);
      newValues.push(outputs[`new_v.${layer}`]!.data as Float32Array);
    }
    const nodes: DecoderNode[] = [];
    for (let i = 0; i < tokens.length; i++) {
      const { token, parent: wanted } = tokens[i]!;
      const parent = typeof wanted === 'number' ? nodes[wanted]! : wanted;
      if (parent !== null) parent.holders++;
      const node = { token, parent, depth: depths[i]!, slot: slots[i]!, holders: 1 };
      this.#pool.write(node.slot, i, tokens.length, newKeys, newValues);
      this.#nodes.add(node);
      nodes.push(node);
    }
    return nodes;
  }
}

/** `[tokens, slots + tokens]`: 0 toward a token's own path and itself, HIDDEN elsewhere. */
function visibility(tokens: readonly NewToken[], slots: number): Float32Array {
  const width = slots + tokens.length;
  const mask = new Float32Array(tokens.length * width).fill(HIDDEN);
  for (let i = 0; i < tokens.length; i++) {
    const row = i * width;
    let parent: DecoderNode | number | null = i;
    while (typeof parent === 'number') {
      mask[row + slots + parent] = 0;
      parent = tokens[parent]!.parent;
    }
    for (let node: DecoderNode | null = parent; node !== null; node = node.parent) mask[row + node.slot] = 0;
  }
  return mask;
}
