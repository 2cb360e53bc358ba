import { AppError } from '../core/app-error.ts';
import type { GgufFile } from './gguf.ts';

/** Sizes and constants of a gemma3 text model, as its GGUF file gives them. */
export interface Gemma3Params {
  readonly dim: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly dHead: number;
  readonly ffnDim: number;
  readonly normEps: number;
  readonly contextLen: number;
  /** Tokens that a local layer sees, itself included. */
  readonly window: number;
  /** Every so many layers is a global one (the last of each group). */
  readonly globalEvery: number;
  readonly ropeBaseGlobal: number;
  readonly ropeBaseLocal: number;
  /** Positions of global layers are divided by this (linear scaling of the larger models). */
  readonly ropeScaleGlobal: number;
  readonly vocabSize: number;
}

/** Gemma 3 alternates five local layers and one global layer (Gemma 3 report, section 2). */
const GLOBAL_EVERY = 6;
const ROPE_BASE_LOCAL = 10_000;

/**
 * Reads and checks the parameters.
 * @throws AppError model_format where the architecture is another one or a size makes no sense
 */
export function gemma3Params(file: GgufFile): Gemma3Params {
  const architecture = file.text('general.architecture');
  if (architecture !== 'gemma3') {
    throw new AppError('model_format', `${file.path} holds the architecture "${architecture}", expected "gemma3"`);
  }
  const size = (key: string, max: number): number => {
    const value = file.number(`gemma3.${key}`);
    if (Number.isInteger(value) && value > 0 && value <= max) return value;
    throw new AppError(
      'model_format',
      `${file.path} gives gemma3.${key} ${value}, expected a whole number 1 to ${max}`,
    );
  };
  const optional = (key: string, fallback: number): number =>
    file.metadata.has(`gemma3.${key}`) ? file.number(`gemma3.${key}`) : fallback;
  const dim = size('embedding_length', 65_536);
  const heads = size('attention.head_count', 1024);
  const kvHeads = size('attention.head_count_kv', heads);
  if (heads % kvHeads !== 0) {
    throw new AppError(
      'model_format',
      `${file.path} has ${heads} heads, expected a multiple of its ${kvHeads} key heads`,
    );
  }
  const dHead = size('attention.key_length', 4096);
  if (optional('attention.value_length', dHead) !== dHead || dHead % 2 !== 0) {
    throw new AppError(
      'model_format',
      `${file.path} has key length ${dHead}, expected an even one, equal to value length`,
    );
  }
  const scaling = file.metadata.get('gemma3.rope.scaling.type');
  return {
    dim,
    layers: size('block_count', 1024),
    heads,
    kvHeads,
    dHead,
    ffnDim: size('feed_forward_length', 1 << 20),
    normEps: file.number('gemma3.attention.layer_norm_rms_epsilon'),
    contextLen: size('context_length', 1 << 24),
    window: size('attention.sliding_window', 1 << 24),
    globalEvery: GLOBAL_EVERY,
    ropeBaseGlobal: optional('rope.freq_base', 1_000_000),
    ropeBaseLocal: optional('rope.freq_base_swa', ROPE_BASE_LOCAL),
    ropeScaleGlobal: scaling === 'linear' ? optional('rope.scaling.factor', 1) : 1,
    vocabSize: file.strings('tokenizer.ggml.tokens').length,
  };
}

/** True for the layers that see the whole context. */
export function isGlobalLayer(params: Gemma3Params, layer: number): boolean {
  return (layer + 1) % params.globalEvery === 0;
}
