/**
 * Words and punctuation of Turkish and English text that nobody has tokenized.
 *
 * 1. Composed (NFC); white space divides.
 * 2. A word is letters, marks and digits. An apostrophe or a hyphen inside stays: Ankara'da, don't, well-known. So do the
 *    point, comma and colon of a number: 3,5 and 10:30.
 * 3. Any other character is punctuation and a token; a run of the same one is one token (..., !!).
 */
const TOKEN = /[\p{L}\p{M}\p{N}]+(?:['’ʼ‘`´\-‐‑][\p{L}\p{M}\p{N}]+|(?<=\p{N})[.,:]\p{N}[\p{L}\p{M}\p{N}]*)*|(\S)\1*/gu;

const WORD = /[\p{L}\p{M}\p{N}]/u;

export function wordTokens(text: string): string[] {
  return text.normalize('NFC').match(TOKEN) ?? [];
}

/** False for punctuation and symbols. */
export function isWord(token: string): boolean {
  return WORD.test(token);
}
