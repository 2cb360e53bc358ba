/** Intervals of shares and of bootstrap draws. */
import { type Interval, quantile } from '../bootstrap.ts';

/**
 * Wilson's score interval of `right` out of `total` (Wilson 1927), which stays inside 0..1 and has a width where nothing
 * or everything was right, as draws of the same items have not. `total` may be an effective size, not whole. NaN for none.
 */
export function wilsonInterval(right: number, total: number, confidence: number): Interval {
  if (total === 0) return { low: Number.NaN, high: Number.NaN };
  const z = normalQuantile(1 - (1 - confidence) / 2);
  const share = right / total;
  const scale = 1 + (z * z) / total;
  const middle = (share + (z * z) / (2 * total)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / total + (z * z) / (4 * total * total));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/**
 * How many independent cases `totals` are worth, given that the cases of a unit resemble each other: the number of cases
 * over Kish's design effect (the variance of the share between units over that of independent cases), at most the number
 * itself.
 */
export function effectiveSize(rights: ArrayLike<number>, totals: ArrayLike<number>): number {
  let [right, total] = [0, 0];
  for (let i = 0; i < totals.length; i++) {
    right += rights[i]!;
    total += totals[i]!;
  }
  const share = right / total;
  let squares = 0;
  for (let i = 0; i < totals.length; i++) squares += (rights[i]! - share * totals[i]!) ** 2;
  const effect = squares / (total * share * (1 - share));
  return Number.isFinite(effect) && effect > 1 ? total / effect : total;
}

/** Percentile interval of draws; NaN draws (nothing to measure in that draw) are left out. Undefined where none is left. */
export function percentileInterval(draws: Float64Array, confidence: number): Interval | undefined {
  const kept = draws.filter((value) => !Number.isNaN(value)).sort();
  if (kept.length === 0) return undefined;
  const tail = (1 - confidence) / 2;
  return { low: quantile(kept, tail), high: quantile(kept, 1 - tail) };
}

/** Inverse of the normal distribution for 0.5 < p < 1: bisection on the error function's series, to 1e-12. */
function normalQuantile(p: number): number {
  let [low, high] = [0, 9];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (normalShareBelow(middle) < p) low = middle;
    else high = middle;
  }
  return low;
}

/** Phi(z) = 1/2 + phi(z) (z + z^3/3 + z^5/15 + ...) for z >= 0. */
function normalShareBelow(z: number): number {
  let [term, sum] = [z, z];
  for (let k = 3; term > sum * 1e-17; k += 2) {
    term *= (z * z) / k;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}
