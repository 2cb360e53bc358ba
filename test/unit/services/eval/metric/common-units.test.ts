import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commonUnits } from '../../../../../services/eval/metric/common-units.ts';

test('units in common are counted in order', () => {
  const cases: [ref: string, hyp: string, common: number][] = [
    ['a b c', 'a b c', 3],
    ['a b', 'b a', 1],
    ['a b c d', 'c d a b', 2],
    ['a b c', 'a x c', 2],
    ['', 'a', 0],
    ['a', '', 0],
    ['a a b', 'a b b', 2],
  ];
  for (const [ref, hyp, common] of cases) {
    assert.equal(commonUnits(ref.split(' ').filter(Boolean), hyp.split(' ').filter(Boolean)), common, `${ref}|${hyp}`);
  }
});
