/**
 * How sure a measured error rate is. Utterances are drawn again with replacement (Bisani and Ney, "Bootstrap estimates
 * for confidence intervals in ASR performance evaluation", ICASSP 2004): errors and reference units of the same draw are
 * summed, the rate of each draw is kept, and the interval is cut from the sorted rates. For A against B both systems
 * are judged on the same draws, so that the difficulty of an utterance cancels.
 *
 * What it cannot know: clips of one speaker resemble each other. Give `groups` to draw whole groups (speakers,
 * recordings) instead; with one speaker no interval speaks for other speakers.
 */
import { type EditCounts, errorRate, errorsOf, sumCounts } from './error-rate.ts';
import { SeededRandom } from './random.ts';

export interface BootstrapOptions {
  /** Draws; 2,000 hold the ends of a 95% interval still to about 2% of its width. */
  readonly draws: number;
  readonly seed: number;
  /** 0..1, for example 0.95. */
  readonly confidence: number;
  /** One name per utterance; utterances of one name are drawn together. */
  readonly groups?: readonly string[];
}

export const DEFAULT_BOOTSTRAP: BootstrapOptions = { draws: 2000, seed: 1, confidence: 0.95 };

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface RateEstimate extends Interval {
  readonly rate: number;
}

export interface PairedEstimate {
  readonly rateA: number;
  readonly rateB: number;
  /** rateB - rateA; below 0 where B is better. */
  readonly difference: number;
  readonly differenceInterval: Interval;
  /** rateB / rateA - 1. */
  readonly relative: number;
  readonly relativeInterval: Interval;
  /** Share of the draws in which B has the lower rate; ties count half. */
  readonly betterShare: number;
}

/** Sums of the utterances that are drawn together. */
interface Unit {
  readonly refUnits: number;
  readonly errorsA: number;
  readonly errorsB: number;
}

/** Corpus rate with its interval. Throws RangeError on no utterances, NaN rates where no utterance has a reference. */
export function bootstrapRate(counts: readonly EditCounts[], options = DEFAULT_BOOTSTRAP): RateEstimate {
  const units = drawUnits(counts, counts, options.groups);
  const rates = new Float64Array(options.draws);
  resample(units, options, (draw, refUnits, errors) => {
    rates[draw] = errors / refUnits;
  });
  return { rate: errorRate(sumCounts(counts)), ...cut(rates, options.confidence) };
}

/** A against B over the same utterances in the same order. Throws RangeError where the two do not pair up. */
export function pairedBootstrap(
  a: readonly EditCounts[],
  b: readonly EditCounts[],
  options = DEFAULT_BOOTSTRAP,
): PairedEstimate {
  if (a.length !== b.length) throw new RangeError(`systems with ${a.length} and ${b.length} utterances do not pair up`);
  const odd = a.findIndex((counts, i) => counts.refUnits !== b[i]!.refUnits);
  if (odd >= 0) throw new RangeError(`utterance ${odd} has two references: the systems were normalized differently`);
  const units = drawUnits(a, b, options.groups);
  const differences = new Float64Array(options.draws);
  const relatives = new Float64Array(options.draws);
  let better = 0;
  resample(units, options, (draw, refUnits, errorsA, errorsB) => {
    differences[draw] = (errorsB - errorsA) / refUnits;
    // A draw in which A has no error says nothing of a ratio; equal counts are no change.
    relatives[draw] = errorsB === errorsA ? 0 : errorsB / errorsA - 1;
    better += errorsB < errorsA ? 1 : errorsB === errorsA ? 0.5 : 0;
  });
  const rateA = errorRate(sumCounts(a));
  const rateB = errorRate(sumCounts(b));
  return {
    rateA,
    rateB,
    difference: rateB - rateA,
    differenceInterval: cut(differences, options.confidence),
    relative: rateB / rateA - 1,
    relativeInterval: cut(relatives, options.confidence),
    betterShare: better / options.draws,
  };
}

function drawUnits(a: readonly EditCounts[], b: readonly EditCounts[], groups: readonly string[] | undefined): Unit[] {
  if (a.length === 0) throw new RangeError('no utterances to draw from');
  if (groups && groups.length !== a.length) throw new RangeError(`${groups.length} groups for ${a.length} utterances`);
  const units = new Map<string | number, Unit>();
  a.forEach((counts, i) => {
    const key = groups ? groups[i]! : i;
    const held = units.get(key) ?? { refUnits: 0, errorsA: 0, errorsB: 0 };
    units.set(key, {
      refUnits: held.refUnits + counts.refUnits,
      errorsA: held.errorsA + errorsOf(counts),
      errorsB: held.errorsB + errorsOf(b[i]!),
    });
  });
  return [...units.values()];
}

function resample(
  units: readonly Unit[],
  options: BootstrapOptions,
  take: (draw: number, refUnits: number, errorsA: number, errorsB: number) => void,
): void {
  const random = new SeededRandom(options.seed);
  const ref = Float64Array.from(units, (unit) => unit.refUnits);
  const errorsA = Float64Array.from(units, (unit) => unit.errorsA);
  const errorsB = Float64Array.from(units, (unit) => unit.errorsB);
  for (let draw = 0; draw < options.draws; draw++) {
    let refSum = 0;
    let sumA = 0;
    let sumB = 0;
    for (let i = 0; i < ref.length; i++) {
      const pick = random.below(ref.length);
      refSum += ref[pick]!;
      sumA += errorsA[pick]!;
      sumB += errorsB[pick]!;
    }
    take(draw, refSum, sumA, sumB);
  }
}

/** Percentiles of the draws (sorted in place), interpolated between neighbors. */
function cut(values: Float64Array, confidence: number): Interval {
  values.sort();
  const tail = (1 - confidence) / 2;
  return { low: quantile(values, tail), high: quantile(values, 1 - tail) };
}

/** Quantile of sorted values, interpolated (type 7 of Hyndman and Fan). */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  // Equal ends first: two infinities would make NaN.
  return low === high ? low : low + (high - low) * (place - below);
}

/** Middle value; the mean of the two middle ones for an even count. */
export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}
