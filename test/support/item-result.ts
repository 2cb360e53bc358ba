import { type EditCounts, textEdits } from '../../services/eval/error-rate.ts';
import type { ItemResult } from '../../services/eval/results.ts';

/** An item judged, with as little as tests of summaries need. */
export function itemResult(fields: Partial<ItemResult> & { readonly id: string }): ItemResult {
  return {
    system: 'a',
    language: 'en',
    set: '',
    group: fields.id,
    reference: '',
    hypothesis: '',
    rawHypothesis: '',
    rates: {},
    ...fields,
  };
}

/** `errors` substitutions in `refUnits` units. */
export function substitutions(errors: number, refUnits: number): EditCounts {
  return { refUnits, hypUnits: refUnits, substitutions: errors, deletions: 0, insertions: 0 };
}

export function wordCounts(ref: string, hyp: string): EditCounts {
  return textEdits(ref, hyp, 'word');
}
