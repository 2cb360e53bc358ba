import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineDetectionHits } from '../../../../../services/eval/metric/line-detection.ts';
import { convexPolygon, sharedArea } from '../../../../../services/eval/metric/polygon.ts';

const box = (x: number, y: number, width: number, height: number) => [
  ...[x, y, x + width, y],
  ...[x + width, y + height, x, y + height],
];

test('areas and shared areas of turned boxes are those of geometry', () => {
  const square = convexPolygon(box(0, 0, 2, 2));
  assert.equal(square.area, 4);
  assert.equal(sharedArea(square, convexPolygon(box(1, 1, 2, 2))), 1);
  assert.equal(sharedArea(square, convexPolygon(box(5, 0, 1, 1))), 0);
  // A diamond around the square's center, of half its area, lies inside it.
  const diamond = convexPolygon([1, 0, 2, 1, 1, 2, 0, 1]);
  assert.ok(Math.abs(sharedArea(square, diamond) - 2) < 1e-12);
  assert.ok(Math.abs(sharedArea(diamond, square) - 2) < 1e-12);
  // Corners in another order, or crossing, mean the same box.
  assert.equal(convexPolygon([0, 0, 2, 2, 2, 0, 0, 2]).area, 4);
  assert.equal(convexPolygon([0, 0, 1, 1, 2, 2, 3, 3]).area, 0);
});

test('boxes that overlap by half are pairs, one to one', () => {
  const lines = [box(0, 0, 100, 10), box(0, 20, 100, 10)];
  assert.deepEqual(lineDetectionHits(lines, lines), { tp: 2, fp: 0, fn: 0 });
  assert.deepEqual(lineDetectionHits(lines, [box(5, 1, 100, 10)]), { tp: 1, fp: 0, fn: 1 });
  assert.deepEqual(lineDetectionHits(lines, [box(0, 8, 100, 10)]), { tp: 0, fp: 1, fn: 2 });
  assert.deepEqual(lineDetectionHits(lines, []), { tp: 0, fp: 0, fn: 2 });
  assert.deepEqual(lineDetectionHits([], [box(0, 0, 1, 1)]), { tp: 0, fp: 1, fn: 0 });
});

test('a second box on a line that is paired is spurious', () => {
  const line = [box(0, 0, 100, 10)];
  assert.deepEqual(lineDetectionHits(line, [box(0, 0, 100, 10), box(1, 0, 98, 10)]), { tp: 1, fp: 1, fn: 0 });
});

test('a line found whole counts for each word box, and words found one by one for their line', () => {
  const words = [box(0, 0, 30, 10), box(40, 0, 30, 10), box(80, 0, 20, 10)];
  const line = [box(0, 0, 100, 10)];
  assert.deepEqual(lineDetectionHits(words, line), { tp: 3, fp: 0, fn: 0 });
  assert.deepEqual(lineDetectionHits(line, words), { tp: 1, fp: 0, fn: 0 });
});

test('a box over the whole page finds nothing', () => {
  const lines = [box(0, 0, 100, 10), box(0, 100, 100, 10)];
  assert.deepEqual(lineDetectionHits(lines, [box(0, 0, 100, 200)]), { tp: 0, fp: 1, fn: 2 });
});
