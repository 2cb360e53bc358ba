import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GGUF_TYPES } from '../../../../models/convert/gguf-types.ts';
import { seeded } from './toy-gguf.ts';

/** Value `i` of one block, straight from the description of each format: slow, one value at a time. */
const ORACLE: Record<string, (bytes: Uint8Array, i: number) => number> = {
  Q8_0: (b, i) => half(b, 0) * ((b[2 + i]! << 24) >> 24),
  Q4_0: (b, i) => half(b, 0) * (nibble(b, 2 + (i % 16), i >= 16) - 8),
  Q5_0: (b, i) => half(b, 0) * (nibble(b, 6 + (i % 16), i >= 16) + 16 * bit(b, 2, i) - 16),
  Q4_K: (b, i) => {
    const group = i >> 5;
    const [scale, min] = groupScale(b, group);
    return half(b, 0) * scale * nibble(b, 16 + (group >> 1) * 32 + (i & 31), (group & 1) === 1) - half(b, 2) * min;
  },
  Q5_K: (b, i) => {
    const group = i >> 5;
    const [scale, min] = groupScale(b, group);
    const low = nibble(b, 48 + (group >> 1) * 32 + (i & 31), (group & 1) === 1);
    const high = (b[16 + (i & 31)]! >> group) & 1;
    return half(b, 0) * scale * (low + 16 * high) - half(b, 2) * min;
  },
  Q6_K: (b, i) => {
    const part = i >> 7;
    const within = i & 127;
    const low = nibble(b, part * 64 + (within & 63), within >= 64);
    const high = (b[128 + part * 32 + (within & 31)]! >> ((within >> 5) * 2)) & 3;
    const scale = (b[192 + (i >> 4)]! << 24) >> 24;
    return half(b, 208) * scale * (low + 16 * high - 32);
  },
};

function half(bytes: Uint8Array, at: number): number {
  const bits = bytes[at]! + 256 * bytes[at + 1]!;
  const sign = bits >= 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  return sign * (exponent === 0 ? (bits & 1023) / 2 ** 24 : (1024 + (bits & 1023)) * 2 ** (exponent - 25));
}

function nibble(bytes: Uint8Array, at: number, isHigh: boolean): number {
  return isHigh ? bytes[at]! >> 4 : bytes[at]! & 15;
}

function bit(bytes: Uint8Array, at: number, i: number): number {
  return (bytes[at + (i >> 3)]! >> (i & 7)) & 1;
}

/** Group 0..7 of a K block: six-bit scale and minimum. */
function groupScale(b: Uint8Array, group: number): [number, number] {
  if (group < 4) return [b[4 + group]! & 63, b[8 + group]! & 63];
  const g = group - 4;
  return [(b[12 + g]! & 15) + 16 * (b[4 + g]! >> 6), (b[12 + g]! >> 4) + 16 * (b[8 + g]! >> 6)];
}

const random = seeded(3);

for (const type of GGUF_TYPES.values()) {
  const oracle = ORACLE[type.name];
  if (oracle === undefined) continue;
  test(`${type.name} blocks give the values that the format describes`, () => {
    const blocks = 3;
    const bytes = Uint8Array.from({ length: blocks * type.blockBytes }, () => Math.floor(random() * 256));
    // Keep the half-precision scales finite and small.
    for (let block = 0; block < blocks; block++) {
      const places = type.name === 'Q6_K' ? [208] : type.name.endsWith('_K') ? [0, 2] : [0];
      for (const place of places) bytes[block * type.blockBytes + place + 1] = 0x20 + Math.floor(random() * 16);
    }
    const out = new Float32Array(blocks * type.blockValues);
    type.toFloats(bytes, out);
    for (let i = 0; i < out.length; i++) {
      const block = Math.floor(i / type.blockValues);
      const expected = oracle(bytes.subarray(block * type.blockBytes), i % type.blockValues);
      assert.ok(Math.abs(out[i]! - expected) <= 1e-5 * Math.max(1, Math.abs(expected)), `value ${i}`);
    }
    if (type.toBlocks === undefined) return;
    const q8 = new Uint8Array(out.length);
    const scales = new Float32Array(blocks);
    type.toBlocks(bytes, q8, scales);
    for (let i = 0; i < out.length; i++) assert.equal(Math.fround(scales[i >> 5]! * (q8[i]! - 128)), out[i]);
  });
}

test('F16 and BF16 values are read, subnormal and negative ones too', () => {
  const out = new Float32Array(3);
  const f16 = [...GGUF_TYPES.values()].find((type) => type.name === 'F16')!;
  f16.toFloats(Uint8Array.of(0x00, 0x3c, 0x01, 0x00, 0x00, 0xc2), out);
  assert.deepEqual([...out], [1, 2 ** -24, -3]);
  const bf16 = [...GGUF_TYPES.values()].find((type) => type.name === 'BF16')!;
  bf16.toFloats(Uint8Array.of(0x80, 0x3f, 0x40, 0xc0, 0x00, 0x00), out);
  assert.deepEqual([...out], [1, -3, 0]);
});
