/** Precision, recall and F from counted hits. */
import type { Hits } from '../results.ts';

export const NO_HITS: Hits = { tp: 0, fp: 0, fn: 0 };

/** tp / (tp + fp); 1 where nothing was proposed, as the M2 scorer and ERRANT have it. */
export function precisionOf({ tp, fp }: Hits): number {
  return tp + fp === 0 ? 1 : tp / (tp + fp);
}

/** tp / (tp + fn); 1 where there was nothing to find. */
export function recallOf({ tp, fn }: Hits): number {
  return tp + fn === 0 ? 1 : tp / (tp + fn);
}

/** (1 + beta²) P R / (beta² P + R) (van Rijsbergen 1979); 0 where both are 0. beta 0.5 weighs precision double. */
export function fScore(hits: Hits, beta: number): number {
  const [precision, recall, square] = [precisionOf(hits), recallOf(hits), beta * beta];
  return precision + recall === 0 ? 0 : ((1 + square) * precision * recall) / (square * precision + recall);
}

/** Hits of two multisets: what both hold, what only `found` holds, what only `wanted` holds. */
export function multisetHits(wanted: Iterable<string>, found: Iterable<string>): Hits {
  const left = new Map<string, number>();
  for (const one of wanted) left.set(one, (left.get(one) ?? 0) + 1);
  let [tp, fp] = [0, 0];
  for (const one of found) {
    const count = left.get(one) ?? 0;
    if (count > 0) {
      left.set(one, count - 1);
      tp++;
    } else fp++;
  }
  return { tp, fp, fn: [...left.values()].reduce((sum, count) => sum + count, 0) };
}
