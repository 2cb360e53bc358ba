import assert from 'node:assert/strict';
import { test } from 'node:test';
import { letterRepairs, lostNumbers, rightNumbers, sumRepairs } from '../../bench/ocr-repairs.ts';

test('letters are counted where they are printed: misread at first, repaired, broken', () => {
  const counts = letterRepairs('Kışın İğde ışık', 'Kişın iğde işik', 'Kışin İğde ışik');
  assert.deepEqual(counts.get('ı'), { total: 4, wrong: 3, repaired: 2, broken: 1 });
  assert.deepEqual(counts.get('İ'), { total: 1, wrong: 1, repaired: 1, broken: 0 });
  assert.deepEqual(counts.get('ş'), { total: 2, wrong: 0, repaired: 0, broken: 0 });
  assert.deepEqual(counts.get('ğ'), { total: 1, wrong: 0, repaired: 0, broken: 0 });
});

test('a capital counts under its small letter; what is none of the letters counts as other', () => {
  const counts = letterRepairs('ŞaIi', 'Saii', 'Şaıi');
  assert.deepEqual(counts.get('ş'), { total: 1, wrong: 1, repaired: 1, broken: 0 });
  assert.deepEqual(counts.get('other'), { total: 3, wrong: 1, repaired: 0, broken: 0 });
});

test('what fusion puts in beside a letter breaks nothing that stands', () => {
  const counts = letterRepairs('açık', 'açik', 'açıık');
  assert.deepEqual(counts.get('ı'), { total: 1, wrong: 1, repaired: 1, broken: 0 });
});

test('counts of pages are summed by letter', () => {
  const one = letterRepairs('ıı', 'ii', 'ıi');
  assert.deepEqual(sumRepairs([one, one]).get('ı'), { total: 4, wrong: 4, repaired: 2, broken: 0 });
});

test('a number is lost where reference and recognizer have it and fusion has not, as often as they have it', () => {
  assert.equal(rightNumbers('12,50 and 7 and 7', '12,50 und 7'), 2);
  assert.deepEqual(lostNumbers('due 20/11/2017', 'due 20/11/2017', 'due20/11/2017'), []);
  assert.deepEqual(lostNumbers('Bi11: 20/11', 'Bi11: 20/11', 'Bi11:20/11'), ['11', '20/11']);
  assert.deepEqual(lostNumbers('7 7', '7 7', '7 1'), ['7']);
  assert.deepEqual(lostNumbers('8', '3', '5'), [], 'the recognizer was wrong already');
});
