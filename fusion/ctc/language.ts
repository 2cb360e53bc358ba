/** Letters that no other language of ours writes. */
const TURKISH_LETTERS = /[ğĞıİşŞ]/gu;
/**
 * The commonest function words that no neighbor writes alike: the letters alone leave short Turkish texts, and all of
 * English, undecided.
 */
const TURKISH_WORDS = new Set(
  've bir bu da de için ile çok olarak daha gibi olan kadar sonra ama o ne en her var'.split(' '),
);
const ENGLISH_WORDS = new Set(
  'the of and to that is for it with by not this or his from which but have they we you'.split(' '),
);
/** A text with more kana than this share of its Han and kana is Japanese. */
const KANA_SHARE = 0.1;
/** Han counts for more than a Latin letter: a character is most of a word. */
const HAN_WEIGHT = 2;
/** Of all words, the share of function words that makes a language likely; running text has 0.2 to 0.5. */
const FUNCTION_SHARE_MIN = 0.08;

/**
 * The language of a page by the letters and the commonest words of its likeliest reading, as an ISO 639-1 code among zh,
 * ja, ko, ru, tr and en, or `other`. It chooses a preset, nothing else, and says `other` when in doubt.
 */
export function languageOf(text: string): string {
  const count = (pattern: RegExp) => text.match(pattern)?.length ?? 0;
  const han = count(/\p{Script=Han}/gu);
  const kana = count(/[\p{Script=Hiragana}\p{Script=Katakana}]/gu);
  const hangul = count(/\p{Script=Hangul}/gu);
  const cyrillic = count(/\p{Script=Cyrillic}/gu);
  const latin = count(/\p{Script=Latin}/gu);
  const eastern = HAN_WEIGHT * (han + kana);
  if (eastern > 0 && eastern >= Math.max(latin, HAN_WEIGHT * hangul, cyrillic)) {
    return kana > KANA_SHARE * (han + kana) ? 'ja' : 'zh';
  }
  if (hangul > 0 && HAN_WEIGHT * hangul >= Math.max(latin, cyrillic)) return 'ko';
  if (cyrillic > latin) return 'ru';
  if (latin === 0) return 'other';
  const words = text.toLocaleLowerCase('tr').match(/\p{L}+/gu) ?? [];
  const englishWords = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  const turkish = words.filter((word) => TURKISH_WORDS.has(word)).length;
  const english = englishWords.filter((word) => ENGLISH_WORDS.has(word)).length;
  // A Turkish word in six has one of these letters; a loan word now and then does not make a page Turkish.
  const turkishShare = (turkish + count(TURKISH_LETTERS)) / words.length;
  const englishShare = english / words.length;
  if (Math.max(turkishShare, englishShare) < FUNCTION_SHARE_MIN) return 'other';
  return turkishShare >= englishShare ? 'tr' : 'en';
}
