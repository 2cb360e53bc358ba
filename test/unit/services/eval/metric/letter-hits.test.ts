import assert from 'node:assert/strict';
import { test } from 'node:test';
import { letterHits } from '../../../../../services/eval/metric/letter-hits.ts';

test('each Turkish letter is counted where it was read, lost and put in wrongly', () => {
  const hits = letterHits('İğde ağacı çiçek', 'Iğde agacı ciçek');
  assert.deepEqual(hits['İ'], { tp: 0, fp: 0, fn: 1 });
  assert.deepEqual(hits['ğ'], { tp: 1, fp: 0, fn: 1 });
  assert.deepEqual(hits['ı'], { tp: 1, fp: 0, fn: 0 });
  assert.deepEqual(hits['ç'], { tp: 1, fp: 0, fn: 1 });
  assert.deepEqual(letterHits('acı', 'acı ı')['ı'], { tp: 1, fp: 1, fn: 0 });
});

test('capitals count under the small letter and must be read as capitals', () => {
  assert.deepEqual(letterHits('ŞEKER', 'ŞEKER')['ş'], { tp: 1, fp: 0, fn: 0 });
  assert.deepEqual(letterHits('ŞEKER', 'şEKER')['ş'], { tp: 0, fp: 1, fn: 1 });
  assert.deepEqual(letterHits('IRMAK', 'IRMAK')['ı'], { tp: 0, fp: 0, fn: 0 });
});
