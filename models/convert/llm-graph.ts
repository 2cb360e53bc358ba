import { type Gemma3Params, isGlobalLayer } from './gemma3-params.ts';
import { GraphBuilder, type QuantizedMatrix } from './graph-builder.ts';
import { DATA_TYPE } from './onnx-proto.ts';
import { arraySource, joinedSource } from './weight-source.ts';

/** Rows of logits whose exponentials are summed together, so that the host adds few numbers. */
export const BLOCK_ROWS = 64;

/** Where the graph's weights come from; names are those of GGUF files. */
export interface LlmWeights {
  matrix(name: string, size: { rows: number; cols: number }, order?: Int32Array): QuantizedMatrix;
  values(name: string, dims: readonly number[]): Float32Array;
}

/** Which rows of the file's vocabulary the graph keeps. */
export interface GraphVocab {
  /** Source ids of the rows that have bytes, in byte order. */
  readonly textIds: Int32Array;
  /** Source ids of the control tokens kept; their ids in the graph follow the text rows. */
  readonly controlIds: Int32Array;
}

/** onnx.TensorProto.DataType.DOUBLE */
const DOUBLE = 11;
const MS = { domain: 'com.microsoft' };

/**
 * The step graph of a gemma3 model: N new nodes of a tree of tokens against a pool of P cached ones.
 *
 * In: `token` i64 [N], `position` i64 [N], `mask_global` and `mask_local` f32 [N, P + N] (0, or a large negative number
 * toward what a node may not see; columns: pool slots, then new nodes), per layer `k.i`, `v.i` f32 [kvHeads, P, dHead],
 * `row` i64 [M].
 * Out: `logits` f32 [M, V] (text rows), `max` [M], `block_sum` [M, ceil(V / 64)] (sums of exp(logit - max)),
 * `control_logits` [M, C], per layer `new_k.i`, `new_v.i` [kvHeads, N, dHead].
 */
export function gemma3StepGraph(
  params: Gemma3Params,
  vocab: GraphVocab,
  weights: LlmWeights,
  options: StepGraphOptions = {},
): GraphBuilder {
  return new Gemma3Graph(params, vocab, weights, options).build();
}

export interface StepGraphOptions {
  /**
   * Attention in f64, so that a node's numbers are the same to the last bit however calls are grouped. True by default; a
   * tenth slower on the CPU, and devices without f64 want false.
   */
  readonly exactSums?: boolean;
}

class Gemma3Graph {
  readonly #g = new GraphBuilder('gemma3-step');
  readonly #p: Gemma3Params;
  readonly #vocab: GraphVocab;
  readonly #weights: LlmWeights;
  readonly #isExact: boolean;

  constructor(params: Gemma3Params, vocab: GraphVocab, weights: LlmWeights, options: StepGraphOptions) {
    this.#isExact = options.exactSums ?? true;
    this.#p = params;
    this.#vocab = vocab;
    this.#weights = weights;
  }

  build(): GraphBuilder {
    const g = this.#g;
    const { layers, kvHeads, dHead } = this.#p;
    const token = g.input('token', 'int64', ['N']);
    const position = g.input('position', 'int64', ['N']);
    const masks = {
      global: this.#mask(g.input('mask_global', 'float32', ['N', 'P+N'])),
      local: this.#mask(g.input('mask_local', 'float32', ['N', 'P+N'])),
    };
    const pools: [string, string][] = [];
    for (let i = 0; i < layers; i++) {
      const dims = [kvHeads, 'P', dHead];
      pools.push([g.input(`k.${i}`, 'float32', dims), g.input(`v.${i}`, 'float32', dims)]);
    }
    const row = g.input('row', 'int64', ['M']);

    const embedding = this.#embedding();
    const ropes = this.#ropes(token, position);
    const sizes = this.#sizes(token, pools[0]![0]);
    let x = this.#embed(embedding, token);
    // The residual sum and the next norm are one operator, so each layer hands over its output not yet added.
    let h = this.#norm(x, 'blk.0.attn_norm.weight');
    for (let i = 0; i < layers; i++) {
      const isGlobal = isGlobalLayer(this.#p, i);
      const attended = this.#attention(h, i, pools[i]!, {
        mask: isGlobal ? masks.global : masks.local,
        rope: isGlobal ? ropes.global : ropes.local,
        ...sizes,
      });
      const attention = this.#norm(attended, `blk.${i}.post_attention_norm.weight`);
      [h, x] = this.#addNorm(attention, x, `blk.${i}.ffn_norm.weight`);
      const forward = this.#norm(this.#feedForward(h, i), `blk.${i}.post_ffw_norm.weight`);
      if (i + 1 < layers) [h, x] = this.#addNorm(forward, x, `blk.${i + 1}.attn_norm.weight`);
      else x = g.node('Add', [forward, x]);
    }
    this.#head(g.node('Gather', [x, row], { axis: 0 }), embedding);
    return g;
  }

  /** [N, P + N] -> [N, 1, P + N]: the same for all heads. */
  #mask(mask: string): string {
    return this.#toDouble(this.#g.node('Unsqueeze', [mask, this.#g.ints([1])]));
  }

  /** Sizes that are known only at run time, as tensors. */
  #sizes(token: string, pool: string): { split: string } {
    const g = this.#g;
    const nodes = g.node('Shape', [token]);
    const slots = g.node('Shape', [pool], { start: 1, end: 2 });
    return { split: g.node('Concat', [slots, nodes], { axis: 0 }) };
  }

  /** Cosines and sines [N, dHead / 2] of each new node's position; exact at any length, unlike a table. */
  #ropes(token: string, position: string): { global: Rope; local: Rope } {
    const g = this.#g;
    const places = g.node('Unsqueeze', [g.node('Cast', [position], { to: DATA_TYPE.float32 }), g.ints([1])]);
    const zero = g.ints([0], []);
    const count = g.node('Squeeze', [g.node('Shape', [token])]);
    const range = g.node('Range', [zero, count, g.ints([1], [])]);
    const index = g.node('Unsqueeze', [range, g.ints([0])]);
    const rope = (base: number, scale: number): Rope => {
      const half = this.#p.dHead / 2;
      const frequencies = Float64Array.from({ length: half }, (_, i) => base ** (-i / half) / scale);
      const angles = g.node('Mul', [places, g.floats(frequencies, [1, half])]);
      return { cos: g.node('Cos', [angles]), sin: g.node('Sin', [angles]), index };
    };
    const { ropeBaseGlobal, ropeScaleGlobal, ropeBaseLocal } = this.#p;
    return { global: rope(ropeBaseGlobal, ropeScaleGlobal), local: rope(ropeBaseLocal, 1) };
  }

  #embedding(): Embedding {
    const g = this.#g;
    const { dim, vocabSize } = this.#p;
    const size = { rows: vocabSize, cols: dim };
    const { textIds, controlIds } = this.#vocab;
    const [q8, scales] = g.quantizedWeight('embedding', this.#weights.matrix('token_embd.weight', size, textIds));
    const control = this.#weights.matrix('token_embd.weight', size, controlIds);
    const [controlQ8, controlScales] = g.quantizedWeight('control_embedding', control);
    return { q8, scales, controlQ8, controlScales };
  }

  /** Text rows and control rows are two tables, so that the logits of the text rows need no slicing. */
  #embed(embedding: Embedding, token: string): string {
    const g = this.#g;
    const texts = this.#vocab.textIds.length;
    const size = g.ints([texts], []);
    const isText = g.node('Unsqueeze', [g.node('Less', [token, size]), g.ints([1])]);
    const textRow = g.node('Min', [token, g.ints([texts - 1], [])]);
    const controlRow = g.node('Max', [g.node('Sub', [token, size]), g.ints([0], [])]);
    const text = this.#rows(embedding.q8, embedding.scales, textRow);
    const control = this.#rows(embedding.controlQ8, embedding.controlScales, controlRow);
    return g.node('Mul', [g.node('Where', [isText, text, control]), g.scalar(Math.sqrt(this.#p.dim))]);
  }

  /** Rows of a quantized matrix as f32 [N, dim]. */
  #rows(q8: string, scales: string, index: string): string {
    const g = this.#g;
    const bytes = g.node('Cast', [g.node('Gather', [q8, index], { axis: 0 })], { to: DATA_TYPE.float32 });
    const scale = g.node('Unsqueeze', [g.node('Gather', [scales, index], { axis: 0 }), g.ints([2])]);
    const values = g.node('Mul', [g.node('Sub', [bytes, g.scalar(128)]), scale]);
    return g.node('Reshape', [values, g.ints([-1, this.#p.dim])]);
  }

  #gamma(name: string, length: number): string {
    return this.#g.weight(name, 'float32', [length], arraySource(this.#weights.values(name, [length])));
  }

  /** Root mean square norm over the last axis. GGUF files of gemma3 hold weight + 1 already. */
  #norm(x: string, name: string, length = this.#p.dim): string {
    const attributes = { axis: -1, epsilon: { float: this.#p.normEps }, stash_type: 1 };
    return this.#g.node('SimplifiedLayerNormalization', [x, this.#gamma(name, length)], attributes);
  }

  /** [norm(x + skip), x + skip] */
  #addNorm(x: string, skip: string, name: string): [string, string] {
    const g = this.#g;
    const outputs = [`${name}.out`, '', '', `${name}.sum`];
    const attributes = { epsilon: { float: this.#p.normEps } };
    g.node('SkipSimplifiedLayerNormalization', [x, skip, this.#gamma(name, this.#p.dim)], attributes, {
      ...MS,
      outputs,
    });
    return [outputs[0]!, outputs[3]!];
  }

  /** One product for several matrices that read the same input: the input is quantized once. */
  #joined(x: string, name: string, parts: readonly (readonly [string, number])[]): string[] {
    const g = this.#g;
    const cols = this.#p.dim;
    const matrices = parts.map(([part, rows]) => this.#weights.matrix(part, { rows, cols }));
    const joined = g.quantizedLinear(x, name, {
      rows: parts.reduce((sum, [, rows]) => sum + rows, 0),
      cols,
      q8: joinedSource(matrices.map((matrix) => matrix.q8)),
      scales: joinedSource(matrices.map((matrix) => matrix.scales)),
    });
    const sizes = g.ints(parts.map(([, rows]) => rows));
    return g.nodeOutputs('Split', [joined, sizes], { axis: 1 }, { count: parts.length });
  }

  #attention(h: string, layer: number, [poolK, poolV]: readonly [string, string], at: AttentionInputs): string {
    const g = this.#g;
    const { heads, kvHeads, dHead, dim } = this.#p;
    const name = (part: string) => `blk.${layer}.${part}.weight`;
    const [q0, k0, v0] = this.#joined(h, `blk.${layer}.qkv`, [
      [name('attn_q'), heads * dHead],
      [name('attn_k'), kvHeads * dHead],
      [name('attn_v'), kvHeads * dHead],
    ]) as [string, string, string];
    const q = this.#queries(this.#rotated(q0, name('attn_q_norm'), heads, at.rope));
    const k = this.#keys(this.#rotated(k0, name('attn_k_norm'), kvHeads, at.rope), `new_k.${layer}`);
    const v = this.#keys(v0, `new_v.${layer}`);

    // Two products, against the pool and against the new nodes, so that no key or value is ever concatenated. In f64
    // the order of a sum does not reach the rounded result, so neither slots, nor the pool's size, nor what shares the call
    // changes a bit. (In f32 it changes the last one, 8-bit rounding of activations makes that 0.1 nats some layers later.)
    const scaled = g.node('Mul', [q, g.scalar(1 / Math.sqrt(dHead))]);
    const columns = g.node('Transpose', [this.#toDouble(scaled)], { perm: [0, 2, 1] });
    const toPool = g.node('MatMul', [this.#toDouble(poolK), columns]);
    const toNew = g.node('MatMul', [this.#toDouble(k), columns]);
    const both = g.node('Concat', [toPool, toNew], { axis: 1 });
    const scores = g.node('Transpose', [both], { perm: [0, 2, 1] });
    const group = heads / kvHeads;
    const masked = g.node('Add', [this.#perNode(scores, group), at.mask]);
    const weights = g.node('Softmax', [masked], { axis: -1 });
    const [ofPool, ofNew] = g.nodeOutputs('Split', [weights, at.split], { axis: -1 }, { count: 2 }) as [string, string];
    const sum64 = g.node('Add', [
      g.node('MatMul', [this.#perHead(ofPool, poolK), this.#toDouble(poolV)]),
      g.node('MatMul', [this.#perHead(ofNew, k), this.#toDouble(v)]),
    ]);
    const sum = this.#isExact ? g.node('Cast', [sum64], { to: DATA_TYPE.float32 }) : sum64;
    const out = g.node('Reshape', [this.#nodesFirst(sum), g.ints([-1, heads * dHead])]);
    const size = { rows: dim, cols: heads * dHead };
    return g.quantizedLinear(out, `blk.${layer}.attn_output`, this.#weights.matrix(name('attn_output'), size));
  }

  /** To f64, where sums are to be exact. */
  #toDouble(x: string): string {
    return this.#isExact ? this.#g.node('Cast', [x], { to: DOUBLE }) : x;
  }

  /** Norm per head, then rotation: [N, heads * dHead] -> [1, N, heads * dHead]. */
  #rotated(x: string, normName: string, heads: number, rope: Rope): string {
    const g = this.#g;
    const { dHead } = this.#p;
    const normed = this.#norm(g.node('Reshape', [x, g.ints([-1, heads, dHead])]), normName, dHead);
    const flat = g.node('Reshape', [normed, g.ints([1, -1, heads * dHead])]);
    return g.node('RotaryEmbedding', [flat, rope.index, rope.cos, rope.sin], { interleaved: 0 }, MS);
  }

  /** [kvHeads, N * group, dHead]: all queries of a key head in one product, node by node. */
  #queries(q: string): string {
    const g = this.#g;
    const { heads, kvHeads, dHead } = this.#p;
    if (kvHeads === 1) return g.node('Reshape', [q, g.ints([1, -1, dHead])]);
    const split = g.node('Reshape', [q, g.ints([-1, kvHeads, heads / kvHeads, dHead])]);
    const turned = g.node('Transpose', [split], { perm: [1, 0, 2, 3] });
    return g.node('Reshape', [turned, g.ints([kvHeads, -1, dHead])]);
  }

  /** [.., N, kvHeads * dHead] -> output `name` [kvHeads, N, dHead]. */
  #keys(k: string, name: string): string {
    const g = this.#g;
    const { kvHeads, dHead } = this.#p;
    if (kvHeads === 1) g.node('Reshape', [k, g.ints([1, -1, dHead])], {}, { outputs: [name] });
    else {
      const split = g.node('Reshape', [k, g.ints([-1, kvHeads, dHead])]);
      g.node('Transpose', [split], { perm: [1, 0, 2] }, { outputs: [name] });
    }
    g.output(name, 'float32', [kvHeads, 'N', dHead]);
    return name;
  }

  /** Scores [kvHeads, N * group, S] -> [kvHeads, N, group, S] ([N, group, S] for one key head). */
  #perNode(scores: string, group: number): string {
    const g = this.#g;
    const { kvHeads } = this.#p;
    // The last axis (P + N) is copied from the input: 0 keeps it, and -1 finds N.
    if (kvHeads === 1) {
      const flat = g.node('Squeeze', [scores, g.ints([0])]);
      return this.#splitAxis(flat, 0, group);
    }
    return this.#splitAxis(scores, 1, group);
  }

  /** Splits axis `axis` into [-1, group], keeping the others. */
  #splitAxis(x: string, axis: number, group: number): string {
    const g = this.#g;
    const last = g.node('Shape', [x], { start: axis + 1 });
    const first = axis === 0 ? [-1, group] : [this.#p.kvHeads, -1, group];
    return g.node('Reshape', [x, g.node('Concat', [g.ints(first), last], { axis: 0 })]);
  }

  /** Weights [kvHeads, N, group, S] -> [kvHeads, N * group, S], S from the keys' shape. */
  #perHead(weights: string, keys: string): string {
    const g = this.#g;
    const length = g.node('Shape', [keys], { start: 1, end: 2 });
    const shape = g.node('Concat', [g.ints([this.#p.kvHeads, -1]), length], { axis: 0 });
    return g.node('Reshape', [weights, shape]);
  }

  /** [kvHeads, N * group, dHead] -> node by node. */
  #nodesFirst(sum: string): string {
    const g = this.#g;
    const { heads, kvHeads, dHead } = this.#p;
    if (kvHeads === 1) return sum;
    const split = g.node('Reshape', [sum, g.ints([kvHeads, -1, heads / kvHeads, dHead])]);
    return g.node('Transpose', [split], { perm: [1, 0, 2, 3] });
  }

  #feedForward(h: string, layer: number): string {
    const g = this.#g;
    const { ffnDim, dim } = this.#p;
    const [gate, up] = this.#joined(h, `blk.${layer}.gate_up`, [
      [`blk.${layer}.ffn_gate.weight`, ffnDim],
      [`blk.${layer}.ffn_up.weight`, ffnDim],
    ]) as [string, string];
    const product = g.node('Mul', [g.node('FastGelu', [gate], {}, MS), up]);
    const down = this.#weights.matrix(`blk.${layer}.ffn_down.weight`, { rows: dim, cols: ffnDim });
    return g.quantizedLinear(product, `blk.${layer}.ffn_down`, down);
  }

  #head(x: string, embedding: Embedding): void {
    const g = this.#g;
    const { dim } = this.#p;
    const texts = this.#vocab.textIds.length;
    const controls = this.#vocab.controlIds.length;
    const h = this.#norm(x, 'output_norm.weight');
    const size = { rows: texts, cols: dim };
    g.matMulBlocks(h, embedding.q8, embedding.scales, size, undefined, { outputs: ['logits'] });
    g.output('logits', 'float32', ['M', texts]);

    const max = g.node('ReduceMax', ['logits', g.ints([1])], { keepdims: 1 });
    g.node('Squeeze', [max, g.ints([1])], {}, { outputs: ['max'] });
    g.output('max', 'float32', ['M']);
    const blocks = Math.ceil(texts / BLOCK_ROWS);
    let mass = g.node('Exp', [g.node('Sub', ['logits', max])]);
    const missing = blocks * BLOCK_ROWS - texts;
    if (missing > 0) mass = g.node('Pad', [mass, g.ints([0, 0, 0, missing])]);
    const grouped = g.node('Reshape', [mass, g.ints([-1, blocks, BLOCK_ROWS])]);
    g.node('ReduceSum', [grouped, g.ints([2])], { keepdims: 0 }, { outputs: ['block_sum'] });
    g.output('block_sum', 'float32', ['M', blocks]);

    const control = this.#rows(embedding.controlQ8, embedding.controlScales, g.ints([...Array(controls).keys()]));
    g.node('FusedMatMul', [h, control], { transB: 1 }, { ...MS, outputs: ['control_logits'] });
    g.output('control_logits', 'float32', ['M', controls]);
  }
}

interface Embedding {
  readonly q8: string;
  readonly scales: string;
  readonly controlQ8: string;
  readonly controlScales: string;
}

interface Rope {
  readonly cos: string;
  readonly sin: string;
  /** i64 [1, N]: 0 .. N - 1, since the tables hold one row per new node. */
  readonly index: string;
}

interface AttentionInputs {
  readonly mask: string;
  readonly rope: Rope;
  /** i64 [2]: P and N. */
  readonly split: string;
}
