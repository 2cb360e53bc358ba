import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { quantizeBlocks, quantizedMatrix } from '../../../../models/convert/quant-blocks.ts';
import { collectBytes } from '../../../../models/convert/weight-source.ts';

function restored(values: Float32Array): { back: number[]; scales: Float32Array; q8: Uint8Array } {
  const q8 = new Uint8Array(values.length);
  const scales = new Float32Array(values.length / 32);
  quantizeBlocks(values, q8, scales);
  return { back: [...q8].map((byte, i) => (byte - 128) * scales[Math.floor(i / 32)]!), scales, q8 };
}

describe('quantizeBlocks', () => {
  it('rounds every value to half a step of its own block at most', () => {
    const values = Float32Array.from({ length: 96 }, (_, i) => Math.sin(i * 1.7) * 10 ** Math.floor(i / 32));
    const { back, scales } = restored(values);
    for (const [i, value] of values.entries()) {
      const step = scales[Math.floor(i / 32)]!;
      assert(Math.abs(back[i]! - value) <= step * 0.5001, `value ${i}: ${value} became ${back[i]}`);
    }
  });

  it('is symmetric: the largest magnitude is 127 steps from the zero point, whatever its sign', () => {
    const values = new Float32Array(64);
    values[3] = -4;
    values[40] = 4;
    const { q8 } = restored(values);
    assert.deepEqual([q8[3], q8[40], q8[0]], [1, 255, 128]);
  });

  it('keeps a block of zeros, and subnormal values, finite', () => {
    const values = new Float32Array(64);
    values.fill(3e-45, 32);
    const { back, scales } = restored(values);
    assert.equal(scales[0], 0);
    assert(back.every((value) => Number.isFinite(value)));
    assert.deepEqual(back.slice(0, 32), new Array(32).fill(0));
  });

  it('wants whole blocks and room for them', () => {
    assert.throws(() => quantizeBlocks(new Float32Array(33), new Uint8Array(64), new Float32Array(2)), RangeError);
    assert.throws(() => quantizeBlocks(new Float32Array(64), new Uint8Array(63), new Float32Array(2)), RangeError);
    assert.throws(() => quantizedMatrix(2, 33, () => []), RangeError);
  });
});

describe('quantizedMatrix', () => {
  it('gives the same bytes and scales however the rows are cut into chunks', async () => {
    const values = Float32Array.from({ length: 5 * 64 }, (_, i) => Math.cos(i * i));
    const cut = (rows: number) => () =>
      Array.from({ length: Math.ceil(5 / rows) }, (_, i) => values.slice(i * rows * 64, (i + 1) * rows * 64));
    const whole = quantizedMatrix(5, 64, cut(5));
    const parts = quantizedMatrix(5, 64, cut(2));
    assert.equal(whole.q8.byteLength, 320);
    assert.equal(whole.scales.byteLength, 40);
    assert.deepEqual(await collectBytes(parts.q8), await collectBytes(whole.q8));
    assert.deepEqual(await collectBytes(parts.scales), await collectBytes(whole.scales));
  });
});
