import { BLOCK_SIZE } from './graph-builder.ts';
import { ZERO_POINT } from './quant-blocks.ts';

/**
 * The tensor types of GGUF files that we read. Layouts are those that ggml's `ggml-common.h` describes; every type stores
 * a row as whole blocks, one after the other.
 */
export interface GgufType {
  readonly name: string;
  /** Values in a block. */
  readonly blockValues: number;
  readonly blockBytes: number;
  /** Writes the f32 values of all whole blocks of `bytes` to `out`. */
  readonly toFloats: (bytes: Uint8Array, out: Float32Array) => void;
  /**
   * Writes 8-bit blocks of 32 (value = (byte - 128) * scale) that hold exactly the same values. Only types with one scale
   * per 32 values and at most 8 bits have it.
   */
  readonly toBlocks?: (bytes: Uint8Array, q8: Uint8Array, scales: Float32Array) => void;
}

/** Types by their number in the file. */
export const GGUF_TYPES: ReadonlyMap<number, GgufType> = new Map<number, GgufType>([
  [0, { name: 'F32', blockValues: 1, blockBytes: 4, toFloats: fromF32 }],
  [1, { name: 'F16', blockValues: 1, blockBytes: 2, toFloats: fromF16 }],
  [30, { name: 'BF16', blockValues: 1, blockBytes: 2, toFloats: fromBf16 }],
  [2, blockType('Q4_0', 18, q4Block)],
  [6, blockType('Q5_0', 22, q5Block)],
  [8, blockType('Q8_0', 34, q8Block)],
  [12, { name: 'Q4_K', blockValues: 256, blockBytes: 144, toFloats: fromQ4K }],
  [13, { name: 'Q5_K', blockValues: 256, blockBytes: 176, toFloats: fromQ5K }],
  [14, { name: 'Q6_K', blockValues: 256, blockBytes: 210, toFloats: fromQ6K }],
]);

/** Names of types that exist and that we do not read, for the error message. */
export const FOREIGN_TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [3, 'Q4_1'],
  [7, 'Q5_1'],
  [9, 'Q8_1'],
  [10, 'Q2_K'],
  [11, 'Q3_K'],
  [15, 'Q8_K'],
  [16, 'IQ2_XXS'],
  [17, 'IQ2_XS'],
  [18, 'IQ3_XXS'],
  [19, 'IQ1_S'],
  [20, 'IQ4_NL'],
  [21, 'IQ3_S'],
  [22, 'IQ2_S'],
  [23, 'IQ4_XS'],
  [24, 'I8'],
  [25, 'I16'],
  [26, 'I32'],
  [27, 'I64'],
  [28, 'F64'],
  [29, 'IQ1_M'],
  [34, 'TQ1_0'],
  [35, 'TQ2_0'],
  [39, 'MXFP4'],
]);

let halves: Float32Array | undefined;

/** All 65,536 half-precision values. */
function halfTable(): Float32Array {
  if (halves !== undefined) return halves;
  halves = new Float32Array(65_536);
  for (let bits = 0; bits < halves.length; bits++) {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const magnitude =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction === 0
            ? Number.POSITIVE_INFINITY
            : Number.NaN
          : (1 + fraction / 1024) * 2 ** (exponent - 15);
    halves[bits] = bits & 0x8000 ? -magnitude : magnitude;
  }
  return halves;
}

function half(bytes: Uint8Array, at: number): number {
  return halfTable()[bytes[at]! | (bytes[at + 1]! << 8)]!;
}

function fromF32(bytes: Uint8Array, out: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < bytes.length >> 2; i++) out[i] = view.getFloat32(i * 4, true);
}

function fromF16(bytes: Uint8Array, out: Float32Array): void {
  for (let i = 0; i < bytes.length >> 1; i++) out[i] = half(bytes, i * 2);
}

/** bfloat16 is the upper half of an f32. */
function fromBf16(bytes: Uint8Array, out: Float32Array): void {
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < bytes.length >> 1; i++) words[i] = ((bytes[i * 2]! << 16) | (bytes[i * 2 + 1]! << 24)) >>> 0;
}

/** Writes the 32 bytes (zero point 128) of the block at `at`. */
type BlockReader = (bytes: Uint8Array, at: number, q8: Uint8Array, to: number) => void;

/** A type with a half-precision scale and then 32 small integers. */
function blockType(name: string, blockBytes: number, read: BlockReader): GgufType {
  const toBlocks = (bytes: Uint8Array, q8: Uint8Array, scales: Float32Array): void => {
    const blocks = Math.floor(bytes.length / blockBytes);
    for (let block = 0; block < blocks; block++) {
      scales[block] = half(bytes, block * blockBytes);
      read(bytes, block * blockBytes + 2, q8, block * BLOCK_SIZE);
    }
  };
  const small = new Uint8Array(BLOCK_SIZE);
  const toFloats = (bytes: Uint8Array, out: Float32Array): void => {
    const blocks = Math.floor(bytes.length / blockBytes);
    for (let block = 0; block < blocks; block++) {
      const scale = half(bytes, block * blockBytes);
      read(bytes, block * blockBytes + 2, small, 0);
      for (let i = 0; i < BLOCK_SIZE; i++) out[block * BLOCK_SIZE + i] = scale * (small[i]! - ZERO_POINT);
    }
  };
  return { name, blockValues: BLOCK_SIZE, blockBytes, toFloats, toBlocks };
}

function q8Block(bytes: Uint8Array, at: number, q8: Uint8Array, to: number): void {
  // A signed byte plus 128 is the same byte with its highest bit turned.
  for (let i = 0; i < 32; i++) q8[to + i] = bytes[at + i]! ^ 0x80;
}

function q4Block(bytes: Uint8Array, at: number, q8: Uint8Array, to: number): void {
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + i]!;
    q8[to + i] = (pair & 15) - 8 + ZERO_POINT;
    q8[to + i + 16] = (pair >> 4) - 8 + ZERO_POINT;
  }
}

function q5Block(bytes: Uint8Array, at: number, q8: Uint8Array, to: number): void {
  const high = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + 4 + i]!;
    q8[to + i] = ((pair & 15) | (((high >>> i) & 1) << 4)) - 16 + ZERO_POINT;
    q8[to + i + 16] = ((pair >> 4) | (((high >>> (i + 16)) & 1) << 4)) - 16 + ZERO_POINT;
  }
}

/** Six-bit scales and minima of eight groups of 32, packed into 12 bytes at `at`. */
function unpackScales(bytes: Uint8Array, at: number, scales: Uint8Array, minima: Uint8Array): void {
  for (let j = 0; j < 4; j++) {
    const low = bytes[at + j]!;
    const middle = bytes[at + 4 + j]!;
    const high = bytes[at + 8 + j]!;
    scales[j] = low & 63;
    minima[j] = middle & 63;
    scales[j + 4] = (high & 15) | ((low >> 6) << 4);
    minima[j + 4] = (high >> 4) | ((middle >> 6) << 4);
  }
}

function fromQ4K(bytes: Uint8Array, out: Float32Array): void {
  const scales = new Uint8Array(8);
  const minima = new Uint8Array(8);
  for (let at = 0, to = 0; at + 144 <= bytes.length; at += 144) {
    const scale = half(bytes, at);
    const minScale = half(bytes, at + 2);
    unpackScales(bytes, at + 4, scales, minima);
    for (let pair = 0; pair < 4; pair++) {
      const quants = at + 16 + pair * 32;
      const lowScale = scale * scales[pair * 2]!;
      const lowMin = minScale * minima[pair * 2]!;
      const highScale = scale * scales[pair * 2 + 1]!;
      const highMin = minScale * minima[pair * 2 + 1]!;
      for (let i = 0; i < 32; i++) {
        const byte = bytes[quants + i]!;
        out[to + i] = lowScale * (byte & 15) - lowMin;
        out[to + i + 32] = highScale * (byte >> 4) - highMin;
      }
      to += 64;
    }
  }
}

function fromQ5K(bytes: Uint8Array, out: Float32Array): void {
  const scales = new Uint8Array(8);
  const minima = new Uint8Array(8);
  for (let at = 0, to = 0; at + 176 <= bytes.length; at += 176) {
    const scale = half(bytes, at);
    const minScale = half(bytes, at + 2);
    unpackScales(bytes, at + 4, scales, minima);
    for (let pair = 0; pair < 4; pair++) {
      const quants = at + 48 + pair * 32;
      const lowScale = scale * scales[pair * 2]!;
      const lowMin = minScale * minima[pair * 2]!;
      const highScale = scale * scales[pair * 2 + 1]!;
      const highMin = minScale * minima[pair * 2 + 1]!;
      for (let i = 0; i < 32; i++) {
        const byte = bytes[quants + i]!;
        const fifth = bytes[at + 16 + i]! >> (pair * 2);
        out[to + i] = lowScale * ((byte & 15) | ((fifth & 1) << 4)) - lowMin;
        out[to + i + 32] = highScale * ((byte >> 4) | ((fifth & 2) << 3)) - highMin;
      }
      to += 64;
    }
  }
}

function fromQ6K(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, to = 0; at + 210 <= bytes.length; at += 210) {
    const scale = half(bytes, at + 208);
    for (let part = 0; part < 2; part++) {
      const low = at + part * 64;
      const high = at + 128 + part * 32;
      const scales = at + 192 + part * 8;
      for (let i = 0; i < 128; i++) {
        // Four groups of 32: the first two in low nibbles, the last two in high nibbles; two more bits each in `high`.
        const group = i >> 5;
        const j = i & 31;
        const byte = bytes[low + j + (group & 1) * 32]!;
        const nibble = group < 2 ? byte & 15 : byte >> 4;
        const value = (nibble | (((bytes[high + j]! >> (group * 2)) & 3) << 4)) - 32;
        const groupScale = (bytes[scales + group * 2 + (j >> 4)]! << 24) >> 24;
        out[to + i] = scale * groupScale * value;
      }
      to += 128;
    }
  }
}
