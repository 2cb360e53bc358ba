import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readingDifferences } from '../../../../fusion/gfd/reading-difference.ts';

const compare = (recognized: string, chosen: string) =>
  readingDifferences(
    { text: recognized, logProb: { recognizer: -1, llm: -20 } },
    { text: chosen, logProb: { recognizer: -2, llm: -10 } },
  ).map((change) => [change.recognized, change.chosen, change.offset]);

test('words of a spaced language differ as words, with the offset in the chosen text', () => {
  assert.deepEqual(compare(' the mail was red', ' the male was read'), [
    [' mail', ' male', 4],
    [' red', ' read', 13],
  ]);
});

test('unspaced characters differ one by one, and insertions and deletions are found', () => {
  assert.deepEqual(compare('设定二十九度', '设定二十酒渡'), [['九度', '酒渡', 4]]);
  assert.deepEqual(compare('设定', '设在定'), [['', '在', 1]]);
  assert.deepEqual(compare('设在定', '设定'), [['在', '', 1]]);
});

test('equal readings differ nowhere, and both scores travel with each change', () => {
  assert.deepEqual(compare('同じ', '同じ'), []);
  const [change] = readingDifferences(
    { text: 'a', logProb: { recognizer: -1, llm: -20 } },
    { text: 'b', logProb: { recognizer: -2, llm: -10 } },
  );
  assert.deepEqual(change!.recognizedLogProb, { recognizer: -1, llm: -20 });
  assert.deepEqual(change!.chosenLogProb, { recognizer: -2, llm: -10 });
});
