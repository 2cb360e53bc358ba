/**
 * Natural-log arithmetic: the only place for it. Scores are natural logs everywhere; `IMPOSSIBLE` is log 0.
 */

/** log 0: an event that cannot happen. */
export const IMPOSSIBLE = Number.NEGATIVE_INFINITY;

/** log(exp(a) + exp(b)), exact at -Infinity on either side. */
export function logAdd(a: number, b: number): number {
  if (a === IMPOSSIBLE) return b;
  if (b === IMPOSSIBLE) return a;
  return a > b ? a + Math.log1p(Math.exp(b - a)) : b + Math.log1p(Math.exp(a - b));
}

/** log of the sum of exponentials of `values[start..end)`; IMPOSSIBLE for an empty range. */
export function logSumExp(values: ArrayLike<number>, start = 0, end = values.length): number {
  let max = IMPOSSIBLE;
  for (let i = start; i < end; i++) {
    const value = values[i]!;
    if (value > max) max = value;
  }
  if (max === IMPOSSIBLE) return IMPOSSIBLE;
  let sum = 0;
  for (let i = start; i < end; i++) sum += Math.exp(values[i]! - max);
  return max + Math.log(sum);
}

/** Writes log-softmax of `logits` into `out` (same length; may be the same array). */
export function logSoftmax(logits: ArrayLike<number>, out: Float32Array | Float64Array): void {
  const total = logSumExp(logits);
  for (let i = 0; i < logits.length; i++) out[i] = logits[i]! - total;
}
