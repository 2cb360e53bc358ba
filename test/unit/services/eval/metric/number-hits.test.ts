import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberHits } from '../../../../../services/eval/metric/number-hits.ts';

test('a number survives digit for digit, separators included', () => {
  const cases: [ref: string, hyp: string, tp: number, fp: number, fn: number][] = [
    ['Total 1,234.50 on 12/03/2018', 'Total 1,234.50 on 12/03/2018', 2, 0, 0],
    ['Total 1,234.50', 'Total 1,284.50', 0, 1, 1],
    ['Total 1,234.50', 'Total 1234.50', 0, 1, 1],
    ['call 555-0123 or 555-0123', 'call 555-0123', 1, 0, 1],
    ['4000万人', '4000人', 0, 1, 1],
    ['4000万人', '4000万人', 1, 0, 0],
    ['no number', 'a 7', 0, 1, 0],
    ['ends in 7.', 'ends in 7', 1, 0, 0],
  ];
  for (const [ref, hyp, tp, fp, fn] of cases) assert.deepEqual(numberHits(ref, hyp), { tp, fp, fn }, ref);
});
