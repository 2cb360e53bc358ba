import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fScore, multisetHits, precisionOf, recallOf } from '../../../../../services/eval/metric/hits.ts';

test('precision, recall and F0.5 follow the M2 conventions where nothing was proposed or to be found', () => {
  assert.deepEqual([precisionOf({ tp: 3, fp: 1, fn: 2 }), recallOf({ tp: 3, fp: 1, fn: 2 })], [0.75, 0.6]);
  assert.equal(precisionOf({ tp: 0, fp: 0, fn: 5 }), 1);
  assert.equal(recallOf({ tp: 0, fp: 5, fn: 0 }), 1);
  assert.equal(fScore({ tp: 0, fp: 0, fn: 0 }, 0.5), 1);
  assert.equal(fScore({ tp: 0, fp: 1, fn: 1 }, 0.5), 0);
  assert.ok(Math.abs(fScore({ tp: 3, fp: 1, fn: 2 }, 0.5) - (1.25 * 0.45) / (0.25 * 0.75 + 0.6)) < 1e-15);
});

test('multisets count what occurs twice twice', () => {
  assert.deepEqual(multisetHits(['a', 'a', 'b'], ['a', 'c', 'a', 'a']), { tp: 2, fp: 2, fn: 1 });
  assert.deepEqual(multisetHits([], []), { tp: 0, fp: 0, fn: 0 });
});
