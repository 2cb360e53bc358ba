import assert from 'node:assert/strict';
import test from 'node:test';
import { alignmentCost, firstColumns, medianFilter } from '../../../../models/whisper/alignment.ts';
import { seededRandom } from '../../../../models/whisper/sampling.ts';

/** Cheapest monotonic way by plain recursion: cost and cells. */
function cheapest(
  cost: Float32Array,
  columns: number,
  row: number,
  column: number,
): { sum: number; cells: number[][] } {
  const here = cost[row * columns + column]!;
  if (row === 0 && column === 0) return { sum: here, cells: [[0, 0]] };
  const ways: { sum: number; cells: number[][] }[] = [];
  if (row > 0 && column > 0) ways.push(cheapest(cost, columns, row - 1, column - 1));
  if (row > 0) ways.push(cheapest(cost, columns, row - 1, column));
  if (column > 0) ways.push(cheapest(cost, columns, row, column - 1));
  const best = ways.reduce((a, b) => (b.sum < a.sum ? b : a));
  return { sum: best.sum + here, cells: [...best.cells, [row, column]] };
}

test('warping finds the cheapest way, as enumeration does', () => {
  const random = seededRandom(11);
  for (let round = 0; round < 30; round++) {
    const rows = 1 + (round % 4);
    const columns = 1 + (round % 6);
    const cost = Float32Array.from({ length: rows * columns }, () => random());
    const { cells } = cheapest(cost, columns, rows - 1, columns - 1);
    const want = Array.from({ length: rows }, (_, row) => cells.find((cell) => cell[0] === row)![1]);
    assert.deepEqual([...firstColumns(cost, rows, columns)], want, `round ${round}`);
  }
});

test('more rows than columns: times stand still, never back', () => {
  const first = firstColumns(new Float32Array(6 * 2), 6, 2);
  assert.ok(first.every((column, row) => row === 0 || column >= first[row - 1]!));
});

test('the median filter mirrors the row at its ends', () => {
  const row = Float32Array.of(9, 1, 2, 3, 100, 5, 6);
  assert.deepEqual([...medianFilter(row, 3)], [1, 2, 2, 3, 5, 6, 5]);
  assert.deepEqual([...medianFilter(Float32Array.of(4, 2), 5)], [4, 2]);
});

test('the cost is lowest where a token looks, and padding does not matter', () => {
  const [tokens, frames, realFrames] = [4, 60, 40];
  const attention = new Float32Array(tokens * frames).fill(0.001);
  for (let token = 0; token < tokens; token++) {
    attention.fill(0.05, token * frames + token * 10, token * frames + token * 10 + 10);
    attention.fill(token * 7, token * frames + realFrames, (token + 1) * frames);
  }
  const cost = alignmentCost(attention, { heads: 1, tokens, frames, realFrames });
  assert.deepEqual([...firstColumns(cost, tokens, realFrames)], [0, 10, 20, 30]);
});
