import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectiveSize, percentileInterval, wilsonInterval } from '../../../../../services/eval/metric/interval.ts';

test('Wilson intervals are those of the tables', () => {
  // Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I: method 3.
  const cases: [right: number, total: number, low: number, high: number][] = [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ];
  for (const [right, total, low, high] of cases) {
    const found = wilsonInterval(right, total, 0.95);
    assert.ok(Math.abs(found.low - low) < 5e-5 && Math.abs(found.high - high) < 5e-5, `${right}/${total}`);
  }
});

test('cases that resemble each other inside their units are worth fewer', () => {
  assert.equal(effectiveSize([1, 0, 1, 0], [1, 1, 1, 1]), 4);
  // Units of ten equal cases each are worth one case each.
  assert.equal(effectiveSize([10, 0, 10, 0], [10, 10, 10, 10]), 4);
  assert.equal(effectiveSize([0, 0], [5, 5]), 10);
});

test('draws that had nothing to measure do not count', () => {
  const draws = Float64Array.from([Number.NaN, 3, 1, 2]);
  assert.deepEqual(percentileInterval(draws, 1), { low: 1, high: 3 });
  assert.equal(percentileInterval(Float64Array.of(Number.NaN), 0.95), undefined);
});
