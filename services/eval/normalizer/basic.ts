/**
 * What every language shares:
 *
 * 1. Unicode NFKC: full-width letters, digits and punctuation become half-width, ligatures fall apart.
 * 2. Invisible characters (zero-width, byte order mark, soft hyphen, variation selectors) are dropped.
 * 3. Punctuation and symbols become a space. A decimal point or comma-free number keeps its point (3.14), a number keeps
 *    its percent sign and the currency sign before it. Thousands commas (4,000) are dropped.
 * 4. Runs of white space become one space; none at the ends.
 *
 * Letters with marks are kept: unlike the basic rules published with Whisper, marks (category M) are not punctuation,
 * or Hindi and Thai words would fall into pieces.
 */

const INVISIBLE = /\p{Cf}|\p{Variation_Selector}/gu;
const THOUSANDS_COMMA = /(?<=\d),(?=\d{3}(?!\d))/gu;
/** A mark that belongs to a number stays: the point between digits, the percent sign after one, a currency before one. */
const PUNCTUATION = /(?!(?<=\d)\.(?=\d)|(?<=\d)%|[$¢£€¥](?=\d))[\p{P}\p{S}]/gu;

/** Steps 1 and 2. */
export function foldWidth(text: string): string {
  return text.normalize('NFKC').replace(INVISIBLE, '');
}

/** Steps 3 and 4. */
export function stripPunctuation(text: string): string {
  return squeezeSpaces(text.replace(THOUSANDS_COMMA, '').replace(PUNCTUATION, ' '));
}

export function squeezeSpaces(text: string): string {
  return text.replace(/\s+/gu, ' ').trim();
}

/** For languages without rules of their own. */
export function normalizeBasic(text: string): string {
  return stripPunctuation(foldWidth(text).toLowerCase()).normalize('NFC');
}
