/**
 * Precision, recall and F of edit counts.
 *
 *   P = tp / (tp + fp)      R = tp / (tp + fn)      F_beta = (1 + beta^2) P R / (beta^2 P + R)
 *
 * As in both published scorers: nothing proposed is precision 1, nothing to find is recall 1, and F is 0 where P and R
 * both are. A system that changes nothing in a faultless corpus so has F 1, and 0 in any other. beta = 0.5 counts
 * precision twice as much as recall: an uncalled-for change is worse than an error left in (Ng et al. 2014).
 */
import type { Hits } from '../results.ts';

export const USUAL_BETA = 0.5;

export const NO_HITS: Hits = { tp: 0, fp: 0, fn: 0 };

/** 0..1. */
export function precision({ tp, fp }: Pick<Hits, 'tp' | 'fp'>): number {
  return tp + fp === 0 ? 1 : tp / (tp + fp);
}

/** 0..1. */
export function recall({ tp, fn }: Pick<Hits, 'tp' | 'fn'>): number {
  return tp + fn === 0 ? 1 : tp / (tp + fn);
}

/** 0..1. Factors are multiplied in the order of the published M2 scorer, so that the last bit is the same. */
export function fBeta(hits: Hits, beta = USUAL_BETA): number {
  const p = precision(hits);
  const r = recall(hits);
  const divisor = beta * beta * p + r;
  return divisor === 0 ? 0 : ((1.0 + beta * beta) * p * r) / divisor;
}

export function addHits(a: Hits, b: Hits): Hits {
  return { tp: a.tp + b.tp, fp: a.fp + b.fp, fn: a.fn + b.fn };
}
