import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NormalizerOptions, textNormalizer } from '../../../../../services/eval/normalizer/text-normalizer.ts';
import { readCases, type TextCase } from '../../../../support/case-file.ts';

/** `key=value` lines of a case file, each a field of NormalizerOptions; `lang` chooses the language. */
const OPTIONS: { readonly [K in keyof NormalizerOptions]: readonly NormalizerOptions[K][] } = {
  rules: ['language', 'ocr', 'verbatim'],
  script: ['hans', 'hant', 'keep'],
  numerals: ['arabic', 'keep'],
  punctuation: ['drop', 'keep'],
  case: ['fold', 'keep'],
  width: ['fold', 'keep'],
  english: ['default', 'whisper'],
};

function normalizerOf(language: string, { options, where }: TextCase) {
  for (const [key, value] of options) {
    const allowed: readonly string[] | undefined = OPTIONS[key as keyof NormalizerOptions];
    assert.ok(key === 'lang' || allowed?.includes(value), `${where}: ${key}=${value} is no option`);
  }
  const { lang, ...given } = Object.fromEntries(options);
  return textNormalizer(lang ?? language, given as Partial<NormalizerOptions>);
}

for (const language of ['zh', 'en', 'tr', 'page', 'other']) {
  const cases = readCases(`fixtures/cases/normalize/${language}.cases.txt`);

  test(`normalizer cases of ${language} come out as written`, () => {
    assert.ok(cases.length >= 4);
    for (const one of cases) {
      assert.equal(normalizerOf(language, one)(one.input), one.expected, one.where);
    }
  });

  test(`normalizing ${language} twice changes nothing more`, () => {
    // The published English rules are no fixed point, and say so (english-published.ts).
    const settled = cases.filter((one) => one.options.get('english') !== 'whisper');
    for (const one of settled) assert.equal(normalizerOf(language, one)(one.expected), one.expected, one.where);
  });
}

test('decimal digits of every script become 0 to 9', () => {
  const normalize = textNormalizer('und');
  let row: string[] = [];
  let rows = 0;
  for (let code = 0; code <= 0x10ffff; code++) {
    const character = code >= 0xd800 && code < 0xe000 ? '' : String.fromCodePoint(code);
    if (!/\p{Nd}/u.test(character)) continue;
    row.push(normalize(character));
    if (row.length < 10) continue;
    assert.equal(row.join(''), '0123456789', `the digits that end at ${code.toString(16)}`);
    row = [];
    rows++;
  }
  assert.ok(rows > 60 && row.length === 0);
});

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
