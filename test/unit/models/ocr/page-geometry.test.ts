import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Quad, Raster } from '../../../../models/core/page.ts';
import { quadHeightPx, quadLengthPx, quadOfRect, turnedQuad } from '../../../../models/ocr/quad.ts';
import { turnedRaster } from '../../../../models/ocr/raster.ts';
import { skewDegrees } from '../../../../models/ocr/skew.ts';

/** A line of 200 x 20 pixels around (300, 300), turned clockwise. */
function line(degrees: number, length = 200): Quad {
  const angle = (degrees * Math.PI) / 180;
  const dirX = Math.cos(angle);
  const dirY = Math.sin(angle);
  return quadOfRect({ centerX: 300, centerY: 300, along: length, across: 20, dirX, dirY }, 0);
}

test('a quad begins top left, whichever side its rectangle was measured along', () => {
  const level: Quad = [0, 0, 10, 0, 10, 4, 0, 4];
  for (const [dirX, dirY, along, across] of [
    [1, 0, 10, 4],
    [0, 1, 4, 10],
    [-1, 0, 10, 4],
    [0, -1, 4, 10],
  ] as const) {
    const quad = quadOfRect({ centerX: 5, centerY: 2, along, across, dirX, dirY }, 0);
    for (const [i, value] of quad.entries()) assert.ok(Math.abs(value - level[i]!) < 1e-9, `${quad}`);
  }
});

test('a turned quad keeps its corners; length and height change places', () => {
  const quad = line(10);
  assert.deepEqual(turnedQuad(quad, 0), quad);
  assert.deepEqual(turnedQuad(turnedQuad(quad, 3), 1), quad);
  assert.ok(Math.abs(quadLengthPx(quad) - 200) < 1e-9 && Math.abs(quadHeightPx(quad) - 20) < 1e-9);
  assert.ok(Math.abs(quadLengthPx(turnedQuad(quad, 1)) - 20) < 1e-9);
  assert.deepEqual(turnedQuad(quad, 2).slice(0, 2), quad.slice(4, 6));
});

test('skew is the direction of most of the text, not of a crooked stamp or of short words', () => {
  const lines = [line(1.5), line(1.6), line(1.7), line(30), line(-20, 60)];
  assert.ok(Math.abs(skewDegrees(lines) - 1.6) < 0.11, String(skewDegrees(lines)));
  assert.ok(Math.abs(skewDegrees([line(-3)]) + 3) < 1e-6);
  assert.equal(skewDegrees([]), 0);
  assert.equal(skewDegrees([line(4, 60)]), 0);
});

test('quarter turns take each pixel where it belongs, and four of them nowhere', () => {
  // 2 x 3 pixels with the numbers 0 to 5.
  const page: Raster = { width: 2, height: 3, rgb: Uint8Array.from({ length: 18 }, (_, i) => Math.floor(i / 3)) };
  const numbers = ({ rgb }: Raster): number[] => [...rgb].filter((_, i) => i % 3 === 1);
  assert.deepEqual(numbers(turnedRaster(page, 90)), [4, 2, 0, 5, 3, 1]);
  assert.deepEqual(numbers(turnedRaster(page, 180)), [5, 4, 3, 2, 1, 0]);
  assert.deepEqual(numbers(turnedRaster(page, 270)), [1, 3, 5, 0, 2, 4]);
  assert.equal(turnedRaster(page, 90).width, 3);
  assert.equal(turnedRaster(page, 0), page);
  const again = turnedRaster(turnedRaster(turnedRaster(turnedRaster(page, 90), 90), 90), 90);
  assert.deepEqual(again, page);
});
