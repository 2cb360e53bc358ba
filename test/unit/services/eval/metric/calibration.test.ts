import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Calibration } from '../../../../../services/eval/metric/calibration.ts';

test('the calibration error is the gap of confidence and accuracy, weighed by words', () => {
  const calibration = new Calibration();
  for (let i = 0; i < 30; i++) calibration.add(0.9, i < 15 ? 1 : 0);
  for (let i = 0; i < 10; i++) calibration.add(0.1, i < 1 ? 1 : 0);
  // 30 of 40 words are 0.4 too sure, 10 are just right.
  assert.ok(Math.abs(calibration.error() - 0.3) < 1e-12);
  const bins = calibration.bins().filter(({ count }) => count > 0);
  assert.deepEqual(
    bins.map(({ count, accuracy }) => [count, accuracy]),
    [
      [10, 0.1],
      [30, 0.5],
    ],
  );
});

test('a confidence of 1 belongs to the last bin, and no words have no error', () => {
  const calibration = new Calibration();
  assert.ok(Number.isNaN(calibration.error()));
  calibration.add(1, 1);
  assert.equal(calibration.bins().at(-1)!.count, 1);
  assert.equal(calibration.error(), 0);
});
