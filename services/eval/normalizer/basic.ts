/**
 * What every language shares:
 *
 * 1. Unicode NFKC: full-width letters, digits and punctuation become half-width, ligatures fall apart. With `width: keep`
 *    NFC, which composes letters and their marks and nothing more.
 * 2. Invisible characters (zero-width, byte order mark, soft hyphen, variation selectors) are dropped.
 * 3. Decimal digits of every script become 0 to 9 (२५ -> 25), unless numerals are kept.
 * 4. Punctuation and symbols become a space. A decimal point or comma-free number keeps its point (3.14), a number keeps
 *    its percent sign and the currency sign before it. Thousands commas (4,000) are dropped.
 * 5. Runs of white space become one space; none at the ends.
 *
 * Letters with marks are kept: unlike the basic rules published with Whisper, marks (category M) are not punctuation,
 * or Hindi and Thai words would fall into pieces.
 */

export interface BasicPolicies {
  readonly numerals: 'arabic' | 'keep';
  readonly punctuation: 'drop' | 'keep';
  readonly case: 'fold' | 'keep';
  readonly width: 'fold' | 'keep';
}

const INVISIBLE = /\p{Cf}|\p{Variation_Selector}/gu;
const THOUSANDS_COMMA = /(?<=\d),(?=\d{3}(?!\d))/gu;
/** A mark that belongs to a number stays: the point between digits, the percent sign after one, a currency before one. */
const PUNCTUATION = /(?!(?<=\d)\.(?=\d)|(?<=\d)%|[$¢£€¥](?=\d))[\p{P}\p{S}]/gu;
const FOREIGN_DIGIT = /(?![0-9])\p{Nd}/gu;

/** Steps 1 and 2. */
export function foldWidth(text: string, width: 'fold' | 'keep' = 'fold'): string {
  return text.normalize(width === 'fold' ? 'NFKC' : 'NFC').replace(INVISIBLE, '');
}

/** Step 3. */
export function foldDigits(text: string): string {
  return text.replace(FOREIGN_DIGIT, (digit) => String(digitValue(digit.codePointAt(0)!)));
}

/** Steps 4 and 5. */
export function stripPunctuation(text: string): string {
  return squeezeSpaces(text.replace(THOUSANDS_COMMA, '').replace(PUNCTUATION, ' '));
}

export function squeezeSpaces(text: string): string {
  return text.replace(/\s+/gu, ' ').trim();
}

/** For languages without rules of their own. */
export function normalizeBasic(text: string, policies: BasicPolicies): string {
  let out = foldWidth(text, policies.width);
  if (policies.case === 'fold') out = out.toLowerCase();
  return finish(out, policies);
}

/** Steps 3 to 5 as the policies say, composed. */
export function finish(text: string, { numerals, punctuation }: BasicPolicies): string {
  const digits = numerals === 'arabic' ? foldDigits(text) : text;
  return (punctuation === 'drop' ? stripPunctuation(digits) : squeezeSpaces(digits)).normalize('NFC');
}

/** Scripts have their ten digits in a row (Unicode Standard, section 4.6), some have several rows without a gap between. */
function digitValue(codePoint: number): number {
  let first = codePoint;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--;
  return (codePoint - first) % 10;
}
