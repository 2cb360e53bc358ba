/**
 * English, by the rules published with Whisper (Radford et al., "Robust Speech Recognition via Large-Scale Weak
 * Supervision", appendix C), written anew:
 *
 * 1. Lower case; text in square or angle brackets and hesitations (hmm, uh, um) are dropped.
 * 2. Contractions are written out (won't -> will not, 's -> is), titles as well (mr -> mister).
 * 3. Diacritics and punctuation are dropped, but for . % $ ¢ € £ beside numbers.
 * 4. Number words become digits (`english-numbers.ts`), British spellings American (`english-spelling.ts`).
 *
 * Differences from the published code, found by running both over 4,242 sentences (5% came out otherwise): words in
 * parentheses stay, since readers speak them (captions, which the rules were made for, put noises there); single digits
 * in a row are joined however they were written (1, 2, 3 -> 123), as the rules do for words alone; dots left over from
 * an ellipsis are dropped; the typographic apostrophe counts as one; the list of 1,700 spellings is replaced by rules
 * and the common cases; "ninth" is 9th.
 */
import { squeezeSpaces } from './basic.ts';
import { normalizeEnglishNumbers } from './english-numbers.ts';
import { americanSpelling } from './english-spelling.ts';

/** Applied in this order: the particular before the general. Word boundaries are added where a rule starts with a letter. */
const CONTRACTIONS: readonly (readonly [string, string])[] = [
  ["won't", 'will not'],
  ["can't", 'can not'],
  ["let's", 'let us'],
  ["ain't", 'aint'],
  ["y'all", 'you all'],
  ['wanna', 'want to'],
  ['gotta', 'got to'],
  ['gonna', 'going to'],
  ["i'ma", 'i am going to'],
  ['imma', 'i am going to'],
  ['woulda', 'would have'],
  ['coulda', 'could have'],
  ['shoulda', 'should have'],
  ["ma'am", 'madam'],
  ['mr', 'mister '],
  ['mrs', 'missus '],
  ['st', 'saint '],
  ['dr', 'doctor '],
  ['prof', 'professor '],
  ['capt', 'captain '],
  ['gov', 'governor '],
  ['ald', 'alderman '],
  ['gen', 'general '],
  ['sen', 'senator '],
  ['rep', 'representative '],
  ['pres', 'president '],
  ['rev', 'reverend '],
  ['hon', 'honorable '],
  ['asst', 'assistant '],
  ['assoc', 'associate '],
  ['lt', 'lieutenant '],
  ['col', 'colonel '],
  ['jr', 'junior '],
  ['sr', 'senior '],
  ['esq', 'esquire '],
  ["'d been", ' had been'],
  ["'s been", ' has been'],
  ["'d gone", ' had gone'],
  ["'s gone", ' has gone'],
  ["'d done", ' had done'],
  ["'s got", ' has got'],
  ["n't", ' not'],
  ["'re", ' are'],
  ["'s", ' is'],
  ["'d", ' would'],
  ["'ll", ' will'],
  ["'t", ' not'],
  ["'ve", ' have'],
  ["'m", ' am'],
];
const CONTRACTION_RULES = CONTRACTIONS.map(([from, to]): readonly [RegExp, string] => {
  const free = from.startsWith("'") || from === "n't";
  return [new RegExp(`${free ? '' : '\\b'}${from}\\b`, 'gu'), to];
});

/** Letters that no Unicode decomposition takes apart. */
const PLAIN_LETTERS = new Map([
  ['œ', 'oe'],
  ['ø', 'o'],
  ['æ', 'ae'],
  ['ß', 'ss'],
  ['đ', 'd'],
  ['ð', 'd'],
  ['þ', 'th'],
  ['ł', 'l'],
]);

export function normalizeEnglish(text: string): string {
  let out = text.toLowerCase().replace(/[’‘ʼ`´]/gu, "'");
  out = out.replace(/[<[][^>\]]*[>\]]/gu, '');
  out = out.replace(/\b(?:hmm|mm|mhm|mmm|uh|um)\b/gu, '').replace(/\s+'/gu, "'");
  for (const [pattern, replacement] of CONTRACTION_RULES) out = out.replace(pattern, replacement);
  out = out.replace(/(\d),(?=\d)/gu, '$1').replace(/\.(?!\d)/gu, ' ');
  out = americanSpelling(normalizeEnglishNumbers(foldLetters(out)));
  out = out.replace(/[.$¢€£](?!\d)/gu, ' ').replace(/(?<!\d)%/gu, ' ');
  return squeezeSpaces(out);
}

/** Decomposes, drops marks, turns punctuation and symbols into spaces, keeps those that numbers need. */
function foldLetters(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[œøæßđðþł]/gu, (letter) => PLAIN_LETTERS.get(letter)!)
    .replace(/\p{Mn}/gu, '')
    .replace(/(?![.%$¢€£]|(?<=^|\s)[-+](?=\d))[\p{M}\p{S}\p{P}]/gu, ' ');
}
