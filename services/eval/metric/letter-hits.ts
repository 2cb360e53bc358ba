/** Which letters survive, by the alignment of characters. */
import { type AlignedPair, align, unitsOf } from '../error-rate.ts';
import type { Hits } from '../results.ts';

/** Letters that a reader trained on other Latin scripts loses. Capitals of the others count under the small letter. */
export const TURKISH_LETTERS = ['ç', 'ğ', 'ı', 'İ', 'ö', 'ş', 'ü'] as const;

/**
 * By letter: `tp` occurrences of the reference that were read exactly, `fn` those that were not, `fp` occurrences in the
 * hypothesis where the reference has something else. A capital counts under its small letter and must be read as a
 * capital; I is no capital of ı here, since other languages write it as well. Texts verbatim: NFC, case kept.
 * `pairs`: their character alignment, where there is one already. Throws RangeError as `align` does.
 */
export function letterHits(
  ref: string,
  hyp: string,
  letters: readonly string[] = TURKISH_LETTERS,
  pairs: readonly AlignedPair[] = align(unitsOf(ref, 'char'), unitsOf(hyp, 'char')),
): Record<string, Hits> {
  const names = new Map<string, string>();
  for (const letter of letters) {
    const capital = letter.toUpperCase();
    if (capital !== letter && !/^[A-Z]$/u.test(capital)) names.set(capital, letter);
    names.set(letter, letter);
  }
  const counts = new Map(letters.map((letter) => [letter, { tp: 0, fp: 0, fn: 0 }]));
  for (const pair of pairs) {
    const wanted = pair.ref === undefined ? undefined : names.get(pair.ref);
    const found = pair.hyp === undefined ? undefined : names.get(pair.hyp);
    if (pair.kind === 'hit') {
      if (wanted !== undefined) counts.get(wanted)!.tp++;
    } else {
      if (wanted !== undefined) counts.get(wanted)!.fn++;
      if (found !== undefined) counts.get(found)!.fp++;
    }
  }
  return Object.fromEntries(counts);
}
