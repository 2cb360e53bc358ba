import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_NORMALIZER, textNormalizer } from '../../../../../services/eval/normalizer/text-normalizer.ts';
import { readCases, type TextCase } from '../../../../support/case-file.ts';

function normalizerOf(language: string, { options }: TextCase) {
  const script = options.get('script') ?? DEFAULT_NORMALIZER.script;
  const numerals = options.get('numerals') ?? DEFAULT_NORMALIZER.numerals;
  assert.ok(script === 'hans' || script === 'hant' || script === 'keep');
  assert.ok(numerals === 'arabic' || numerals === 'keep');
  return textNormalizer(options.get('lang') ?? language, { script, numerals });
}

for (const language of ['zh', 'en', 'tr', 'other']) {
  const cases = readCases(`fixtures/cases/normalize/${language}.cases.txt`);

  test(`normalizer cases of ${language} come out as written`, () => {
    assert.ok(cases.length >= 4);
    for (const one of cases) {
      assert.equal(normalizerOf(language, one)(one.input), one.expected, one.where);
    }
  });

  test(`normalizing ${language} twice changes nothing more`, () => {
    for (const one of cases) assert.equal(normalizerOf(language, one)(one.expected), one.expected, one.where);
  });
}

test('Chinese numbers from 1 to 99,999 come out the same from numerals as from digits', () => {
  const normalize = textNormalizer('zh');
  for (let value = 1; value < 100_000; value += value < 1200 ? 1 : 97) {
    assert.equal(normalize(`第${chineseNumeral(value)}名`), normalize(`第${value}名`), String(value));
  }
});

/** Reads a number out the plain way: 10 is 一十 within a number, 十 at its start. */
function chineseNumeral(value: number): string {
  const digits = '零一二三四五六七八九';
  const units = ['', '十', '百', '千', '万'];
  let out = '';
  let gap = false;
  for (let power = 4; power >= 0; power--) {
    const digit = Math.floor(value / 10 ** power) % 10;
    if (digit === 0) gap = out !== '';
    else {
      out += `${gap ? '零' : ''}${digits[digit]}${units[power]}`;
      gap = false;
    }
  }
  return out.replace(/^一十/u, '十');
}
