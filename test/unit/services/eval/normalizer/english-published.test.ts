import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { normalizePublishedEnglish } from '../../../../../services/eval/normalizer/english-published.ts';
import { textNormalizer } from '../../../../../services/eval/normalizer/text-normalizer.ts';

/** What the published rules make of 600 random sentences; see fixtures/golden/whisper-english.py. */
const PUBLISHED: { rows: [text: string, published: string][] } = JSON.parse(
  readFileSync(new URL('../../../../../../fixtures/golden/whisper-english.json', import.meta.url), 'utf8'),
);

test('the published rules come out to the letter on 600 random sentences', () => {
  assert.equal(PUBLISHED.rows.length, 600);
  for (const [text, published] of PUBLISHED.rows) assert.equal(normalizePublishedEnglish(text), published, text);
});

test('the option chooses them for English alone', () => {
  assert.equal(textNormalizer('en', { english: 'whisper' })('nine (9) of 1,2,3'), '9 of 12 3');
  assert.equal(textNormalizer('en')('nine (9) of 1,2,3'), '99 of 123');
  assert.equal(textNormalizer('de', { english: 'whisper' })('nine (9)'), 'nine 9');
});
