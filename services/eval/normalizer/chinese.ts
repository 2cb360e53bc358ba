/**
 * Chinese:
 *
 * 1. Width folded (NFKC), Latin letters in lower case.
 * 2. Traditional to Simplified, or back, by OpenCC where asked: a reference in one script says nothing about the script
 *    that a recognizer chose.
 * 3. Numerals to Arabic digits (`chinese-numerals.ts`).
 * 4. Punctuation dropped. Words in parentheses stay: in Chinese transcripts they are spoken.
 * 5. Spelled letters are joined (T E C H W E B -> techweb), and so are digits (1 3 8 -> 138: a number read out digit by
 *    digit is one number, however it was spaced); spaces beside Han characters are dropped.
 *
 * With numerals kept, digits stand as they were spaced and as they were written; thousands commas go either way.
 */
import { type BasicPolicies, finish, foldDigits, foldWidth, squeezeSpaces } from './basic.ts';
import { normalizeChineseNumerals } from './chinese-numerals.ts';
import { type ChineseScript, convertScript } from './chinese-script.ts';

const SPELLED_LETTERS = /(?<![a-z0-9])[a-z](?: [a-z](?![a-z0-9]))+/giu;
const SPACE_BETWEEN_DIGITS = /(?<=\d) (?=\d)/gu;
const SPACE_BESIDE_HAN = /(?<=\p{sc=Han}) | (?=\p{sc=Han})/gu;

export function normalizeChinese(text: string, policies: BasicPolicies & { readonly script: ChineseScript }): string {
  let out = foldWidth(text, policies.width);
  if (policies.case === 'fold') out = out.toLowerCase();
  out = convertScript(out, policies.script).replace(/(?<=\d),(?=\d{3}(?!\d))/gu, '');
  if (policies.numerals === 'arabic') out = normalizeChineseNumerals(foldDigits(out));
  out = finish(out, policies).replace(SPELLED_LETTERS, (letters) => letters.replaceAll(' ', ''));
  if (policies.numerals === 'arabic') out = out.replace(SPACE_BETWEEN_DIGITS, '');
  return squeezeSpaces(out.replace(SPACE_BESIDE_HAN, ''));
}
