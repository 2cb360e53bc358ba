import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Raster } from '../../../../models/core/page.ts';
import { looksLikeOneLine } from '../../../../models/ocr/single-line.ts';

/** White with rows of strokes: bands from `top` to `bottom`, both in it. */
function strokes(width: number, height: number, ...bands: [top: number, bottom: number][]): Raster {
  const rgb = new Uint8Array(3 * width * height).fill(255);
  for (const [top, bottom] of bands) {
    for (let y = top; y <= bottom; y++) {
      for (let x = 4; x < width - 4; x++) if (x % 6 < 2) rgb.fill(0, 3 * (y * width + x), 3 * (y * width + x) + 3);
    }
  }
  return { width, height, rgb };
}

test('a low image with one band of ink is a line, dots and accents above it or not', () => {
  assert.ok(looksLikeOneLine(strokes(280, 32, [6, 26])));
  assert.ok(looksLikeOneLine(strokes(280, 32, [3, 5], [9, 26])));
  assert.ok(looksLikeOneLine(strokes(60, 40, [0, 39])));
});

test('two lines are none, nor is a page, a column or a square stamp', () => {
  assert.ok(!looksLikeOneLine(strokes(280, 60, [6, 22], [34, 52])));
  assert.ok(!looksLikeOneLine(strokes(1200, 900, [100, 130])));
  assert.ok(!looksLikeOneLine(strokes(30, 200, [10, 190])));
  assert.ok(!looksLikeOneLine(strokes(100, 100, [30, 60])));
});

test('a blank image and a single pixel break nothing', () => {
  assert.equal(typeof looksLikeOneLine(strokes(300, 30)), 'boolean');
  assert.equal(looksLikeOneLine(strokes(1, 1)), false);
});
