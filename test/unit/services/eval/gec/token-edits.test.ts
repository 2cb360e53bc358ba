import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editType, tokenEdits, tokenListEdits } from '../../../../../services/eval/gec/token-edits.ts';
import { isWord, wordTokens } from '../../../../../services/eval/gec/word-tokens.ts';
import { readCases } from '../../../../support/case-file.ts';

for (const [language, least] of [
  ['tr', 20],
  ['en', 8],
] as const) {
  test(`edits of hand-written cases, ${language}`, () => {
    const cases = readCases(`fixtures/cases/gec/${language}-edits.cases.txt`);
    assert.ok(cases.length >= least);
    for (const { input, expected, where } of cases) {
      const [source, target] = input.split(' -> ');
      const shown = tokenEdits(source!, target!, language).map(({ start, end, type, corrections }) => {
        const before = wordTokens(source!).slice(start, end).join(' ');
        return `${type} ${start}-${end} ${before || '_'} > ${corrections[0] || '_'}`;
      });
      assert.equal(shown.join('; '), expected, where);
    }
  });
}

test('text falls into words and punctuation as the cases say', () => {
  const cases = readCases('fixtures/cases/gec/tokens.cases.txt');
  assert.ok(cases.length >= 6);
  for (const { input, expected, where } of cases) assert.equal(wordTokens(input).join(' | '), expected, where);
  assert.deepEqual(wordTokens(' \n '), []);
  assert.deepEqual(["it's", '3', '?!', '€'].map(isWord), [true, true, false, false]);
});

test('the clitics are a matter of Turkish alone', () => {
  assert.equal(editType(['bende'], ['ben', 'de'], 'tr'), 'R:CLITIC');
  assert.equal(editType(['bende'], ['ben', 'de'], 'en'), 'R:ORTH');
});

test('I is the capital of another letter in Turkish than in English', () => {
  assert.equal(editType(['Irak'], ['irak'], 'en'), 'R:ORTH');
  assert.equal(editType(['Irak'], ['irak'], 'tr'), 'R:SPELL');
  assert.equal(editType(['Irak'], ['ırak'], 'tr'), 'R:ORTH');
});

test('a long run of rewritten words is cut into edits in reasonable time, and too long a sentence is refused', () => {
  const words = (letter: string, count: number) => Array.from({ length: count }, (_, i) => `${letter}${i}`);
  assert.equal(tokenListEdits(words('a', 200), words('b', 200), 'en').length, 200);
  assert.throws(() => tokenListEdits(words('a', 5000), words('b', 5000), 'en'), RangeError);
});
