import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { quadOf, turned } from '../../../../fusion/document/box.ts';
import { type LinePlace, readingOrder } from '../../../../fusion/document/reading-order.ts';

/** left, top, width; lines are 20 high and columns 20 wide where nothing else is said. */
type Place = readonly [left: number, top: number, width: number, height?: number];

function horizontal(...places: readonly Place[]): LinePlace[] {
  return places.map(([left, top, width, height = 20]) => ({
    quad: quadOf({ left, top, right: left + width, bottom: top + height }),
    direction: 'horizontal',
  }));
}

function vertical(...places: readonly Place[]): LinePlace[] {
  return places.map(([left, top, width, height = 200]) => ({
    quad: quadOf({ left, top, right: left + width, bottom: top + height }),
    direction: 'vertical',
  }));
}

const orderOf = (lines: readonly LinePlace[], skewDegrees = 0) =>
  readingOrder(lines, skewDegrees).map((block) => [...block.lines]);

function column(left: number, tops: readonly number[], width = 300): Place[] {
  return tops.map((top) => [left, top, width]);
}

const TOPS = [100, 125, 150, 175, 200];

test('no lines make no blocks', () => {
  assert.deepEqual(readingOrder([]), []);
});

test('lines below each other are one paragraph from top to bottom, whatever order they came in', () => {
  assert.deepEqual(orderOf(horizontal([10, 50, 200], [10, 0, 200], [10, 25, 180])), [[1, 2, 0]]);
});

test('a wide gap, or another size of letters, begins a new block', () => {
  const lines = horizontal([10, 0, 400, 40], [10, 60, 300], [10, 85, 300], [10, 180, 300]);
  assert.deepEqual(orderOf(lines), [[0], [1, 2], [3]]);
});

test('two text columns are read one after the other, though their lines stand side by side', () => {
  const lines = horizontal(...column(0, TOPS), ...column(340, TOPS));
  assert.deepEqual(orderOf(lines), [
    [0, 1, 2, 3, 4],
    [5, 6, 7, 8, 9],
  ]);
});

test('three columns, and lines that came in mixed order', () => {
  const places = TOPS.flatMap((top): Place[] => [
    [700, top, 280],
    [0, top, 300],
    [350, top, 290],
  ]);
  assert.deepEqual(orderOf(horizontal(...places)), [
    [1, 4, 7, 10, 13],
    [2, 5, 8, 11, 14],
    [0, 3, 6, 9, 12],
  ]);
});

test('a headline over two columns and a footer under them are read where they stand', () => {
  const lines = horizontal([0, 60, 640], ...column(0, TOPS), ...column(340, TOPS), [0, 225, 640]);
  assert.deepEqual(orderOf(lines), [[0], [1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11]]);
});

test('rows of a receipt are read across: a name, and its price at the right margin', () => {
  const lines = horizontal([0, 0, 120], [400, 0, 50], [0, 30, 200], [410, 30, 40], [0, 60, 90], [405, 60, 45]);
  const [block] = readingOrder(lines);
  assert.equal(block!.kind, 'table');
  assert.deepEqual(block!.lines, [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(
    block!.cells!.map(({ row, column: at }) => [row, at]),
    [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
      [2, 0],
      [2, 1],
    ],
  );
});

test('a cell that is missing leaves its column empty', () => {
  const lines = horizontal([0, 0, 60], [200, 0, 60], [400, 0, 60], [0, 30, 60], [400, 30, 60]);
  const [block] = readingOrder(lines);
  assert.deepEqual(
    block!.cells!.map(({ row, column: at }) => [row, at]),
    [
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 0],
      [1, 2],
    ],
  );
});

test('a line that the detector took apart stays one line of its paragraph', () => {
  const lines = horizontal([0, 0, 100], [115, 0, 150], [0, 25, 260], [0, 50, 90], [110, 50, 140]);
  assert.deepEqual(readingOrder(lines), [{ kind: 'text', lines: [0, 1, 2, 3, 4] }]);
});

test('a table of short cells is read across, though two of its columns together are wide', () => {
  const tops = [0, 25, 50, 75, 100];
  const places = tops.flatMap((top): Place[] => [
    [0, top, 40],
    [90, top, 90],
    [230, top, 40],
    [290, top, 50],
    [370, top, 45],
  ]);
  assert.deepEqual(
    orderOf(horizontal(...places)).flat(),
    places.map((_, i) => i),
  );
});

test('boxes of narrow print nearly touch: six lines on each side make two columns, three do not', () => {
  const tops = [0, 25, 50, 75, 100, 125];
  assert.deepEqual(orderOf(horizontal(...column(0, tops), ...column(305, tops))), [
    [0, 1, 2, 3, 4, 5],
    [6, 7, 8, 9, 10, 11],
  ]);
  const few = tops.slice(0, 3);
  assert.deepEqual(orderOf(horizontal(...column(0, few), ...column(305, few))).flat(), [0, 3, 1, 4, 2, 5]);
});

test('two lines below each other are two rows, though a box beside them overlaps with both', () => {
  const lines = horizontal([0, 0, 200], [0, 18, 200], [300, 4, 60], [300, 22, 60]);
  assert.deepEqual(orderOf(lines).flat(), [0, 2, 1, 3]);
});

test('vertical lines are read from right to left', () => {
  assert.deepEqual(orderOf(vertical([0, 0, 20], [60, 0, 20], [30, 0, 20])), [[1, 2, 0]]);
});

test('vertical lines in two tiers: the upper one first', () => {
  const tops = [0, 230];
  const lines = tops.flatMap((top) => vertical([60, top, 20], [30, top, 20], [0, top, 20]));
  assert.deepEqual(orderOf(lines).flat(), [0, 1, 2, 3, 4, 5]);
});

test('a vertical text under a horizontal headline is a block of its own', () => {
  const lines = [...horizontal([0, 0, 300]), ...vertical([60, 60, 20], [30, 60, 20]), ...horizontal([0, 300, 300])];
  assert.deepEqual(orderOf(lines), [[0], [1, 2], [3]]);
});

test('a page that lies askew is read as if it were straight, once its angle is known', () => {
  const straight = horizontal(...column(0, TOPS, 900), [0, 225, 300], [700, 225, 200]);
  const askew = straight.map((line) => ({ ...line, quad: turned(line.quad, 3) }));
  assert.deepEqual(orderOf(askew, 3), orderOf(straight));
});

test('every line stands in exactly one block, and moving or scaling the page changes nothing', () => {
  const place = fc.tuple(fc.nat(900), fc.nat(1200), fc.integer({ min: 5, max: 500 }), fc.integer({ min: 5, max: 60 }));
  fc.assert(
    fc.property(fc.array(place, { maxLength: 40 }), fc.array(place, { maxLength: 6 }), (across, down) => {
      const lines = [...horizontal(...across), ...vertical(...down)];
      const order = orderOf(lines);
      assert.deepEqual(
        order.flat().sort((a, b) => a - b),
        lines.map((_, i) => i),
      );
      const moved = lines.map((line) => ({
        ...line,
        // Powers of two, so that nothing is rounded.
        quad: line.quad.map((value) => value * 4 + 1024) as unknown as LinePlace['quad'],
      }));
      assert.deepEqual(orderOf(moved), order);
    }),
    { seed: 7, numRuns: 300 },
  );
});
