import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UnitKind } from '../../../../../services/eval/error-rate.ts';
import { wordConfidences } from '../../../../../services/eval/metric/word-confidence.ts';
import { textNormalizer } from '../../../../../services/eval/normalizer/text-normalizer.ts';

function verdicts(language: string, kind: UnitKind, ref: string, words: string[]) {
  const normalize = textNormalizer(language);
  const given = words.map((text, i) => ({ text, confidence: i / 10 }));
  const glue = kind === 'char' ? '' : ' ';
  return wordConfidences(given, normalize(ref), normalize(words.join(glue)), kind, normalize);
}

test('each word of the hypothesis is right or wrong with its confidence', () => {
  assert.deepEqual(verdicts('en', 'word', 'the cat sat', ['The', 'bat', 'sat,', 'down']), [
    [0, 1],
    [0.1, 0],
    [0.2, 1],
    [0.3, 0],
  ]);
});

test('words that become one number share its verdict, and pure punctuation has none', () => {
  assert.deepEqual(verdicts('en', 'word', 'it is 250', ['it', 'is', 'two', 'hundred', 'and', 'fifty', '!']), [
    [0, 1],
    [0.1, 1],
    [0.2, 1],
    [0.3, 1],
    [0.4, 1],
    [0.5, 1],
  ]);
  assert.deepEqual(verdicts('en', 'word', 'it is 260', ['is', 'two', 'hundred', 'fifty']), [
    [0, 1],
    [0.1, 0],
    [0.2, 0],
    [0.3, 0],
  ]);
});

test('a Chinese word is right where all of its characters are', () => {
  assert.deepEqual(verdicts('zh', 'char', '今天天气很好', ['今天', '天起', '很', '好']), [
    [0, 1],
    [0.1, 0],
    [0.2, 1],
    [0.3, 1],
  ]);
});
