/**
 * Two systems over the items that both have: differences with intervals from draws that both share, so that the difficulty
 * of an item cancels (bootstrap.ts).
 */
import { AppError } from '../../../models/core/app-error.ts';
import type { PairedEstimate } from '../bootstrap.ts';
import type { ItemResult } from '../results.ts';
import { ColumnStore } from './column-store.ts';
import { percentileInterval } from './interval.ts';
import { LANGUAGES_MAX } from './limits.ts';
import { comparedSums, type Metric, metricsOf } from './metric-catalog.ts';
import { type ColumnValue, type Sums, SumTable, type UnitSums } from './sum-table.ts';
import { admit, DEFAULT_SUMMARY, type SummaryOptions } from './summary.ts';

export interface MetricComparison extends PairedEstimate {
  readonly metric: string;
  /** '' or `lang=zh`. */
  readonly slice: string;
  /** Items of both systems behind it. */
  readonly items: number;
  readonly better: 'lower' | 'higher';
}

export interface SystemComparison {
  /** The rate that most items are reported by first. `betterShare` is B's, whichever direction is better. */
  readonly metrics: readonly MetricComparison[];
  /** Items that both have, and those left out because one lacks them. */
  readonly paired: number;
  readonly onlyA: number;
  readonly onlyB: number;
}

const CONFIDENCE = 0.95;
/** Column of the items of A whose partner came. */
const PAIRED = 'paired';

/** Throws AppError `invalid_option` where an item's references differ: the runs were normalized differently. */
export function compareSystems(
  a: Iterable<ItemResult>,
  b: Iterable<ItemResult>,
  options: Partial<SummaryOptions> = {},
): SystemComparison {
  const pairs = new PairedSystems(options);
  for (const item of a) pairs.addA(item);
  for (const item of b) pairs.addB(item);
  return pairs.compare();
}

/**
 * The same for streams: all of A first, then B. Of each item of A some 30 numbers and its id are kept until B has come,
 * about 500 bytes; of pairs only sums of groups. An id that comes twice counts once, as it came first.
 */
export class PairedSystems {
  readonly #options: SummaryOptions;
  readonly #rows = new Map<string, number>();
  readonly #columns = new ColumnStore();
  readonly #table = new SumTable();
  readonly #languages = new Set<string>();
  #paired = 0;
  #onlyB = 0;

  constructor(options: Partial<SummaryOptions> = {}) {
    this.#options = { ...DEFAULT_SUMMARY, ...options };
  }

  addA(item: ItemResult): void {
    if (this.#rows.has(item.id)) return;
    const row = this.#rows.size;
    this.#rows.set(item.id, row);
    for (const [name, value] of comparedSums(item)) this.#columns.add(name, row, value);
  }

  addB(item: ItemResult): void {
    const row = this.#rows.get(item.id);
    if (row === undefined) {
      this.#onlyB++;
      return;
    }
    if (this.#columns.at(PAIRED, row) > 0) return;
    this.#columns.add(PAIRED, row, 1);
    this.#paired++;
    this.#checkReference(item, row);
    const language = admit(this.#languages, item.language, LANGUAGES_MAX);
    const unit = this.#options.groups === 'group' ? item.group : item.id;
    this.#table.add(unit, language, '', this.#pairSums(item, row));
  }

  compare(): SystemComparison {
    const slices = [{ name: '', keep: (_: string) => true }];
    if (this.#languages.size > 1) {
      for (const one of [...this.#languages].sort()) {
        slices.push({ name: `lang=${one}`, keep: (language) => language === one });
      }
    }
    return {
      metrics: slices.flatMap(({ name, keep }) => this.#compareSlice(name, this.#table.slice(keep))),
      paired: this.#paired,
      onlyA: this.#rows.size - this.#paired,
      onlyB: this.#onlyB,
    };
  }

  /** References are not kept: their lengths in units stand for them. */
  #checkReference(item: ItemResult, row: number): void {
    for (const [name, { refUnits }] of Object.entries(item.rates)) {
      const other = this.#columns.at(`${name}.ref`, row);
      if (this.#columns.at(`${name}.n`, row) === 0 || other === refUnits) continue;
      throw new AppError(
        'invalid_option',
        `${item.id}: the two runs were judged against different references (${other} and ${refUnits} units of ${name}); give both the same data and normalizer`,
      );
    }
  }

  /** Only what both items have is compared: timings that one run lacks, say, are left out. */
  #pairSums(item: ItemResult, row: number): Sums {
    const b = new Map<string, number>();
    for (const [name, value] of comparedSums(item)) b.set(name, (b.get(name) ?? 0) + value);
    const sums: [string, number][] = [];
    for (const name of this.#columns.names()) {
      const count = `${name.slice(0, name.lastIndexOf('.'))}.n`;
      if (name === PAIRED || this.#columns.at(count, row) === 0 || !b.get(count)) continue;
      sums.push([`a:${name}`, this.#columns.at(name, row)], [`b:${name}`, b.get(name) ?? 0]);
    }
    return sums;
  }

  #compareSlice(slice: string, units: UnitSums): MetricComparison[] {
    const [totalA, totalB] = [sideOf(units.total, 'a'), sideOf(units.total, 'b')];
    const columns = this.#table.columns();
    const own = columns.filter((name) => name.startsWith('a:')).map((name) => name.slice(2));
    const metrics = metricsOf(own, totalA, false).filter((metric) => totalB(metric.itemsColumn) > 0);
    const draws = metrics.map(() => ({
      differences: new Float64Array(this.#options.draws),
      relatives: new Float64Array(this.#options.draws),
      better: 0,
    }));
    const used = [...new Set(metrics.flatMap((metric) => metric.columns))];
    const both = used.flatMap((name) => [`a:${name}`, `b:${name}`]);
    units.resample(both, this.#options, (draw, sums) => {
      const [atA, atB] = [sideOf(sums, 'a'), sideOf(sums, 'b')];
      metrics.forEach((metric, m) => {
        const kept = draws[m]!;
        const [rateA, rateB] = [metric.value(atA), metric.value(atB)];
        kept.differences[draw] = rateB - rateA;
        kept.relatives[draw] = relative(rateA, rateB);
        kept.better += betterShare(metric, rateA, rateB);
      });
    });
    return metrics.map((metric, m) => estimate(metric, slice, totalA, totalB, draws[m]!, this.#options.draws));
  }
}

function sideOf(sums: ColumnValue, side: 'a' | 'b'): ColumnValue {
  return (column) => sums(`${side}:${column}`);
}

/** Equal rates are no change, both zero included. */
function relative(rateA: number, rateB: number): number {
  return rateA === rateB ? 0 : rateB / rateA - 1;
}

function betterShare({ better }: Metric, rateA: number, rateB: number): number {
  if (rateA === rateB) return 0.5;
  return (better === 'lower' ? rateB < rateA : rateB > rateA) ? 1 : 0;
}

function estimate(
  metric: Metric,
  slice: string,
  totalA: ColumnValue,
  totalB: ColumnValue,
  draws: { readonly differences: Float64Array; readonly relatives: Float64Array; readonly better: number },
  count: number,
): MetricComparison {
  const [rateA, rateB] = [metric.value(totalA), metric.value(totalB)];
  const none = { low: Number.NaN, high: Number.NaN };
  return {
    metric: metric.name,
    slice,
    items: totalB(metric.itemsColumn),
    better: metric.better,
    rateA,
    rateB,
    difference: rateB - rateA,
    differenceInterval: percentileInterval(draws.differences, CONFIDENCE) ?? none,
    relative: relative(rateA, rateB),
    relativeInterval: percentileInterval(draws.relatives, CONFIDENCE) ?? none,
    betterShare: draws.better / count,
  };
}
