/** Writes CTranslate2 Whisper files with seeded random weights, in any shape and type, and crafted ones that lie. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WhisperSource } from '../../models/convert/whisper-import.ts';
import type { WhisperDims } from '../../models/whisper/whisper-model.ts';

/** As `ct2-transformers-converter --quantization` calls them. */
export type Quantization = 'float32' | 'float16' | 'bfloat16' | 'int8' | 'int8_float16' | 'int16';

export interface Variable {
  readonly name: string;
  readonly dims: readonly number[];
  /** 0 f32, 1 i8, 2 i16, 3 i32, 4 f16, 5 bf16 */
  readonly type: number;
  readonly data: Uint8Array;
}

export interface FileParts {
  readonly version?: number;
  readonly spec?: string;
  readonly revision?: number;
  /** What the file says; by default how many there are. */
  readonly count?: number;
  readonly variables: readonly Variable[];
  readonly aliases?: ReadonlyArray<readonly [alias: string, name: string]>;
  readonly tail?: Uint8Array;
}

/** Bytes of a file with these parts, lies included: `data` is written as it is. */
export function ctranslate2Bytes(parts: FileParts): Buffer {
  const { version = 6, spec = 'WhisperSpec', revision = 3, variables, aliases = [], tail } = parts;
  const chunks = [u32(version), string(spec), u32(revision), u32(parts.count ?? variables.length)];
  for (const { name, dims, type, data } of variables) {
    const header = [string(name), Buffer.from([dims.length]), ...dims.map(u32), Buffer.from([type]), u32(data.length)];
    chunks.push(...header, Buffer.from(data.buffer, data.byteOffset, data.length));
  }
  chunks.push(u32(aliases.length), ...aliases.flatMap(([alias, name]) => [string(alias), string(name)]));
  if (tail) chunks.push(Buffer.from(tail));
  return Buffer.concat(chunks);
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function string(text: string): Buffer {
  const bytes = Buffer.from(`${text}\0`);
  const length = Buffer.alloc(2);
  length.writeUInt16LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

export function scalar(name: string, value: number): Variable {
  return { name, dims: [], type: 1, data: Uint8Array.of(value) };
}

/** A float variable in the type that the quantization gives floats. */
export function floats(name: string, dims: readonly number[], values: Float32Array, type: 0 | 4 | 5 = 0): Variable {
  return { name, dims, type, data: encodeFloats(values, type) };
}

function encodeFloats(values: Float32Array, type: 0 | 4 | 5): Uint8Array {
  if (type === 0) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) halves[i] = type === 5 ? bits[i]! >>> 16 : toHalf(bits[i]!);
  return new Uint8Array(halves.buffer);
}

/** Cuts an f32 to an f16; what is too small becomes 0. The numbers here need no more. */
function toHalf(bits: number): number {
  const exponent = ((bits >>> 23) & 255) - 112;
  const sign = (bits >>> 16) & 0x8000;
  return exponent <= 0 ? sign : sign | (exponent << 10) | ((bits >>> 13) & 1023);
}

/** Random weights in the shapes of a Whisper model, in the variables that the converter of CTranslate2 writes. */
export function whisperVariables(dims: WhisperDims, quantization: Quantization, seed = 1): Variable[] {
  const { dModel, nMels, nVocab, audioCtx, textCtx, heads } = dims;
  const draw = uniform(seed);
  const floatType = quantization.endsWith('float16') ? (quantization === 'bfloat16' ? 5 : 4) : 0;
  const variables: Variable[] = [];
  const vector = (name: string, size: readonly number[], middle: number, spread: number): void => {
    const values = new Float32Array(size.reduce((product, dim) => product * dim, 1));
    for (let i = 0; i < values.length; i++) values[i] = middle + spread * draw();
    variables.push(floats(name, size, values, floatType));
  };
  const matrix = (name: string, rows: number, cols: number, size: readonly number[] = [rows, cols]): void => {
    const spread = 2 / Math.sqrt(cols);
    if (quantization.startsWith('int')) {
      variables.push(...quantized(name, rows, cols, size, quantization === 'int16' ? 2 : 1, () => spread * draw()));
    } else vector(name, size, 0, spread);
  };
  const linear = (name: string, rows: number, cols: number): void => {
    matrix(`${name}/weight`, rows, cols);
    vector(`${name}/bias`, [rows], 0, 0.1);
  };
  const norm = (name: string): void => {
    vector(`${name}/gamma`, [dModel], 1, 0.2);
    vector(`${name}/beta`, [dModel], 0, 0.2);
  };
  const selfAttention = (name: string): void => {
    norm(`${name}/layer_norm`);
    linear(`${name}/linear_0`, 3 * dModel, dModel);
    linear(`${name}/linear_1`, dModel, dModel);
  };
  const feedForward = (name: string): void => {
    norm(`${name}/layer_norm`);
    linear(`${name}/linear_0`, 4 * dModel, dModel);
    linear(`${name}/linear_1`, dModel, 4 * dModel);
  };
  for (const part of ['encoder', 'decoder']) {
    variables.push(scalar(`${part}/num_heads`, heads), scalar(`${part}/pre_norm`, 1), scalar(`${part}/activation`, 3));
  }
  variables.push(scalar('decoder/scale_embeddings', 0));
  matrix('encoder/conv1/weight', dModel, nMels * 3, [dModel, nMels, 3]);
  matrix('encoder/conv2/weight', dModel, dModel * 3, [dModel, dModel, 3]);
  for (const conv of ['conv1', 'conv2']) vector(`encoder/${conv}/bias`, [dModel], 0, 0.1);
  vector('encoder/position_encodings/encodings', [audioCtx, dModel], 0, 0.5);
  vector('decoder/position_encodings/encodings', [textCtx, dModel], 0, 0.5);
  matrix('decoder/embeddings/weight', nVocab, dModel);
  for (let layer = 0; layer < dims.encoderLayers; layer++) {
    selfAttention(`encoder/layer_${layer}/self_attention`);
    feedForward(`encoder/layer_${layer}/ffn`);
  }
  for (let layer = 0; layer < dims.decoderLayers; layer++) {
    selfAttention(`decoder/layer_${layer}/self_attention`);
    norm(`decoder/layer_${layer}/attention/layer_norm`);
    linear(`decoder/layer_${layer}/attention/linear_0`, dModel, dModel);
    linear(`decoder/layer_${layer}/attention/linear_1`, 2 * dModel, dModel);
    linear(`decoder/layer_${layer}/attention/linear_2`, dModel, dModel);
    feedForward(`decoder/layer_${layer}/ffn`);
  }
  norm('encoder/layer_norm');
  norm('decoder/layer_norm');
  return variables;
}

/** Integers with a scale a row (i8), or one for all (i16): value = stored / scale. */
function quantized(
  name: string,
  rows: number,
  cols: number,
  dims: readonly number[],
  type: 1 | 2,
  draw: () => number,
): Variable[] {
  const values = Float32Array.from({ length: rows * cols }, draw);
  const scales = new Float32Array(type === 1 ? rows : 1);
  const stored = type === 1 ? new Int8Array(values.length) : new Int16Array(values.length);
  const group = values.length / scales.length;
  for (let g = 0; g < scales.length; g++) {
    const part = values.subarray(g * group, (g + 1) * group);
    const largest = part.reduce((max, value) => Math.max(max, Math.abs(value)), 0) || 1;
    scales[g] = (type === 1 ? 127 : 1023) / largest;
    for (let i = 0; i < group; i++) stored[g * group + i] = Math.round(part[i]! * scales[g]!);
  }
  const scaleDims = type === 1 ? [rows] : [];
  return [
    { name, dims, type, data: new Uint8Array(stored.buffer) },
    { name: `${name}_scale`, dims: scaleDims, type: 0, data: new Uint8Array(scales.buffer) },
  ];
}

/** -1 .. 1 */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** Special tokens in Whisper's order, after `textTokens` ordinary ones. 1,501 timestamps follow. */
export function toyTokenizer(textTokens: number, languages: readonly string[] = ['en', 'zh', 'tr']): object {
  const names = ['endoftext', 'startoftranscript', ...languages, 'translate', 'transcribe', 'startoflm', 'startofprev'];
  const added = [...names, 'nospeech', 'notimestamps'].map((name, i) => ({
    id: textTokens + i,
    content: `<|${name}|>`,
    special: true,
  }));
  return { version: '1.0', added_tokens: added, model: { type: 'BPE', vocab: {}, merges: [] } };
}

/** Writes a folder as faster-whisper users have it. */
export function writeWhisperFolder(dir: string, dims: WhisperDims, quantization: Quantization): WhisperSource {
  const variables = whisperVariables(dims, quantization);
  const alias = ['decoder/projection/weight', 'decoder/embeddings/weight'] as const;
  const source = {
    modelBin: join(dir, 'model.bin'),
    config: join(dir, 'config.json'),
    tokenizer: join(dir, 'tokenizer.json'),
  };
  mkdirSync(dir, { recursive: true });
  writeFileSync(source.modelBin, ctranslate2Bytes({ variables, aliases: [alias] }));
  writeFileSync(source.config, JSON.stringify({ suppress_ids: [1, 2], suppress_ids_begin: [3], alignment_heads: [] }));
  // The special tokens: 8 beside the languages, and the timestamps.
  writeFileSync(source.tokenizer, JSON.stringify(toyTokenizer(dims.nVocab - 1501 - 11)));
  return source;
}
