/** Scales and ticks: from data to positions, and where an axis is marked. Pure numbers, no SVG. */

export type Scale = (value: number) => number;

export interface Axis {
  readonly low: number;
  readonly high: number;
  /** Ascending, within [low, high]. */
  readonly ticks: readonly number[];
}

/** Maps [low, high] onto [from, to]; an empty domain lands in the middle. */
export function linearScale(low: number, high: number, from: number, to: number): Scale {
  if (high === low) return () => (from + to) / 2;
  return (value) => from + ((value - low) / (high - low)) * (to - from);
}

/** As linearScale, by the logarithm; values at or below 0 land at `from`. */
export function logScale(low: number, high: number, from: number, to: number): Scale {
  const linear = linearScale(Math.log(low), Math.log(high), from, to);
  return (value) => (value > 0 ? linear(Math.log(value)) : from);
}

/**
 * An axis around the finite values, with ticks at 1, 2 or 5 times a power of ten and its ends on ticks. Starts at 0 where
 * `fromZero`. Without any finite value it is 0..1; equal values get room on both sides (all zeros: 0..1).
 */
export function niceAxis(values: Iterable<number>, options: { fromZero?: boolean; ticks?: number } = {}): Axis {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) [low, high] = [0, 1];
  if (options.fromZero) {
    low = Math.min(low, 0);
    high = Math.max(high, 0);
  }
  if (low === high) {
    const room = low === 0 ? 1 : Math.abs(low) / 2;
    if (low === 0) high = 1;
    else {
      low -= room;
      high += room;
    }
  }
  const step = niceStep((high - low) / (options.ticks ?? 5));
  // Rounded first: 0.3 / 0.1 is a little below 3, and an axis must not grow by a step for that.
  const first = Math.floor(round(low / step));
  const last = Math.ceil(round(high / step));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => round((first + i) * step));
  return { low: ticks[0]!, high: ticks.at(-1)!, ticks };
}

/** The smallest of 1, 2, 5 times a power of ten that is at least `rough`. */
export function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const scaled = round(rough / power);
  return round((scaled <= 1 ? 1 : scaled <= 2 ? 2 : scaled <= 5 ? 5 : 10) * power);
}

/** A logarithmic axis whose ends and ticks are powers of ten. Values at or below 0 are left out; without any, 1..10. */
export function decadeAxis(values: Iterable<number>): Axis {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const value of values) {
    if (!Number.isFinite(value) || value <= 0) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (high === 0) [low, high] = [1, 10];
  const first = Math.floor(round(Math.log10(low)));
  const last = Math.max(first + 1, Math.ceil(round(Math.log10(high))));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => round(10 ** (first + i)));
  return { low: ticks[0]!, high: ticks.at(-1)!, ticks };
}

/** Twelve significant digits: what binary fractions add beyond that is not in the data. */
function round(value: number): number {
  return Number(value.toPrecision(12));
}
