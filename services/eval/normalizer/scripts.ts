/**
 * Character class (for a `u` or `v` expression) of scripts written without spaces between words: Han, kana, Thai, Lao,
 * Khmer, Burmese.
 */
export const UNSPACED = '[\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}\\p{sc=Thai}\\p{sc=Laoo}\\p{sc=Khmr}\\p{sc=Mymr}]';
