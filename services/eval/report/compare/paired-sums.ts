/** Sums of one metric over the groups that both sides share, and the paired bootstrap of them. */
import { type BootstrapOptions, DEFAULT_BOOTSTRAP, type PairedEstimate, pairedBootstrap } from '../../bootstrap.ts';
import type { EditCounts } from '../../error-rate.ts';
import type { IdHash } from '../item-index.ts';
import { ItemIndex } from '../item-index.ts';
import { BOOTSTRAP_DRAWS_MIN, BOOTSTRAP_PICKS_MAX } from '../limits.ts';

const NOWHERE = { offset: 0, lengthBytes: 0, lineNumber: 0 };

/** Groups (speakers, recordings, documents) by hash, numbered in the order in which they come. */
export class GroupNumbers {
  readonly #index = new ItemIndex();

  number(group: IdHash): number {
    const found = this.#index.find(group, 0);
    return found >= 0 ? found : this.#index.add({ ...NOWHERE, id: group, system: 0, errors: 0, units: 0 });
  }
}

export class PairedSums {
  readonly complement: boolean;
  items = 0;
  #groups = 0;
  #errorsA = new Float64Array(64);
  #errorsB = new Float64Array(64);
  #units = new Float64Array(64);

  constructor(complement: boolean) {
    this.complement = complement;
  }

  /** Groups that hold a unit: what a bootstrap draws from. */
  get groups(): number {
    return this.#units.reduce((sum, units) => sum + (units > 0 ? 1 : 0), 0);
  }

  add(group: number, errorsA: number, errorsB: number, units: number): void {
    while (group >= this.#units.length) {
      this.#errorsA = doubled(this.#errorsA);
      this.#errorsB = doubled(this.#errorsB);
      this.#units = doubled(this.#units);
    }
    this.#groups = Math.max(this.#groups, group + 1);
    this.#errorsA[group]! += errorsA;
    this.#errorsB[group]! += errorsB;
    this.#units[group]! += units;
    this.items++;
  }

  /**
   * Rates of errors, also for metrics that count what is right (see `complement`). Undefined where there is no unit. With
   * very many groups fewer draws are taken.
   */
  estimate(options: BootstrapOptions = DEFAULT_BOOTSTRAP): PairedEstimate | undefined {
    const used = Array.from({ length: this.#groups }, (_, group) => group).filter((group) => this.#units[group]! > 0);
    // Errors without a unit (insertions into empty references) belong to the corpus all the same.
    const rest = Array.from({ length: this.#groups }, (_, group) => group).filter(
      (group) => this.#units[group] === 0 && this.#errorsA[group]! + this.#errorsB[group]! > 0,
    );
    if (used.length === 0) return undefined;
    const of = (errors: Float64Array) => [...used, ...rest].map((group) => sums(errors[group]!, this.#units[group]!));
    const most = Math.floor(BOOTSTRAP_PICKS_MAX / (used.length + rest.length));
    const draws = Math.min(options.draws, Math.max(BOOTSTRAP_DRAWS_MIN, most));
    return pairedBootstrap(of(this.#errorsA), of(this.#errorsB), { ...options, draws });
  }
}

function sums(errors: number, refUnits: number): EditCounts {
  return { refUnits, hypUnits: 0, substitutions: errors, deletions: 0, insertions: 0 };
}

function doubled(values: Float64Array): Float64Array<ArrayBuffer> {
  const result = new Float64Array(values.length * 2);
  result.set(values);
  return result;
}

/** The estimate of a metric that counts what is right, from that of its errors: 1 - rate, and B - A with its sign turned. */
export function complementOf(estimate: PairedEstimate): PairedEstimate {
  const { rateA, rateB, difference, differenceInterval, betterShare } = estimate;
  const [right, left] = [1 - rateA, 1 - rateB];
  // Relative to what is right; the interval is that of the difference, over A's value.
  const relative = (value: number) => -value / right;
  return {
    rateA: right,
    rateB: left,
    difference: -difference,
    differenceInterval: { low: -differenceInterval.high, high: -differenceInterval.low },
    relative: relative(difference),
    relativeInterval: { low: relative(differenceInterval.high), high: relative(differenceInterval.low) },
    betterShare,
  };
}
