/** Gemma 3 forward pass from its description, one token path at a time, in plain f64: the oracle of the step graph. */
import type { Gemma3Params } from '../../models/convert/gemma3-params.ts';
import type { GgufFile } from '../../models/convert/gguf.ts';

type Vector = Float64Array;

export class PlainGemma3 {
  readonly #file: GgufFile;
  readonly #params: Gemma3Params;
  readonly #tensors = new Map<string, Float32Array>();

  constructor(file: GgufFile, params: Gemma3Params) {
    this.#file = file;
    this.#params = params;
  }

  /** Logits over source ids after the last of `ids`. */
  logits(ids: readonly number[]): Vector {
    const { dim, layers, normEps, vocabSize } = this.#params;
    const embeddings = this.#tensor('token_embd.weight', [dim, vocabSize]);
    const states = ids.map((id) =>
      Float64Array.from(embeddings.subarray(id * dim, (id + 1) * dim), (x) => x * Math.sqrt(dim)),
    );
    for (let layer = 0; layer < layers; layer++) this.#layer(states, layer);
    const last = rmsNorm(states[states.length - 1]!, this.#tensor('output_norm.weight', [dim]), normEps);
    return multiply(embeddings, last, vocabSize);
  }

  #layer(states: Vector[], layer: number): void {
    const { dim, normEps, ffnDim } = this.#params;
    const get = (part: string, dims: readonly number[]) => this.#tensor(`blk.${layer}.${part}.weight`, dims);
    const attended = this.#attention(
      states.map((x) => rmsNorm(x, get('attn_norm', [dim]), normEps)),
      layer,
    );
    for (const [i, x] of states.entries()) {
      const y = rmsNorm(attended[i]!, get('post_attention_norm', [dim]), normEps);
      for (let j = 0; j < dim; j++) x[j] = x[j]! + y[j]!;
      const h = rmsNorm(x, get('ffn_norm', [dim]), normEps);
      const gate = multiply(get('ffn_gate', [dim, ffnDim]), h, ffnDim);
      const up = multiply(get('ffn_up', [dim, ffnDim]), h, ffnDim);
      const inner = gate.map((value, j) => gelu(value) * up[j]!);
      const z = rmsNorm(multiply(get('ffn_down', [ffnDim, dim]), inner, dim), get('post_ffw_norm', [dim]), normEps);
      for (let j = 0; j < dim; j++) x[j] = x[j]! + z[j]!;
    }
  }

  #attention(inputs: readonly Vector[], layer: number): Vector[] {
    const { dim, heads, kvHeads, dHead, normEps, window, globalEvery } = this.#params;
    const isGlobal = layer % globalEvery === globalEvery - 1;
    const base = isGlobal ? this.#params.ropeBaseGlobal : this.#params.ropeBaseLocal;
    const get = (part: string, dims: readonly number[]) => this.#tensor(`blk.${layer}.${part}.weight`, dims);
    const split = (part: string, count: number, normName?: string) =>
      inputs.map((x, position) => {
        const flat = multiply(get(part, [dim, count * dHead]), x, count * dHead);
        return Array.from({ length: count }, (_, head) => {
          const one = flat.slice(head * dHead, (head + 1) * dHead);
          return normName === undefined ? one : rotate(rmsNorm(one, get(normName, [dHead]), normEps), position, base);
        });
      });
    const q = split('attn_q', heads, 'attn_q_norm');
    const k = split('attn_k', kvHeads, 'attn_k_norm');
    const v = split('attn_v', kvHeads);
    return inputs.map((_, position) => {
      const joined = new Float64Array(heads * dHead);
      const first = isGlobal ? 0 : Math.max(0, position - window + 1);
      for (let head = 0; head < heads; head++) {
        const kvHead = Math.floor(head / (heads / kvHeads));
        const scores: number[] = [];
        for (let at = first; at <= position; at++) {
          scores.push(dot(q[position]![head]!, k[at]![kvHead]!) / Math.sqrt(dHead));
        }
        const max = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - max));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        for (const [i, weight] of weights.entries()) {
          const value = v[first + i]![kvHead]!;
          for (let j = 0; j < dHead; j++)
            joined[head * dHead + j] = joined[head * dHead + j]! + (weight / total) * value[j]!;
        }
      }
      return multiply(get('attn_output', [heads * dHead, dim]), joined, dim);
    });
  }

  #tensor(name: string, dims: readonly number[]): Float32Array {
    let tensor = this.#tensors.get(name);
    if (tensor === undefined) {
      tensor = this.#file.values(name, dims);
      this.#tensors.set(name, tensor);
    }
    return tensor;
  }
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function multiply(matrix: Float32Array, x: Vector, rows: number): Vector {
  return Float64Array.from({ length: rows }, (_, row) => dot(matrix.subarray(row * x.length, (row + 1) * x.length), x));
}

function rmsNorm(x: Vector, gamma: Float32Array, eps: number): Vector {
  const scale = 1 / Math.sqrt(dot(x, x) / x.length + eps);
  return x.map((value, i) => value * scale * gamma[i]!);
}

/** Rotates pairs (i, i + half) by position * base ** (-i / half). */
function rotate(x: Vector, position: number, base: number): Vector {
  const half = x.length / 2;
  const out = new Float64Array(x.length);
  for (let i = 0; i < half; i++) {
    const angle = position * base ** (-i / half);
    out[i] = x[i]! * Math.cos(angle) - x[i + half]! * Math.sin(angle);
    out[i + half] = x[i]! * Math.sin(angle) + x[i + half]! * Math.cos(angle);
  }
  return out;
}

function gelu(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}
