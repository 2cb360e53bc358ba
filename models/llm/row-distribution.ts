import assert from 'node:assert/strict';
import type { Interval } from '../core/byte-vocab.ts';
import { IMPOSSIBLE, logSumExp } from '../core/logprob.ts';
import type { TokenDistribution } from '../core/token-scorer.ts';

/** Rows whose exponentials a graph sums together. */
export const BLOCK_ROWS = 64;
/** Intervals up to here are added up row by row: as cheap as two edges of blocks, and exact. */
const DIRECT_ROWS_MAX = 2 * BLOCK_ROWS;
/** Below this share of the whole, a difference of prefix sums has lost too many digits. */
const DIFFERENCE_SHARE_MIN = 1e-6;
/** Below this, f32 sums of exponentials have lost digits to underflow. */
const SUM_MIN = 1e-30;

/**
 * A next-token distribution over the rows of a sorted vocabulary, from logits and sums of exp(logit - max) over blocks of
 * 64 rows. The mass of an interval is a difference of prefix sums over blocks plus the rows at its edges.
 */
export class RowDistribution implements TokenDistribution {
  /** Raw logits, f32 [V]; a view, do not write. */
  readonly logits: Float32Array;
  /** max + log of the sum of exp(logit - max): subtracting it from a logit gives a log-probability. */
  readonly logTotal: number;
  readonly #max: number;
  readonly #blockSum: ArrayLike<number>;
  /** f64 [blocks + 1]: sums of all blocks before. */
  readonly #before: Float64Array;

  constructor(logits: Float32Array, max: number, blockSum: ArrayLike<number>) {
    assert(blockSum.length === Math.ceil(logits.length / BLOCK_ROWS), `${blockSum.length} sums, ${logits.length} rows`);
    this.logits = logits;
    this.#max = max;
    this.#blockSum = blockSum;
    this.#before = new Float64Array(blockSum.length + 1);
    let sum = 0;
    for (let block = 0; block < blockSum.length; block++) {
      sum += blockSum[block]!;
      this.#before[block + 1] = sum;
    }
    this.logTotal = max + Math.log(sum);
  }

  /** From logits alone: one pass of exponentials in this thread. */
  static ofLogits(logits: Float32Array): RowDistribution {
    let max = IMPOSSIBLE;
    for (let row = 0; row < logits.length; row++) if (logits[row]! > max) max = logits[row]!;
    const blockSum = new Float64Array(Math.ceil(logits.length / BLOCK_ROWS));
    for (let row = 0; row < logits.length; row++) {
      const block = Math.floor(row / BLOCK_ROWS);
      blockSum[block] = blockSum[block]! + Math.exp(logits[row]! - max);
    }
    return new RowDistribution(logits, max, blockSum);
  }

  logProb(row: number): number {
    return this.logits[row]! - this.logTotal;
  }

  logMass({ lo, hi }: Interval): number {
    if (lo >= hi) return IMPOSSIBLE;
    if (lo === 0 && hi === this.logits.length) return 0;
    if (hi - lo <= DIRECT_ROWS_MAX) return this.#direct(lo, hi);
    const first = Math.ceil(lo / BLOCK_ROWS);
    const last = Math.floor(hi / BLOCK_ROWS);
    let mass = this.#before[last]! - this.#before[first]!;
    if (mass < DIFFERENCE_SHARE_MIN * this.#before[this.#before.length - 1]!) {
      mass = 0;
      for (let block = first; block < last; block++) mass += this.#blockSum[block]!;
    }
    for (let row = lo; row < first * BLOCK_ROWS; row++) mass += Math.exp(this.logits[row]! - this.#max);
    for (let row = last * BLOCK_ROWS; row < hi; row++) mass += Math.exp(this.logits[row]! - this.#max);
    if (mass < SUM_MIN) return this.#direct(lo, hi);
    // Rounding of f32 sums may reach past the whole by some 1e-7.
    return Math.min(0, this.#max + Math.log(mass) - this.logTotal);
  }

  #direct(lo: number, hi: number): number {
    return Math.min(0, logSumExp(this.logits, lo, hi) - this.logTotal);
  }
}

export interface PenaltyOptions {
  /** Logits are divided by it; 1 changes nothing. */
  readonly temperature: number;
  /** Logits of `rows` are divided by it where positive and multiplied where negative (CTRL, section 4.1); 1 changes nothing. */
  readonly penalty: number;
  /** Rows that were seen lately. */
  readonly rows: Iterable<number>;
}

/**
 * The distribution with a repetition penalty and then a temperature, as samplers apply them. Slow (a pass over all rows):
 * for the preset that reproduces the paper.
 */
export function penalized(distribution: TokenDistribution, options: PenaltyOptions): RowDistribution {
  assert(distribution instanceof RowDistribution, 'penalized needs the logits of a RowDistribution');
  const { temperature, penalty, rows } = options;
  const logits = Float32Array.from(distribution.logits);
  for (const row of new Set(rows)) {
    const logit = logits[row];
    if (logit !== undefined) logits[row] = logit > 0 ? logit / penalty : logit * penalty;
  }
  if (temperature !== 1) for (let row = 0; row < logits.length; row++) logits[row] = logits[row]! / temperature;
  return RowDistribution.ofLogits(logits);
}
