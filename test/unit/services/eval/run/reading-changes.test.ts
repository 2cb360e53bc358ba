import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readingChanges } from '../../../../../services/eval/run/reading-changes.ts';

test('stretches that differ, by words and by characters', () => {
  assert.deepEqual(readingChanges('a b c', 'a b c'), []);
  assert.deepEqual(readingChanges('the bat sat on a mat', 'the cat sat on mat'), [
    { from: 'bat', to: 'cat' },
    { from: 'a', to: '' },
  ]);
  assert.deepEqual(readingChanges('打开空条', '打开 KTV 空调'), [
    { from: '', to: 'KTV' },
    { from: '条', to: '调' },
  ]);
  assert.deepEqual(readingChanges('', 'two words'), [{ from: '', to: 'two words' }]);
});

test('texts too long to align are one change', () => {
  const long = 'w '.repeat(4001).trim();
  assert.deepEqual(readingChanges(long, `${long} x`), [{ from: long, to: `${long} x` }]);
});
