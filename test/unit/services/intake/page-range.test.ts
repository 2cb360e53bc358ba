import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selectPages } from '../../../../services/intake/page-range.ts';

test('ranges give ascending pages that are there, each once', () => {
  assert.deepEqual(selectPages([], 3, 10, 'x'), [1, 2, 3]);
  assert.deepEqual(
    selectPages(
      [
        [4, 5],
        [1, 1],
        [5, 99],
      ],
      6,
      10,
      'x',
    ),
    [1, 4, 5, 6],
  );
  assert.deepEqual(selectPages([[2, Infinity]], 3, 10, 'x'), [2, 3]);
});

test('the limit counts pages that were asked for, not those of the file', () => {
  assert.equal(selectPages([], 10, 10, 'x').length, 10);
  assert.throws(() => selectPages([], 11, 10, 'x'), { code: 'document_too_many_pages' });
  assert.deepEqual(selectPages([[999, 1000]], 1000, 10, 'x'), [999, 1000]);
});

test('what is no range, or leaves nothing, is refused', () => {
  for (const range of [
    [0, 3],
    [3, 2],
    [1.5, 2],
    [1, Number.NaN],
  ] as const) {
    assert.throws(() => selectPages([range], 9, 10, 'x'), { code: 'invalid_option' });
  }
  assert.throws(() => selectPages([[10, 12]], 9, 10, 'x'), { code: 'invalid_option', message: /9 pages/ });
});
