/**
 * Each system against the first, on the same draws (paired bootstrap, see bootstrap.ts), for any metric that is computed
 * from summed counts: error rates, F0.5, entity recall. Languages that are reported by different rates are compared
 * apart. Memory is bounded: beyond UNITS_MAX groups, groups are pooled.
 *
 * `betterShare` is the share of draws in which the second system is better: lower for error rates, higher for the others.
 */
import type { Interval } from '../bootstrap.ts';
import { quantile } from '../bootstrap.ts';
import { errorsOf } from '../error-rate.ts';
import { SeededRandom } from '../random.ts';
import type { Comparison, ItemResult } from '../results.ts';
import { UNITS_MAX } from './limits.ts';

/** A metric over sums of three numbers per item. */
interface SummedMetric {
  readonly isHigherBetter: boolean;
  countsOf(result: ItemResult): readonly [number, number, number];
  value(a: number, b: number, c: number): number;
}

const ERROR_RATE = (name: 'WER' | 'CER' | 'MER'): SummedMetric => ({
  isHigherBetter: false,
  countsOf: ({ rates }) => {
    const counts = rates[name];
    return counts ? [errorsOf(counts), counts.refUnits, 0] : [0, 0, 0];
  },
  value: (errors, refUnits) => errors / refUnits,
});

const METRICS: Readonly<Record<string, SummedMetric>> = {
  WER: ERROR_RATE('WER'),
  CER: ERROR_RATE('CER'),
  MER: ERROR_RATE('MER'),
  'F0.5': {
    isHigherBetter: true,
    countsOf: ({ edits }) => {
      const { tp, fp, fn } = edits?.['all'] ?? { tp: 0, fp: 0, fn: 0 };
      return [tp, fp, fn];
    },
    // (1 + 0.25) P R / (0.25 P + R), with P = tp / (tp + fp) and R = tp / (tp + fn); 1 where there is nothing to find.
    value: (tp, fp, fn) => (tp + fp + fn === 0 ? 1 : (1.25 * tp) / (1.25 * tp + 0.25 * fn + fp)),
  },
  'entity recall': {
    isHigherBetter: true,
    countsOf: ({ entities }) => [entities?.tp ?? 0, entities?.fn ?? 0, 0],
    value: (tp, fn) => tp / (tp + fn),
  },
};

/** The metric that an item is compared by, from what its judgement holds. */
function mainMetric({ edits, entities, rates }: ItemResult, isNer: boolean): string | undefined {
  if (edits) return 'F0.5';
  if (isNer && entities) return 'entity recall';
  return Object.keys(rates)[0];
}

/** Sums of one metric and language, by the groups that are drawn together. */
class Slice {
  readonly metric: string;
  readonly language: string;
  /** Three sums per system. */
  readonly units = new Map<string | number, Float64Array>();
  #isPooled = false;

  constructor(metric: string, language: string) {
    this.metric = metric;
    this.language = language;
  }

  add(group: string, sums: Float64Array): void {
    this.#addUnit(this.#isPooled ? pool(group) : group, sums);
    if (this.units.size <= UNITS_MAX) return;
    this.#isPooled = true;
    const groups = [...this.units];
    this.units.clear();
    for (const [key, held] of groups) this.#addUnit(typeof key === 'string' ? pool(key) : key, held);
  }

  #addUnit(key: string | number, sums: Float64Array): void {
    const held = this.units.get(key);
    if (held) for (let i = 0; i < sums.length; i++) held[i] = held[i]! + sums[i]!;
    else this.units.set(key, sums);
  }
}

/** FNV-1a of the name, as one of the pools. */
function pool(group: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < group.length; i++) hash = Math.imul(hash ^ group.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % UNITS_MAX;
}

/** As everywhere in this project. */
const CONFIDENCE = 0.95;

export class PairedComparison {
  readonly #systems: readonly string[];
  readonly #isNer: boolean;
  readonly #slices = new Map<string, Slice>();

  constructor(systems: readonly string[], options: { readonly isNer?: boolean } = {}) {
    this.#systems = systems;
    this.#isNer = options.isNer ?? false;
  }

  /** Results of one item, in the order of the systems. */
  add(results: readonly ItemResult[]): void {
    const { language, group } = results[0]!;
    const name = mainMetric(results[0]!, this.#isNer);
    const metric = name === undefined ? undefined : METRICS[name];
    if (name === undefined || !metric) return;
    const key = `${name}\t${language}`;
    const slice = this.#slices.get(key) ?? new Slice(name, language);
    this.#slices.set(key, slice);
    slice.add(group, Float64Array.from(results.flatMap((result) => [...metric.countsOf(result)])));
  }

  compare(options: { readonly seed: number; readonly draws: number }): Comparison[] {
    const slices = [...this.#slices.values()];
    return slices.flatMap((slice) => this.#compareSlice(slice, slices.length === 1, options));
  }

  #compareSlice(slice: Slice, isOnly: boolean, { seed, draws }: { seed: number; draws: number }): Comparison[] {
    const { value, isHigherBetter } = METRICS[slice.metric]!;
    const units = [...slice.units.values()];
    const width = 3 * this.#systems.length;
    /** Values by draw, then by system. */
    const drawn = new Float64Array(draws * this.#systems.length);
    const random = new SeededRandom(seed);
    const sums = new Float64Array(width);
    const statistic = (system: number) => value(sums[3 * system]!, sums[3 * system + 1]!, sums[3 * system + 2]!);
    for (let draw = 0; draw < draws; draw++) {
      sums.fill(0);
      for (let i = 0; i < units.length; i++) {
        const unit = units[random.below(units.length)]!;
        for (let k = 0; k < width; k++) sums[k] = sums[k]! + unit[k]!;
      }
      for (let k = 0; k < this.#systems.length; k++) drawn[draw * this.#systems.length + k] = statistic(k);
    }
    sums.fill(0);
    for (const unit of units) for (let k = 0; k < width; k++) sums[k] = sums[k]! + unit[k]!;
    const rates = this.#systems.map((_, k) => statistic(k));
    return this.#systems.slice(1).map((name, i) => {
      const column = (k: number, draw: number) => drawn[draw * this.#systems.length + k]!;
      const differences = new Float64Array(draws);
      const relatives = new Float64Array(draws);
      let better = 0;
      for (let draw = 0; draw < draws; draw++) {
        const [a, b] = [column(0, draw), column(i + 1, draw)];
        differences[draw] = b - a;
        relatives[draw] = b === a ? 0 : b / a - 1;
        better += a === b ? 0.5 : b > a === isHigherBetter ? 1 : 0;
      }
      const [rateA, rateB] = [rates[0]!, rates[i + 1]!];
      return {
        a: this.#systems[0]!,
        b: name,
        metric: slice.metric,
        slice: isOnly ? '' : `lang=${slice.language}`,
        rateA,
        rateB,
        difference: rateB - rateA,
        differenceInterval: cut(differences),
        // Equal values are no change, both 0 included.
        relative: rateA === rateB ? 0 : rateB / rateA - 1,
        relativeInterval: cut(relatives),
        betterShare: better / draws,
      };
    });
  }
}

function cut(values: Float64Array): Interval {
  values.sort();
  const tail = (1 - CONFIDENCE) / 2;
  return { low: quantile(values, tail), high: quantile(values, 1 - tail) };
}
