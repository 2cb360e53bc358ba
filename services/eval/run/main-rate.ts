/** The rate that a user asked for by --unit comes first: the first one is what a result is reported by. */
import { textEdits, type UnitKind } from '../error-rate.ts';
import type { RateMetric } from '../results.ts';
import type { Judgement } from './eval-system.ts';

const UNITS = { WER: 'word', CER: 'char', MER: 'mixed' } as const satisfies Record<RateMetric, UnitKind>;

/** `rates` with `main` in front, counted where the judge left it out; as they are where `main` is undefined. */
export function mainRateFirst(
  { rates, reference, hypothesis }: Judgement,
  main: RateMetric | undefined,
): Judgement['rates'] {
  if (main === undefined) return rates;
  const counts = rates[main] ?? textEdits(reference, hypothesis, UNITS[main]);
  // A key keeps the place at which it was first set.
  return { [main]: counts, ...rates, [main]: counts };
}
