import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EditCounts } from '../../../services/eval/error-rate.ts';
import { crossValidate } from '../../bench/tune.ts';

const counts = (errors: readonly number[]): EditCounts[] =>
  errors.map((substitutions) => ({ refUnits: 10, hypUnits: 10, substitutions, deletions: 0, insertions: 0 }));

test('each group is judged by the setting that was best on the other groups', () => {
  // a is best on the last four clips, b on the first two: what is best on a group must not choose for it.
  const settings = new Map([
    ['a', counts([5, 5, 0, 0, 0, 0])],
    ['b', counts([0, 0, 2, 2, 2, 2])],
  ]);
  const { chosen, counts: judged } = crossValidate(settings, 6, 3);
  assert.deepEqual(chosen, ['a', 'b', 'b']);
  assert.deepEqual(
    judged.map((one) => one.substitutions),
    [5, 5, 2, 2, 2, 2],
  );
});

test('ties go to the setting named first, and every clip is judged once', () => {
  const settings = new Map([
    ['r=0', counts([1, 1, 1])],
    ['r=0.1', counts([1, 1, 1])],
  ]);
  const { chosen, counts: judged } = crossValidate(settings, 3, 2);
  assert.deepEqual(chosen, ['r=0', 'r=0']);
  assert.equal(judged.length, 3);
});
