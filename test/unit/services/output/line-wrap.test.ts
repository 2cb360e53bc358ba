import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrapLines } from '../../../../services/output/line-wrap.ts';
import { padToWidth, textWidth } from '../../../../services/output/text-width.ts';

test('wide characters count two columns, combining marks none', () => {
  assert.equal(textWidth('abc'), 3);
  assert.equal(textWidth('今天'), 4);
  assert.equal(textWidth('e\u0301'), 1);
  assert.equal(textWidth('한국'), 4);
  assert.equal(textWidth('👩‍👩‍👧'), 2);
  assert.equal(padToWidth('今天', 6), '今天  ');
});

test('two lines are about equally long', () => {
  assert.deepEqual(wrapLines('aaa bbb ccc ddd', 12), ['aaa bbb', 'ccc ddd']);
  assert.deepEqual(wrapLines('aaa bbb ccc ddd eee', 12), ['aaa bbb ccc', 'ddd eee']);
});

test('text breaks at spaces and keeps its words', () => {
  assert.deepEqual(wrapLines('one two three four', 8), ['one two', 'three', 'four']);
});

test('a closing mark stays with the character before it, an opening one with the next', () => {
  for (const line of wrapLines('今天天气很好，我们去公园（散步）吧。', 10)) {
    assert.doesNotMatch(line, /^[，。）]/u);
    assert.doesNotMatch(line, /（$/u);
  }
});

test('a word wider than a line is cut', () => {
  assert.deepEqual(wrapLines('abcdefghij', 4), ['abcd', 'efgh', 'ij']);
});
