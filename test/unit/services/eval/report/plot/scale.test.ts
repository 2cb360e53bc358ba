import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decadeAxis,
  linearScale,
  logScale,
  niceAxis,
  niceStep,
} from '../../../../../../services/eval/report/plot/scale.ts';

test('ticks stand at 1, 2 or 5 times a power of ten, and the ends of the axis are ticks', () => {
  assert.deepEqual(niceAxis([0, 0.23], { fromZero: true }).ticks, [0, 0.05, 0.1, 0.15, 0.2, 0.25]);
  assert.deepEqual(niceAxis([3, 97]).ticks, [0, 20, 40, 60, 80, 100]);
  assert.deepEqual(niceAxis([1234, 5678]).ticks, [1000, 2000, 3000, 4000, 5000, 6000]);
  assert.deepEqual(niceAxis([-0.3, 0.3]).ticks, [-0.4, -0.2, 0, 0.2, 0.4]);
  assert.deepEqual([niceStep(0.03), niceStep(0.1), niceStep(7), niceStep(2)], [0.05, 0.1, 10, 2]);
});

test('an axis does not grow by a step because of binary fractions', () => {
  assert.deepEqual(niceAxis([0, 0.3], { ticks: 3 }).ticks, [0, 0.1, 0.2, 0.3]);
  assert.equal(niceAxis([0, 0.7], { ticks: 7 }).high, 0.7);
});

test('values that are not finite are no values; without any the axis is 0 to 1', () => {
  assert.deepEqual(niceAxis([]).ticks, [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(niceAxis([Number.NaN, Number.POSITIVE_INFINITY]), niceAxis([]));
  assert.equal(niceAxis([1, Number.NaN, 3]).high, 3);
});

test('one value, or all zeros, get an axis with room', () => {
  assert.deepEqual([niceAxis([0, 0, 0]).low, niceAxis([0]).high], [0, 1]);
  const one = niceAxis([7]);
  assert.ok(one.low < 7 && one.high > 7 && one.ticks.length >= 3);
  const negative = niceAxis([-2]);
  assert.ok(negative.low < -2 && negative.high > -2);
  assert.deepEqual(niceAxis([4], { fromZero: true }).ticks, [0, 1, 2, 3, 4]);
});

test('scales map ends to ends, and an empty domain to the middle', () => {
  const scale = linearScale(10, 20, 100, 0);
  assert.deepEqual([scale(10), scale(15), scale(20)], [100, 50, 0]);
  assert.equal(linearScale(3, 3, 0, 100)(3), 50);
  const log = logScale(1, 100, 0, 200);
  assert.deepEqual([log(1), Math.round(log(10)), log(100)], [0, 100, 200]);
  assert.deepEqual([log(0), log(-5)], [0, 0]);
});

test('a logarithmic axis begins and ends at powers of ten and leaves out what has no logarithm', () => {
  assert.deepEqual(decadeAxis([3, 450]).ticks, [1, 10, 100, 1000]);
  assert.deepEqual(decadeAxis([0, -1, Number.NaN]).ticks, [1, 10]);
  assert.deepEqual(decadeAxis([10]).ticks, [10, 100]);
  assert.deepEqual(decadeAxis([0.02]).ticks, [0.01, 0.1]);
});
