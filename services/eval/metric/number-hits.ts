/** Numbers that survive: a reader of invoices may misread a word, not an amount. */
import type { Hits } from '../results.ts';
import { multisetHits } from './hits.ts';

/** Digits, with separators inside (1,234.50, 12/03/2018, 555-0123) and 万 or 亿 behind. */
const NUMBER = /\p{Nd}+(?:[.,:/\-–]\p{Nd}+)*[万亿]?/gu;

/**
 * Numbers of normalized texts, compared digit for digit without regard to place: `tp` stand in both, `fn` only in the
 * reference, `fp` only in the hypothesis. A number that occurs twice must come twice.
 */
export function numberHits(ref: string, hyp: string): Hits {
  return multisetHits(numbersOf(ref), numbersOf(hyp));
}

/** The numbers of a text, as written, in order. */
export function numbersOf(text: string): string[] {
  return text.match(NUMBER) ?? [];
}
