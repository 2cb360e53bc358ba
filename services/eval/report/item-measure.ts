/** What one judged item contributes to each metric, as errors over units that add up over items. */
import { errorsOf, unitsOf } from '../error-rate.ts';
import type { ItemResult } from '../results.ts';

/**
 * A share of the corpus is summed errors over summed units. `complement` is for metrics that count what is right: their
 * value is 1 - errors / units.
 */
export interface Measure {
  readonly metric: string;
  readonly errors: number;
  readonly units: number;
  readonly complement: boolean;
}

/** How wrong an item is: what ranks it among the worst. */
export interface ItemRank {
  /** WER, CER, MER, `edits` or `entities`; '' where nothing was judged. */
  readonly metric: string;
  readonly errors: number;
  readonly units: number;
  /** Of the reference: units of the rate; else characters where the script has no spaces, and words. */
  readonly length: number;
}

/** By the first rate, else by missed and spurious edits, else by entities. */
export function rankOf(item: ItemResult): ItemRank {
  for (const [metric, counts] of Object.entries(item.rates)) {
    return { metric, errors: errorsOf(counts), units: counts.refUnits, length: counts.refUnits };
  }
  const all = item.edits?.['all'];
  if (all) return { metric: 'edits', errors: all.fp + all.fn, units: all.tp + all.fn, length: lengthOf(item) };
  if (item.entities) {
    return {
      metric: 'entities',
      errors: item.entities.fp + item.entities.fn,
      units: item.entities.tp + item.entities.fn,
      length: lengthOf(item),
    };
  }
  return { metric: '', errors: 0, units: 0, length: 0 };
}

function lengthOf({ reference }: ItemResult): number {
  return unitsOf(reference, 'mixed').length;
}

/** Every metric of an item whose denominator does not depend on the system, so that two systems can be paired. */
export function measuresOf(item: ItemResult): Measure[] {
  const measures: Measure[] = Object.entries(item.rates).map(([metric, counts]) => ({
    metric,
    errors: errorsOf(counts),
    units: counts.refUnits,
    complement: false,
  }));
  const right = (metric: string, errors: number, units: number) =>
    measures.push({ metric, errors, units, complement: true });
  if (item.entities) right('entity recall', item.entities.fn, item.entities.tp + item.entities.fn);
  if (item.words) right('word accuracy', item.words.total - item.words.right, item.words.total);
  if (item.detection) right('line recall', item.detection.fn, item.detection.tp + item.detection.fn);
  if (item.oneMinusNed !== undefined) right('1-NED', 1 - item.oneMinusNed, 1);
  if (item.clean?.sourceCorrect) {
    measures.push({ metric: 'over-correction', errors: item.clean.changed ? 1 : 0, units: 1, complement: false });
  }
  return measures;
}
