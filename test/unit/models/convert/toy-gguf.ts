/** Writes small GGUF files for tests: metadata and tensors as given, nothing checked. */

export type ToyValue =
  | { readonly u32: number }
  | { readonly f32: number }
  | { readonly text: string }
  | { readonly flag: boolean }
  | { readonly texts: readonly string[] }
  | { readonly f32s: readonly number[] }
  | { readonly i32s: readonly number[] };

export interface ToyTensor {
  readonly name: string;
  /** Fastest first. */
  readonly dims: readonly number[];
  /** Number of the type in the file; 0 is F32. */
  readonly type: number;
  readonly bytes: Uint8Array;
}

class ByteSink {
  readonly parts: Uint8Array[] = [];
  length = 0;
  raw(bytes: Uint8Array): void {
    this.parts.push(bytes);
    this.length += bytes.length;
  }
  number(lengthBytes: number, write: (view: DataView) => void): void {
    const bytes = new Uint8Array(lengthBytes);
    write(new DataView(bytes.buffer));
    this.raw(bytes);
  }
  u32(value: number): void {
    this.number(4, (view) => view.setUint32(0, value, true));
  }
  u64(value: number): void {
    this.number(8, (view) => view.setBigUint64(0, BigInt(value), true));
  }
  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.u64(bytes.length);
    this.raw(bytes);
  }
  value(value: ToyValue): void {
    if ('u32' in value) {
      this.u32(4);
      this.u32(value.u32);
    } else if ('f32' in value) {
      this.u32(6);
      this.number(4, (view) => view.setFloat32(0, value.f32, true));
    } else if ('flag' in value) {
      this.u32(7);
      this.raw(Uint8Array.of(value.flag ? 1 : 0));
    } else if ('text' in value) {
      this.u32(8);
      this.text(value.text);
    } else if ('texts' in value) {
      this.list(8, value.texts.length);
      for (const text of value.texts) this.text(text);
    } else if ('f32s' in value) {
      this.list(6, value.f32s.length);
      this.raw(new Uint8Array(Float32Array.from(value.f32s).buffer));
    } else {
      this.list(5, value.i32s.length);
      this.raw(new Uint8Array(Int32Array.from(value.i32s).buffer));
    }
  }
  list(type: number, length: number): void {
    this.u32(9);
    this.u32(type);
    this.u64(length);
  }
  pad(alignment: number): void {
    this.raw(new Uint8Array((alignment - (this.length % alignment)) % alignment));
  }
  join(): Uint8Array {
    const out = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
}

export function toyGguf(metadata: Readonly<Record<string, ToyValue>>, tensors: readonly ToyTensor[]): Uint8Array {
  const sink = new ByteSink();
  sink.raw(new TextEncoder().encode('GGUF'));
  sink.u32(3);
  sink.u64(tensors.length);
  sink.u64(Object.keys(metadata).length);
  for (const [key, value] of Object.entries(metadata)) {
    sink.text(key);
    sink.value(value);
  }
  let offset = 0;
  for (const { name, dims, type, bytes } of tensors) {
    sink.text(name);
    sink.u32(dims.length);
    for (const dim of dims) sink.u64(dim);
    sink.u32(type);
    sink.u64(offset);
    offset = Math.ceil((offset + bytes.length) / 32) * 32;
  }
  sink.pad(32);
  for (const { bytes } of tensors) {
    sink.raw(bytes);
    sink.pad(32);
  }
  return sink.join();
}

export function f32Tensor(name: string, dims: readonly number[], values: ArrayLike<number>): ToyTensor {
  return { name, dims, type: 0, bytes: new Uint8Array(Float32Array.from(values).buffer) };
}

/** Mulberry32: seeded numbers 0..1. */
export function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Token names of a toy SentencePiece vocabulary: controls, literals, byte tokens, then pieces (best first), then chars. */
export function toyTokens(): { names: string[]; scores: number[]; types: number[] } {
  const names: string[] = [];
  const scores: number[] = [];
  const types: number[] = [];
  const add = (name: string, type: number, score: number): void => {
    names.push(name);
    types.push(type);
    scores.push(score);
  };
  for (const name of ['<pad>', '<eos>', '<bos>', '<unk>', '<start_of_turn>', '<end_of_turn>']) add(name, 3, -1000);
  for (const name of ['[multimodal]', '\n', '\n\n', '  ', '<b>']) add(name, 4, -1000);
  for (let byte = 0; byte < 256; byte++) add(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, 6, 0);
  let rank = 0;
  for (const piece of [
    'th',
    '▁t',
    'he',
    '▁th',
    '▁the',
    'in',
    'ing',
    '天气',
    '今天',
    '天天',
    '▁a',
    'an',
    'and',
    '▁and',
  ]) {
    add(piece, 1, -++rank);
  }
  for (const char of '▁abcdefghijklmnopqrstuvwxyzABCD.,<>çğış今天气很好，。') add(char, 1, -++rank);
  return { names, scores, types };
}

const TOY = { dim: 64, layers: 7, heads: 4, kvHeads: 2, dHead: 32, ffnDim: 96, window: 6 };

/** A whole miniature gemma3 file with random weights: 7 layers, of which the sixth is global. */
export function toyGemma3(options: { kvHeads?: number; seed?: number } = {}): Uint8Array {
  const { names, scores, types } = toyTokens();
  const { dim, layers, heads, dHead, ffnDim, window } = TOY;
  const kvHeads = options.kvHeads ?? TOY.kvHeads;
  const random = seeded(options.seed ?? 7);
  const matrix = (name: string, cols: number, rows: number): ToyTensor =>
    f32Tensor(
      name,
      [cols, rows],
      Array.from({ length: cols * rows }, () => (random() - 0.5) * (2 / Math.sqrt(cols))),
    );
  const norm = (name: string, length: number): ToyTensor =>
    f32Tensor(
      name,
      [length],
      Array.from({ length }, () => 0.5 + random()),
    );
  const tensors = [norm('output_norm.weight', dim), matrix('token_embd.weight', dim, names.length)];
  for (let i = 0; i < layers; i++) {
    const name = (part: string) => `blk.${i}.${part}.weight`;
    tensors.push(
      matrix(name('attn_q'), dim, heads * dHead),
      matrix(name('attn_k'), dim, kvHeads * dHead),
      matrix(name('attn_v'), dim, kvHeads * dHead),
      matrix(name('attn_output'), heads * dHead, dim),
      norm(name('attn_q_norm'), dHead),
      norm(name('attn_k_norm'), dHead),
      norm(name('attn_norm'), dim),
      norm(name('post_attention_norm'), dim),
      norm(name('ffn_norm'), dim),
      norm(name('post_ffw_norm'), dim),
      matrix(name('ffn_gate'), dim, ffnDim),
      matrix(name('ffn_up'), dim, ffnDim),
      matrix(name('ffn_down'), ffnDim, dim),
    );
  }
  return toyGguf(
    {
      'general.architecture': { text: 'gemma3' },
      'general.name': { text: 'toy' },
      'gemma3.context_length': { u32: 4096 },
      'gemma3.embedding_length': { u32: dim },
      'gemma3.block_count': { u32: layers },
      'gemma3.feed_forward_length': { u32: ffnDim },
      'gemma3.attention.head_count': { u32: heads },
      'gemma3.attention.head_count_kv': { u32: kvHeads },
      'gemma3.attention.key_length': { u32: dHead },
      'gemma3.attention.value_length': { u32: dHead },
      'gemma3.attention.layer_norm_rms_epsilon': { f32: 1e-6 },
      'gemma3.attention.sliding_window': { u32: window },
      'gemma3.rope.freq_base': { f32: 1_000_000 },
      'tokenizer.ggml.model': { text: 'llama' },
      'tokenizer.ggml.tokens': { texts: names },
      'tokenizer.ggml.scores': { f32s: scores },
      'tokenizer.ggml.token_type': { i32s: types },
      'tokenizer.ggml.bos_token_id': { u32: 2 },
      'tokenizer.ggml.eos_token_id': { u32: 1 },
      'tokenizer.ggml.add_space_prefix': { flag: false },
    },
    tensors,
  );
}
