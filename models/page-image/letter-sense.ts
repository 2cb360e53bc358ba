/**
 * Whether a page of text can be writing at all, judged without a dictionary. Fonts that lie about their glyphs give text
 * of three kinds: signs instead of letters, letters in an order that no language has, and UTF-8 read as something else.
 */

/** Below these counts shares say nothing: a table of codes, a page number. */
const VISIBLE_MIN = 20;
const WORDS_MIN = 12;
/** Letters and digits make 70% and more of running text, and of most tables; dot leaders count once. */
const LETTER_SHARE_MIN = 0.5;
/**
 * Unspeakable words among those of three and more Latin letters: no vowel, five consonants or four vowels in a row. Up to 1%
 * in our English and Turkish pages, some more in German and Czech; 13% and more under every shift of the alphabet.
 */
const UNSPEAKABLE_SHARE_MAX = 0.1;
/** With fewer words than this, a few names and units can be as many; then a share of FEW_WORDS_SHARE_MAX is let pass. */
const MANY_WORDS_MIN = 40;
const FEW_WORDS_SHARE_MAX = 0.25;
/** Words with a capital after a small letter: product names have it, a page does not. */
const MIXED_CASE_SHARE_MAX = 0.25;
/** The commonest letter of a text of 50 letters: e has 13% in English, a 12% in Turkish. */
const TOP_LETTER_SHARE_MAX = 0.4;
const TOP_LETTERS_MIN = 50;
/** Pairs that UTF-8 gives when it is read as Latin-1 or Windows-1252, per visible character. */
const MOJIBAKE_SHARE_MAX = 0.05;

const VOWEL = /[aeıiouyæœø]/i;
const PILE = /[^aeıiouyæœø]{5}|[aeıiouyæœø]{4}/i;
// A lead byte of UTF-8 read as a letter, and a continuation byte read as a sign.
const MOJIBAKE =
  /[\u00c2-\u00ef][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]/g;

/** What speaks against `text` (words apart by white space) being writing; null where nothing does. */
export function nonsenseIn(text: string): string | null {
  const visible = text.replace(/\s+/gu, '').replace(/([.·_\-–—…=*])\1{2,}/gu, '$1');
  const count = [...visible].length;
  if (count < VISIBLE_MIN) return null;
  const letters = visible.match(/[\p{L}\p{M}\p{N}]/gu) ?? [];
  if (letters.length / count < LETTER_SHARE_MIN) return 'mostly signs that are no letters';
  if ((visible.match(MOJIBAKE) ?? []).length / count > MOJIBAKE_SHARE_MAX) return 'UTF-8 that was read as Latin-1';
  if (topLetterShare(letters) > TOP_LETTER_SHARE_MAX) return 'one letter over and over';
  return wordNonsense(text);
}

function wordNonsense(text: string): string | null {
  const words = (text.match(/[\p{Script=Latin}\p{M}]{3,}/gu) ?? []).map((word) => bareLetters(word));
  // Capitals alone are often abbreviations; they count only where a page has little else.
  const small = words.filter((word) => word !== word.toUpperCase());
  const judged = small.length >= WORDS_MIN ? small : words;
  if (judged.length < WORDS_MIN) return null;
  const share = (test: (word: string) => boolean) => judged.filter(test).length / judged.length;
  if (share((word) => /\p{Ll}\p{Lu}/u.test(word)) > MIXED_CASE_SHARE_MAX) return 'capitals inside words';
  const bound = judged.length < MANY_WORDS_MIN ? FEW_WORDS_SHARE_MAX : UNSPEAKABLE_SHARE_MAX;
  return share((word) => !VOWEL.test(word) || PILE.test(word)) > bound ? 'words that nobody can speak' : null;
}

/** Accents make no difference between a vowel and a consonant. */
function bareLetters(word: string): string {
  return word.normalize('NFD').replace(/\p{M}+/gu, '');
}

function topLetterShare(letters: readonly string[]): number {
  const counts = new Map<string, number>();
  let total = 0;
  for (const letter of letters) {
    if (/\p{N}/u.test(letter)) continue;
    counts.set(letter, (counts.get(letter) ?? 0) + 1);
    total++;
  }
  return total < TOP_LETTERS_MIN ? 0 : Math.max(...counts.values()) / total;
}
