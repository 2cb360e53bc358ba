import assert from 'node:assert/strict';
import test from 'node:test';
import { splitWords } from '../../../../models/whisper/word-split.ts';
import { toyTokens } from '../../../support/toy-whisper.ts';

const texts = (ids: readonly number[], language: string) =>
  splitWords(ids, toyTokens, language).map(({ text }) => text);

test('a space opens a word, and punctuation stands by itself', () => {
  // a, " a", b, ".", " a", ","
  assert.deepEqual(texts([0, 4, 1, 5, 4, 6], 'en'), ['a', ' ab', '.', ' a', ',']);
});

test('without spaces, each character is a word, whatever tokens spell it', () => {
  // 你 (one token), 好 (three tokens), a
  assert.deepEqual(splitWords([11, 8, 9, 10, 0], toyTokens, 'zh'), [
    { text: '你', tokens: [11] },
    { text: '好', tokens: [8, 9, 10] },
    { text: 'a', tokens: [0] },
  ]);
});

test('an unfinished character at the end is dropped, its tokens stay with the last word', () => {
  assert.deepEqual(splitWords([11, 8, 9], toyTokens, 'zh'), [{ text: '你', tokens: [11, 8, 9] }]);
});

test('words join to the decoded text', () => {
  for (const ids of [
    [0, 4, 8, 9, 10, 5],
    [8, 0, 11],
    [9, 9, 0],
    [11, 8, 8, 9, 10],
  ]) {
    assert.equal(texts(ids, 'zh').join(''), toyTokens.decode(ids), `${ids}`);
    assert.equal(texts(ids, 'en').join(''), toyTokens.decode(ids), `${ids}`);
  }
});
