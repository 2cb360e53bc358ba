import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Raster } from '../../../../models/core/page.ts';
import { detectSize, fillDetectorInput } from '../../../../models/ocr/detector-input.ts';
import { DETECT_SIDE_MAX } from '../../../../models/ocr/limits.ts';

test('small pages grow to 736 pixels, large ones shrink to the limit, sides are multiples of 32', () => {
  assert.deepEqual(detectSize({ width: 900, height: 1100 }), { width: 896, height: 1088 });
  assert.deepEqual(detectSize({ width: 368, height: 460 }), { width: 736, height: 928 });
  assert.deepEqual(detectSize({ width: 2 * DETECT_SIDE_MAX, height: DETECT_SIDE_MAX }), {
    width: DETECT_SIDE_MAX,
    height: DETECT_SIDE_MAX / 2,
  });
});

test('extreme shapes stay within the limit and above nothing', () => {
  for (const page of [
    { width: 1, height: 1 },
    { width: 100_000, height: 1 },
    { width: 1, height: 5000 },
  ]) {
    const { width, height } = detectSize(page);
    assert.ok(width >= 32 && height >= 32 && width <= DETECT_SIDE_MAX && height <= DETECT_SIDE_MAX);
  }
});

function gray(width: number, height: number, levelAt: (x: number, y: number) => number): Raster {
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) rgb.fill(levelAt(i % width, Math.floor(i / width)), 3 * i, 3 * i + 3);
  return { width, height, rgb };
}

function resized(page: Raster, width: number, height: number): Float32Array {
  const out = new Float32Array(3 * width * height).fill(Number.NaN);
  fillDetectorInput(page, width, height, out);
  return out;
}

test('at its own size a page is only scaled to -1..1, blue plane first', () => {
  const page: Raster = { width: 2, height: 1, rgb: Uint8Array.of(255, 0, 51, 0, 255, 204) };
  const expected = [51, 204, 0, 255, 255, 0].map((value) => (value / 255 - 0.5) / 0.5);
  for (const [i, value] of resized(page, 2, 1).entries()) assert.ok(Math.abs(value - expected[i]!) < 1e-6, String(i));
});

test('twice as large is bilinear: a quarter and three quarters of the way between neighbors', () => {
  const out = resized(
    gray(2, 1, (x) => 200 * x),
    4,
    1,
  );
  const steps = [0, 50, 150, 200].map((value) => (2 * value) / 255 - 1);
  for (let x = 0; x < 4; x++) assert.ok(Math.abs(out[x]! - steps[x]!) < 1e-5);
});

test('a third as large averages: fine stripes become gray, a ramp stays a ramp', () => {
  const stripes = resized(
    gray(90, 90, (x, y) => ((x + y) % 2 ? 255 : 0)),
    30,
    30,
  );
  for (const value of stripes.subarray(0, 900)) assert.ok(Math.abs(value) < 0.1);
  const ramp = resized(
    gray(90, 30, (x) => 2 * x),
    30,
    10,
  );
  for (let x = 2; x < 28; x++) assert.ok(Math.abs(ramp[5 * 30 + x]! - ((2 * (6 * x + 2)) / 255 - 1)) < 0.01);
});
