/**
 * Whisper's forward pass as plain loops, written from the paper (Radford et al. 2022, section 2.2; Vaswani et al. 2017)
 * and from nothing else of this project: it has a file reader of its own, sums in double precision, knows no graph, no
 * cache and no tree. Slow and clear: the step graphs are held to it.
 */
import { readFileSync } from 'node:fs';

interface Matrix {
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

export class PlainWhisper {
  readonly #tensors = new Map<string, Matrix>();
  readonly #heads: number;
  readonly dModel: number;
  readonly nVocab: number;

  /** @param path a CTranslate2 file */
  constructor(path: string) {
    this.#read(readFileSync(path));
    this.#heads = this.#get('decoder/num_heads').values[0]!;
    [this.nVocab, this.dModel] = this.#get('decoder/embeddings/weight').dims as [number, number];
  }

  /**
   * @param mel [nMels, length] @param keep frames after the convolutions that stay @param position their positions
   * @param bias added to the attention scores toward each
   * @returns [keep.length, dModel]
   */
  encode(
    mel: Float32Array,
    length: number,
    keep: readonly number[],
    position: readonly number[],
    bias: readonly number[],
  ) {
    const first = this.#convolve(mel, length, 'encoder/conv1', 1);
    const second = this.#convolve(first.values, first.length, 'encoder/conv2', 2);
    const table = this.#get('encoder/position_encodings/encodings').values;
    const { dModel } = this;
    const x = new Float64Array(keep.length * dModel);
    for (const [n, frame] of keep.entries()) {
      for (let c = 0; c < dModel; c++) {
        x[n * dModel + c] = second.values[c * second.length + frame]! + table[position[n]! * dModel + c]!;
      }
    }
    const allowed = (_query: number, key: number): number => bias[key]!;
    for (let layer = 0; this.#tensors.has(`encoder/layer_${layer}/ffn/linear_0/weight`); layer++) {
      this.#selfAttention(x, `encoder/layer_${layer}/self_attention`, allowed);
      this.#feedForward(x, `encoder/layer_${layer}/ffn`);
    }
    return this.#normed(x, 'encoder/layer_norm');
  }

  /** Logits after every token of one text: [tokens.length, nVocab]. @param bias as in `encode` */
  decode(states: Float64Array, tokens: readonly number[], bias: readonly number[]): Float64Array {
    const { dModel } = this;
    const embeddings = this.#get('decoder/embeddings/weight').values;
    const table = this.#get('decoder/position_encodings/encodings').values;
    const x = new Float64Array(tokens.length * dModel);
    for (const [n, token] of tokens.entries()) {
      for (let c = 0; c < dModel; c++) x[n * dModel + c] = embeddings[token * dModel + c]! + table[n * dModel + c]!;
    }
    const causal = (query: number, key: number): number => (key <= query ? 0 : Number.NEGATIVE_INFINITY);
    for (let layer = 0; this.#tensors.has(`decoder/layer_${layer}/ffn/linear_0/weight`); layer++) {
      const name = `decoder/layer_${layer}`;
      this.#selfAttention(x, `${name}/self_attention`, causal);
      const query = this.#linear(this.#normed(x, `${name}/attention/layer_norm`), `${name}/attention/linear_0`);
      const keysValues = this.#linear(states, `${name}/attention/linear_1`);
      const heard = this.#attention(
        { data: query, width: dModel, offset: 0 },
        { data: keysValues, width: 2 * dModel, offset: 0 },
        { data: keysValues, width: 2 * dModel, offset: dModel },
        (_query, key) => bias[key]!,
      );
      addTo(x, this.#linear(heard, `${name}/attention/linear_2`));
      this.#feedForward(x, `${name}/ffn`);
    }
    return products(this.#normed(x, 'decoder/layer_norm'), embeddings, this.nVocab, dModel);
  }

  #selfAttention(x: Float64Array, name: string, added: (query: number, key: number) => number): void {
    const fused = this.#linear(this.#normed(x, `${name}/layer_norm`), `${name}/linear_0`);
    const part = (i: number): Rows => ({ data: fused, width: 3 * this.dModel, offset: i * this.dModel });
    addTo(x, this.#linear(this.#attention(part(0), part(1), part(2), added), `${name}/linear_1`));
  }

  #attention(query: Rows, key: Rows, value: Rows, added: (query: number, key: number) => number): Float64Array {
    const { dModel } = this;
    const size = dModel / this.#heads;
    const queries = query.data.length / query.width;
    const keys = key.data.length / key.width;
    const out = new Float64Array(queries * dModel);
    const shares = new Float64Array(keys);
    for (let head = 0; head < this.#heads; head++) {
      for (let n = 0; n < queries; n++) {
        const q = n * query.width + query.offset + head * size;
        let largest = Number.NEGATIVE_INFINITY;
        for (let m = 0; m < keys; m++) {
          const k = m * key.width + key.offset + head * size;
          let sum = 0;
          for (let c = 0; c < size; c++) sum += query.data[q + c]! * key.data[k + c]!;
          shares[m] = sum / Math.sqrt(size) + added(n, m);
          largest = Math.max(largest, shares[m]!);
        }
        let total = 0;
        for (let m = 0; m < keys; m++) {
          shares[m] = Math.exp(shares[m]! - largest);
          total += shares[m]!;
        }
        const o = n * dModel + head * size;
        for (let m = 0; m < keys; m++) {
          const share = shares[m]! / total;
          const v = m * value.width + value.offset + head * size;
          for (let c = 0; c < size; c++) out[o + c] = out[o + c]! + share * value.data[v + c]!;
        }
      }
    }
    return out;
  }

  #feedForward(x: Float64Array, name: string): void {
    const hidden = this.#linear(this.#normed(x, `${name}/layer_norm`), `${name}/linear_0`).map(gelu);
    addTo(x, this.#linear(hidden, `${name}/linear_1`));
  }

  #linear(x: Float64Array, name: string): Float64Array {
    const { dims, values } = this.#get(`${name}/weight`);
    const [rows, cols] = dims as [number, number];
    const out = products(x, values, rows, cols);
    const bias = this.#get(`${name}/bias`).values;
    for (let i = 0; i < out.length; i++) out[i] = out[i]! + bias[i % rows]!;
    return out;
  }

  #normed(x: Float64Array, name: string): Float64Array {
    const gamma = this.#get(`${name}/gamma`).values;
    const beta = this.#get(`${name}/beta`).values;
    const { dModel } = this;
    const out = new Float64Array(x.length);
    for (let start = 0; start < x.length; start += dModel) {
      const row = x.subarray(start, start + dModel);
      const mean = row.reduce((sum, value) => sum + value, 0) / dModel;
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / dModel;
      const scale = 1 / Math.sqrt(variance + 1e-5);
      for (let c = 0; c < dModel; c++) out[start + c] = (row[c]! - mean) * scale * gamma[c]! + beta[c]!;
    }
    return out;
  }

  /** Kernel of 3, one frame of zeros on both sides, GELU. */
  #convolve(x: ArrayLike<number>, length: number, name: string, stride: number) {
    const { dims, values } = this.#get(`${name}/weight`);
    const [rows, channels] = dims as [number, number, number];
    const bias = this.#get(`${name}/bias`).values;
    const frames = Math.floor((length - 1) / stride) + 1;
    const out = new Float64Array(rows * frames);
    for (let row = 0; row < rows; row++) {
      const sums = out.subarray(row * frames, (row + 1) * frames).fill(bias[row]!);
      for (let channel = 0; channel < channels; channel++) {
        for (let tap = 0; tap < 3; tap++) {
          const weight = values[(row * channels + channel) * 3 + tap]!;
          for (let frame = 0; frame < frames; frame++) {
            const at = frame * stride + tap - 1;
            if (at >= 0 && at < length) sums[frame] = sums[frame]! + weight * x[channel * length + at]!;
          }
        }
      }
    }
    return { values: out.map(gelu), length: frames };
  }

  #get(name: string): Matrix {
    const tensor = this.#tensors.get(name);
    if (!tensor) throw new Error(`no tensor ${name}`);
    return tensor;
  }

  #read(bytes: Buffer): void {
    let at = 4;
    const string = (): string => {
      const length = bytes.readUInt16LE(at);
      at += 2 + length;
      return bytes.toString('latin1', at - length, at - 1);
    };
    string();
    const count = bytes.readUInt32LE(at + 4);
    at += 8;
    for (let i = 0; i < count; i++) {
      const name = string();
      const rank = bytes[at++]!;
      const dims = Array.from({ length: rank }, (_, axis) => bytes.readUInt32LE(at + 4 * axis));
      at += 4 * rank;
      const type = bytes[at]!;
      const size = bytes.readUInt32LE(at + 1);
      at += 5;
      this.#tensors.set(name, { dims, values: decodeValues(bytes.subarray(at, at + size), type) });
      at += size;
    }
    for (const [name, { values, dims }] of this.#tensors) {
      const scales = this.#tensors.get(`${name}_scale`)?.values;
      const group = values.length / (dims[0] ?? 1);
      for (let i = 0; scales && i < values.length; i++) {
        values[i] = values[i]! / (scales[Math.floor(i / group)] ?? scales[0]!);
      }
    }
  }
}

/** Rows of `width` values, of which a slice at `offset` counts. */
interface Rows {
  readonly data: Float64Array;
  readonly width: number;
  readonly offset: number;
}

function decodeValues(bytes: Buffer, type: number): Float32Array {
  if (type === 0) return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
  if (type === 1) return Float32Array.from(new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length));
  if (type === 2) return Float32Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(2 * i));
  if (type === 5) {
    const bits = Uint32Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readUInt16LE(2 * i) * 65536);
    return new Float32Array(bits.buffer);
  }
  if (type !== 4) throw new Error(`type ${type} is not read here`);
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => {
    const bits = bytes.readUInt16LE(2 * i);
    const sign = bits >> 15 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    return exponent === 0 ? sign * (bits & 1023) * 2 ** -24 : sign * (1024 + (bits & 1023)) * 2 ** (exponent - 25);
  });
}

/** x [n, cols] times the transpose of w [rows, cols]. Four rows at a time, only so that the tests end soon. */
function products(x: Float64Array, w: Float32Array, rows: number, cols: number): Float64Array {
  const n = x.length / cols;
  const out = new Float64Array(n * rows);
  for (let row = 0; row < rows; row++) {
    const start = row * cols;
    let i = 0;
    for (; i + 4 <= n; i += 4) {
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      const x0 = i * cols;
      const x1 = x0 + cols;
      const x2 = x1 + cols;
      const x3 = x2 + cols;
      for (let col = 0; col < cols; col++) {
        const weight = w[start + col]!;
        a += weight * x[x0 + col]!;
        b += weight * x[x1 + col]!;
        c += weight * x[x2 + col]!;
        d += weight * x[x3 + col]!;
      }
      out[i * rows + row] = a;
      out[(i + 1) * rows + row] = b;
      out[(i + 2) * rows + row] = c;
      out[(i + 3) * rows + row] = d;
    }
    for (; i < n; i++) {
      let sum = 0;
      for (let col = 0; col < cols; col++) sum += w[start + col]! * x[i * cols + col]!;
      out[i * rows + row] = sum;
    }
  }
  return out;
}

function addTo(x: Float64Array, y: Float64Array): void {
  for (let i = 0; i < x.length; i++) x[i] = x[i]! + y[i]!;
}

function gelu(x: number): number {
  return (x / 2) * (1 + erf(x / Math.SQRT2));
}

/** By its series near 0 and by the continued fraction of its complement farther out: exact to 1e-14 or so. */
function erf(x: number): number {
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  if (z < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (z + fraction);
  return Math.sign(x) * (1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + fraction));
}
