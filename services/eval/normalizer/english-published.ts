/**
 * English exactly as the rules published with Whisper come out (Radford et al. 2022, appendix C), quirks included, for
 * figures that are to be laid beside published ones: words in parentheses are dropped, a curly apostrophe is no
 * apostrophe, `1,2,3` becomes `12 3`, "point" before a scale word vanishes, "and a half" at the very beginning as well.
 * `english.ts` is the default and says where it differs.
 *
 * Not the same: the published list of 1,700 spellings is data that we do not carry; `english-spelling.ts` stands in for
 * it. docs/metrics.md gives the share of sentences that come out equal. Outputs are not fixed points: unlike the other
 * normalizers this one may change its own output.
 */
import { squeezeSpaces } from './basic.ts';
import { CONTRACTIONS, PLAIN_LETTERS } from './english-forms.ts';
import { normalizePublishedNumbers } from './english-published-numbers.ts';
import { americanSpelling } from './english-spelling.ts';

/** A word character where word boundaries are judged: letters and numbers of any script. */
const WORD = '[\\p{L}\\p{N}_]';
const HESITATIONS = new RegExp(`(?<!${WORD})(?:hmm|mm|mhm|mmm|uh|um)(?!${WORD})`, 'gu');
const CONTRACTION_RULES = CONTRACTIONS.map(([from, to]): readonly [RegExp, string] => {
  const free = from.startsWith("'") || from === "n't";
  return [new RegExp(`${free ? '' : `(?<!${WORD})`}${from}(?!${WORD})`, 'gu'), to];
});

export function normalizePublishedEnglish(text: string): string {
  let out = text.toLowerCase();
  out = out.replace(/[<[][^>\]]*[>\]]/gu, '').replace(/\([^)]+\)/gu, '');
  out = out.replace(HESITATIONS, '').replace(/\s+'/gu, "'");
  for (const [pattern, replacement] of CONTRACTION_RULES) out = out.replace(pattern, replacement);
  // Each match takes its second digit along, so every other comma of a row of single digits stays.
  out = out.replace(/(\d),(\d)/gu, '$1$2').replace(/\.([^0-9]|$)/gu, ' $1');
  out = out
    .normalize('NFKD')
    .replace(/[œøæßđðþł]/gu, (letter) => PLAIN_LETTERS.get(letter)!)
    .replace(/\p{Mn}/gu, '')
    .replace(/(?![.%$¢€£])[\p{M}\p{S}\p{P}]/gu, ' ');
  out = americanSpelling(squeezeSpaces(normalizePublishedNumbers(out)));
  // A sign at the very end has no character behind it and stays.
  out = out.replace(/[.$¢€£]([^0-9])/gu, ' $1').replace(/([^0-9])%/gu, '$1 ');
  return squeezeSpaces(out);
}
