import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Quad } from '../../../../models/core/page.ts';
import { dbBoxes, meanInside, type ProbabilityMap } from '../../../../models/ocr/db-boxes.ts';

const golden = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../../../../fixtures/golden/text-boxes.json', import.meta.url)), 'utf8'),
).map as {
  readonly width: number;
  readonly height: number;
  readonly bars: readonly (readonly [number, number, number, number, number, number])[];
  readonly boxes: readonly { readonly quad: Quad; readonly score: number }[];
};

/** The map of fixtures/golden/text-boxes.py. */
function goldenMap(): ProbabilityMap {
  const { width, height, bars } = golden;
  const values = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (const [cx, cy, length, across, degrees, peak] of bars) {
        const c = Math.cos((degrees * Math.PI) / 180);
        const s = Math.sin((degrees * Math.PI) / 180);
        const a = Math.abs((x - cx) * c + (y - cy) * s) - length / 2;
        const b = Math.abs((y - cy) * c - (x - cx) * s) - across / 2;
        const value = peak / ((1 + Math.exp(a)) * (1 + Math.exp(b)));
        values[y * width + x] = Math.max(values[y * width + x]!, value);
      }
    }
  }
  return { width, height, values };
}

/** A map with rectangles of probability 0.9: left, top, right, bottom, both ends in it. */
function blocks(width: number, height: number, ...rects: [number, number, number, number][]): ProbabilityMap {
  const values = new Float32Array(width * height);
  for (const [left, top, right, bottom] of rects) {
    for (let y = top; y <= bottom; y++) values.fill(0.9, y * width + left, y * width + right + 1);
  }
  return { width, height, values };
}

test('boxes of level and turned bars equal those of OpenCV and Clipper to half a pixel', () => {
  const boxes = dbBoxes(goldenMap(), golden);
  const expected = golden.boxes.filter((box) =>
    box.quad.every((value, i) => value >= 0 && value < (i % 2 ? 120 : 160)),
  );
  assert.ok(expected.length >= 3);
  assert.equal(boxes.length, golden.boxes.length);
  for (const { quad, score } of expected) {
    const off = (found: Quad): number => Math.max(...found.map((value, i) => Math.abs(value - quad[i]!)));
    const nearest = boxes.reduce((a, b) => (off(a.quad) < off(b.quad) ? a : b));
    assert.ok(off(nearest.quad) < 0.5, `${nearest.quad} for ${quad}`);
    // OpenCV's fill takes corners cut to whole pixels, and pixels that the outline only touches.
    assert.ok(nearest.score - score > -0.01 && nearest.score - score < 0.08, `score ${nearest.score}, OpenCV ${score}`);
  }
});

test('a box that grows over the edge of the page ends at its last pixel', () => {
  const [box] = dbBoxes(blocks(60, 20, [0, 2, 59, 17]), { width: 60, height: 20 });
  assert.deepEqual(box!.quad, [0, 0, 59, 0, 59, 19, 0, 19]);
});

test('boxes come in pixels of the page, whatever the size of the map', () => {
  const map = blocks(100, 50, [30, 20, 69, 29]);
  const [one] = dbBoxes(map, { width: 100, height: 50 });
  const [three] = dbBoxes(map, { width: 300, height: 100 });
  for (const [i, value] of three!.quad.entries()) {
    assert.ok(Math.abs(value - one!.quad[i]! * (i % 2 === 0 ? 3 : 2)) < 1e-9);
  }
});

test('rows come from top to bottom, boxes of a row from left to right, though one stands a little higher', () => {
  const map = blocks(200, 100, [120, 20, 180, 30], [10, 22, 80, 32], [10, 60, 80, 70]);
  const lefts = dbBoxes(map, map).map(({ quad }) => [Math.round(quad[0] / 100), quad[1] > 40]);
  assert.deepEqual(lefts, [
    [0, false],
    [1, false],
    [0, true],
  ]);
});

test('specks and weak regions are left out', () => {
  const faint = blocks(100, 50, [10, 10, 60, 20]);
  for (let i = 0; i < faint.values.length; i++) if (faint.values[i]! > 0) faint.values[i] = 0.4;
  assert.deepEqual(dbBoxes(faint, faint), []);
  const speck = blocks(100, 50, [10, 10, 11, 11]);
  assert.deepEqual(dbBoxes(speck, speck), []);
  assert.deepEqual(dbBoxes(blocks(1, 1, [0, 0, 0, 0]), { width: 1, height: 1 }), []);
});

test('gaps of one pixel between letters do not split a line', () => {
  const letters = blocks(100, 40, [10, 10, 20, 20], [22, 10, 32, 20], [34, 10, 44, 20]);
  assert.equal(dbBoxes(letters, letters).length, 1);
  const words = blocks(100, 40, [10, 10, 20, 20], [24, 10, 34, 20]);
  assert.equal(dbBoxes(words, words).length, 2);
});

test('the mean inside a turned rectangle is that of the pixels in it, counted one by one', () => {
  const map = goldenMap();
  const rect = { centerX: 70.3, centerY: 55.1, along: 50, across: 20, dirX: Math.cos(0.4), dirY: Math.sin(0.4) };
  let sum = 0;
  let count = 0;
  for (let y = 0; y < map.height; y++) {
    for (let x = 0; x < map.width; x++) {
      const along = (x - rect.centerX) * rect.dirX + (y - rect.centerY) * rect.dirY;
      const across = (y - rect.centerY) * rect.dirX - (x - rect.centerX) * rect.dirY;
      if (Math.abs(along) > 25 || Math.abs(across) > 10) continue;
      sum += map.values[y * map.width + x]!;
      count++;
    }
  }
  assert.ok(count > 900);
  assert.ok(Math.abs(meanInside(map, rect) - sum / count) < 1e-9);
});
