/** Percentiles of times in bounded memory. */
import { quantile } from '../bootstrap.ts';
import { EXACT_DURATIONS_MAX } from './limits.ts';

/** Width of a step as a ratio. */
const STEP = 1.001;

/** Exact up to EXACT_DURATIONS_MAX values, then to 0.1%. The order of values does not matter. */
export class Durations {
  #exact: number[] | null = [];
  readonly #steps = new Map<number, number>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** `ms`: 0 and up. */
  add(ms: number): void {
    this.#count++;
    if (this.#exact === null) this.#step(ms);
    else {
      this.#exact.push(ms);
      if (this.#exact.length <= EXACT_DURATIONS_MAX) return;
      for (const value of this.#exact) this.#step(value);
      this.#exact = null;
    }
  }

  /** `shares`: 0..1 each. NaN without values. */
  percentiles(shares: readonly number[]): number[] {
    if (this.#exact !== null) {
      const sorted = Float64Array.from(this.#exact).sort();
      return shares.map((share) => quantile(sorted, share));
    }
    const steps = [...this.#steps].sort(([a], [b]) => a - b);
    return shares.map((share) => {
      let left = share * (this.#count - 1);
      for (const [step, count] of steps) {
        if (left < count) return durationOf(step);
        left -= count;
      }
      return durationOf(steps.at(-1)![0]);
    });
  }

  #step(ms: number): void {
    const step = ms <= 0 ? Number.NEGATIVE_INFINITY : Math.round(Math.log(ms) / Math.log(STEP));
    this.#steps.set(step, (this.#steps.get(step) ?? 0) + 1);
  }
}

function durationOf(step: number): number {
  return STEP ** step;
}
