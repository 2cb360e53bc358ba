import type { WhisperDims } from '../whisper/whisper-model.ts';
import type { CTranslate2File } from './ctranslate2.ts';
import { GraphBuilder } from './graph-builder.ts';
import { type DecoderPrecision, type WhisperPrecision, WhisperWeights } from './whisper-weights.ts';

const MICROSOFT = { domain: 'com.microsoft' };

/** A head of the decoder's cross-attention whose weights follow the audio: word times are read from them. */
export interface AlignmentHead {
  readonly layer: number;
  readonly head: number;
}

/**
 * The encoder: mel [1, nMels, L] (L even), keep int64 [K] (conv output frames 0 .. L/2 - 1 that go on), position int64 [K]
 * (row of the position table for each), bias [K] (added to the attention scores toward each kept frame, in every layer)
 * -> states [K, dModel] and, per decoder layer, cross_k.i and cross_v.i [heads, K, dHead]. Without the cross-attention's
 * keys and values, which do not depend on the text, every step would compute them again.
 * keep = position = 0 .. 1499 and bias = 0 is the plain encoder of Radford et al. 2022 (section 2.2).
 */
export async function encoderGraph(
  file: CTranslate2File,
  dims: WhisperDims,
  precision: WhisperPrecision,
): Promise<GraphBuilder> {
  const { dModel, heads, nMels, audioCtx } = dims;
  const graph = new GraphBuilder('whisper-encoder');
  const weights = new WhisperWeights(graph, file, dims, precision);
  const mel = graph.input('mel', 'float32', [1, nMels, 'L']);
  const keep = graph.input('keep', 'int64', ['K']);
  const position = graph.input('position', 'int64', ['K']);
  const bias = graph.input('bias', 'float32', ['K']);

  const conv1 = await convolution(graph, weights, mel, 'encoder/conv1', nMels, 1);
  const conv2 = await convolution(graph, weights, conv1, 'encoder/conv2', dModel, 2);
  const frames = graph.node('Squeeze', [graph.node('Transpose', [conv2], { perm: [0, 2, 1] }), graph.ints([0])]);
  let x = graph.node('Add', [
    graph.node('Gather', [frames, keep], { axis: 0 }),
    positions(graph, weights, 'encoder/position_encodings/encodings', audioCtx, position),
  ]);
  for (let layer = 0; layer < dims.encoderLayers; layer++) {
    const name = `encoder/layer_${layer}`;
    const normed = await weights.layerNorm(x, `${name}/self_attention/layer_norm`);
    const { q, k, v } = await queryKeyValue(graph, weights, normed, `${name}/self_attention/linear_0`);
    const scores = graph.node('Add', [scaledProduct(graph, q, k), bias]);
    const mixed = graph.node('MatMul', [graph.node('Softmax', [scores], { axis: -1 }), v]);
    const joined = joinHeads(graph, mixed, dModel);
    x = graph.node('Add', [x, await weights.linear(joined, `${name}/self_attention/linear_1`, dModel, dModel)]);
    x = await feedForward(graph, weights, x, `${name}/ffn`);
  }
  const states = await weights.layerNorm(x, 'encoder/layer_norm');
  graph.node('Identity', [states], {}, { outputs: ['states'] });
  graph.output('states', 'float32', ['K', dModel]);
  const dHead = dModel / heads;
  for (let layer = 0; layer < dims.decoderLayers; layer++) {
    const name = `decoder/layer_${layer}/attention/linear_1`;
    const keysValues = splitHeads(graph, await weights.linear(states, name, 2 * dModel, dModel), 2 * heads, dHead);
    const outputs = [`cross_k.${layer}`, `cross_v.${layer}`];
    graph.nodeOutputs('Split', [keysValues], { axis: 0, num_outputs: 2 }, { outputs });
    for (const output of outputs) graph.output(output, 'float32', [heads, 'K', dHead]);
  }
  return graph;
}

/**
 * One step of the decoder over N new nodes of a tree: token int64 [N], position int64 [N], mask [N, P + N] (added to the
 * scores toward P pool slots, then the new nodes), per layer the pools k.i, v.i [heads, P, dHead] and the encoder's
 * cross_k.i, cross_v.i [heads, F, dHead], cross_mask [N, F], row int64 [M] (the nodes whose logits are wanted)
 * -> logits [M, nVocab], per layer new_k.i, new_v.i [heads, N, dHead], and align [A, N, F]: cross-attention weights of
 * `alignmentHeads`, in their order, which must be by layer.
 */
export async function decoderGraph(
  file: CTranslate2File,
  dims: WhisperDims,
  precision: DecoderPrecision,
  alignmentHeads: readonly AlignmentHead[],
): Promise<GraphBuilder> {
  const { dModel, heads, textCtx, nVocab } = dims;
  const dHead = dModel / heads;
  const graph = new GraphBuilder('whisper-decoder');
  const weights = new WhisperWeights(graph, file, dims, precision === 'mixed' ? 'f32' : precision);
  const token = graph.input('token', 'int64', ['N']);
  const position = graph.input('position', 'int64', ['N']);
  const mask = graph.input('mask', 'float32', ['N', 'P + N']);
  const crossMask = graph.input('cross_mask', 'float32', ['N', 'F']);
  const row = graph.input('row', 'int64', ['M']);
  for (let layer = 0; layer < dims.decoderLayers; layer++) {
    for (const pool of ['k', 'v']) graph.input(`${pool}.${layer}`, 'float32', [heads, 'P', dHead]);
    for (const cross of ['cross_k', 'cross_v']) graph.input(`${cross}.${layer}`, 'float32', [heads, 'F', dHead]);
  }

  const embedding = weights.embedding('decoder/embeddings/weight', precision === 'mixed' ? 'q8' : precision);
  let x = graph.node('Add', [
    embedding.lookup(token),
    positions(graph, weights, 'decoder/position_encodings/encodings', textCtx, position),
  ]);
  const poolSize = graph.node('Shape', ['k.0'], { start: 1, end: 2 });
  const parts = graph.node('Concat', [poolSize, graph.node('Shape', [token])], { axis: 0 });
  const aligned: string[] = [];
  for (let layer = 0; layer < dims.decoderLayers; layer++) {
    const name = `decoder/layer_${layer}`;
    const normed = await weights.layerNorm(x, `${name}/self_attention/layer_norm`);
    const outputs = [`new_k.${layer}`, `new_v.${layer}`] as const;
    const { q, k, v } = await queryKeyValue(graph, weights, normed, `${name}/self_attention/linear_0`, outputs);
    for (const output of outputs) graph.output(output, 'float32', [heads, 'N', dHead]);
    // Scores toward the pool and toward the new nodes are two products, so that the pool is never copied.
    const scores = [scaledProduct(graph, q, `k.${layer}`), scaledProduct(graph, q, k)];
    const masked = graph.node('Add', [graph.node('Concat', scores, { axis: -1 }), mask]);
    const shares = graph.node('Softmax', [masked], { axis: -1 });
    const [old, fresh] = graph.nodeOutputs('Split', [shares, parts], { axis: -1 }, { count: 2 });
    const mixed = graph.node('Add', [graph.node('MatMul', [old!, `v.${layer}`]), graph.node('MatMul', [fresh!, v])]);
    const joined = joinHeads(graph, mixed, dModel);
    x = graph.node('Add', [x, await weights.linear(joined, `${name}/self_attention/linear_1`, dModel, dModel)]);

    const crossNormed = await weights.layerNorm(x, `${name}/attention/layer_norm`);
    const whole = [{ start: 0, rows: dModel, factor: attentionScale(dims) }];
    const query = await weights.linear(crossNormed, `${name}/attention/linear_0`, dModel, dModel, whole);
    const crossQ = splitHeads(graph, query, heads, dHead);
    const crossScores = graph.node('Add', [scaledProduct(graph, crossQ, `cross_k.${layer}`), crossMask]);
    const crossShares = graph.node('Softmax', [crossScores], { axis: -1 });
    const chosen = alignmentHeads.filter((head) => head.layer === layer).map((head) => head.head);
    if (chosen.length > 0) aligned.push(graph.node('Gather', [crossShares, graph.ints(chosen)], { axis: 0 }));
    const heard = joinHeads(graph, graph.node('MatMul', [crossShares, `cross_v.${layer}`]), dModel);
    x = graph.node('Add', [x, await weights.linear(heard, `${name}/attention/linear_2`, dModel, dModel)]);
    x = await feedForward(graph, weights, x, `${name}/ffn`);
  }
  graph.node('Concat', aligned, { axis: 0 }, { outputs: ['align'] });
  const wanted = graph.node('Gather', [x, row], { axis: 0 });
  embedding.project(await weights.layerNorm(wanted, 'decoder/layer_norm'));
  graph.output('logits', 'float32', ['M', nVocab]);
  graph.output('align', 'float32', [alignmentHeads.length, 'N', 'F']);
  return graph;
}

/** Queries are multiplied by this, once, in the weights: a power of two at Whisper's 64 values per head, so exact. */
function attentionScale({ dModel, heads }: WhisperDims): number {
  return (dModel / heads) ** -0.5;
}

async function convolution(
  graph: GraphBuilder,
  weights: WhisperWeights,
  x: string,
  name: string,
  channels: number,
  stride: number,
): Promise<string> {
  const { dModel } = weights.dims;
  const dims = [dModel, channels, 3];
  weights.file.shaped(`${name}/weight`, dims);
  weights.file.shaped(`${name}/bias`, [dModel]);
  const rows = weights.floatSource(`${name}/weight`, [{ start: 0, rows: dModel }], channels * 3);
  const kernel = graph.weight(`${name}/weight`, 'float32', dims, rows);
  const bias = graph.floats(await weights.file.floats(`${name}/bias`));
  const attributes = { kernel_shape: [3], pads: [1, 1], strides: [stride] };
  return graph.node('Gelu', [graph.node('Conv', [x, kernel, bias], attributes)]);
}

/** Rows of a position table [rows, dModel]. */
function positions(graph: GraphBuilder, weights: WhisperWeights, name: string, rows: number, index: string): string {
  const { dModel } = weights.dims;
  weights.file.shaped(name, [rows, dModel]);
  const source = weights.floatSource(name, [{ start: 0, rows }], dModel);
  return graph.node('Gather', [graph.weight(name, 'float32', [rows, dModel], source), index], { axis: 0 });
}

/** Scaled queries, keys and values [heads, n, dHead] by the fused linear layer. */
async function queryKeyValue(
  graph: GraphBuilder,
  weights: WhisperWeights,
  x: string,
  name: string,
  [keyName, valueName]: readonly [string?, string?] = [],
): Promise<{ q: string; k: string; v: string }> {
  const { dModel, heads } = weights.dims;
  const ranges = [
    { start: 0, rows: dModel, factor: attentionScale(weights.dims) },
    { start: dModel, rows: 2 * dModel },
  ];
  const fused = splitHeads(graph, await weights.linear(x, name, 3 * dModel, dModel, ranges), 3 * heads, dModel / heads);
  const outputs = [`${name}/q`, keyName ?? `${name}/k`, valueName ?? `${name}/v`];
  const [q, k, v] = graph.nodeOutputs('Split', [fused], { axis: 0, num_outputs: 3 }, { outputs });
  return { q: q!, k: k!, v: v! };
}

/** [n, heads * dHead] -> [heads, n, dHead] */
function splitHeads(graph: GraphBuilder, x: string, heads: number, dHead: number): string {
  return graph.node('Transpose', [graph.node('Reshape', [x, graph.ints([-1, heads, dHead])])], { perm: [1, 0, 2] });
}

/** [heads, n, dHead] -> [n, dModel] */
function joinHeads(graph: GraphBuilder, x: string, dModel: number): string {
  return graph.node('Reshape', [graph.node('Transpose', [x], { perm: [1, 0, 2] }), graph.ints([-1, dModel])]);
}

/** q [heads, n, d] times the transpose of k [heads, m, d]: [heads, n, m]. Queries are scaled already. */
function scaledProduct(graph: GraphBuilder, q: string, k: string): string {
  return graph.node('FusedMatMul', [q, k], { transB: 1 }, MICROSOFT);
}

async function feedForward(graph: GraphBuilder, weights: WhisperWeights, x: string, name: string): Promise<string> {
  const { dModel } = weights.dims;
  const inner = weights.file.variable(`${name}/linear_0/weight`).dims[0] ?? 0;
  const normed = await weights.layerNorm(x, `${name}/layer_norm`);
  const hidden = graph.node('Gelu', [await weights.linear(normed, `${name}/linear_0`, inner, dModel)]);
  return graph.node('Add', [x, await weights.linear(hidden, `${name}/linear_1`, dModel, inner)]);
}
