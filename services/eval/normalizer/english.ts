/**
 * English, by the rules published with Whisper (Radford et al., "Robust Speech Recognition via Large-Scale Weak
 * Supervision", appendix C), written anew:
 *
 * 1. Lower case; text in square or angle brackets and hesitations (hmm, uh, um) are dropped.
 * 2. Contractions are written out (won't -> will not, 's -> is), titles as well (mr -> mister).
 * 3. Diacritics and punctuation are dropped, but for . % $ ¢ € £ beside numbers.
 * 4. Number words become digits (`english-numbers.ts`), British spellings American (`english-spelling.ts`).
 *
 * Differences from the published code, found by running both over 4,178 sentences (7% came out otherwise; docs/metrics.md
 * counts the kinds): words in parentheses stay, since readers speak them (captions, which the rules were made for, put
 * noises there); single digits in a row are joined however they were written (1, 2, 3 -> 123), as the rules do for words
 * alone; dots left over from an ellipsis are dropped, and so are signs without a number; the typographic apostrophe counts
 * as one; leading zeros stay (4:00); the list of 1,700 spellings is replaced by rules and the common cases; "ninth" is
 * 9th. `english-published.ts` keeps to the published rules.
 *
 * The rules are about folded words: with case or punctuation kept, English gets the basic rules (basic.ts).
 */
import { type BasicPolicies, foldDigits, normalizeBasic, squeezeSpaces } from './basic.ts';
import { CONTRACTIONS, PLAIN_LETTERS } from './english-forms.ts';
import { normalizeEnglishNumbers } from './english-numbers.ts';
import { americanSpelling } from './english-spelling.ts';

const CONTRACTION_RULES = CONTRACTIONS.map(([from, to]): readonly [RegExp, string] => {
  const free = from.startsWith("'") || from === "n't";
  return [new RegExp(`${free ? '' : '\\b'}${from}\\b`, 'gu'), to];
});

export function normalizeEnglish(text: string, policies: BasicPolicies): string {
  if (policies.case === 'keep' || policies.punctuation === 'keep') return normalizeBasic(text, policies);
  let out = text.toLowerCase().replace(/[’‘ʼ`´]/gu, "'");
  out = out.replace(/[<[][^>\]]*[>\]]/gu, '');
  out = out.replace(/\b(?:hmm|mm|mhm|mmm|uh|um)\b/gu, '').replace(/\s+'/gu, "'");
  for (const [pattern, replacement] of CONTRACTION_RULES) out = out.replace(pattern, replacement);
  out = out.replace(/(\d),(?=\d)/gu, '$1').replace(/\.(?!\d)/gu, ' ');
  out = foldLetters(out, policies.width);
  if (policies.numerals === 'arabic') out = normalizeEnglishNumbers(foldDigits(out));
  out = americanSpelling(squeezeSpaces(out));
  out = out.replace(/[.$¢€£](?!\d)/gu, ' ').replace(/(?<!\d)%/gu, ' ');
  return squeezeSpaces(out);
}

/** Decomposes, drops marks, turns punctuation and symbols into spaces, keeps those that numbers need. */
function foldLetters(text: string, width: 'fold' | 'keep'): string {
  return text
    .normalize(width === 'fold' ? 'NFKD' : 'NFD')
    .replace(/[œøæßđðþł]/gu, (letter) => PLAIN_LETTERS.get(letter)!)
    .replace(/\p{Mn}/gu, '')
    .replace(/(?![.%$¢€£]|(?<=^|\s)[-+](?=\d))[\p{M}\p{S}\p{P}]/gu, ' ');
}
