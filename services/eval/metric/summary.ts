/** Many items to the rows of a table, one item at a time. */
import type { ItemResult, MetricRow } from '../results.ts';
import { Calibration, type CalibrationBin } from './calibration.ts';
import { Durations } from './durations.ts';
import { effectiveSize, percentileInterval, wilsonInterval } from './interval.ts';
import { LANGUAGES_MAX, SETS_MAX, TYPES_MAX } from './limits.ts';
import { itemSums, type Metric, metricsOf } from './metric-catalog.ts';
import { SumTable, type UnitSums } from './sum-table.ts';

export interface SummaryOptions {
  readonly seed: number;
  /** Draws of the bootstrap; 2,000 hold the ends of a 95% interval still to about 2% of its width. */
  readonly draws: number;
  /** `group`: items of one speaker, recording or document are drawn together. `item`: each by itself. */
  readonly groups: 'group' | 'item';
}

export const DEFAULT_SUMMARY: SummaryOptions = { seed: 1, draws: 2000, groups: 'group' };

const CONFIDENCE = 0.95;
const LATENCIES = [
  [0.5, 'latency p50 (ms)'],
  [0.9, 'latency p90 (ms)'],
  [0.99, 'latency p99 (ms)'],
] as const;

/** Part of the items: all, one language, one collection. */
interface Slice {
  readonly name: string;
  readonly keep: (language: string, set: string) => boolean;
}

/** What is kept per slice beside the sums: it has no interval, so units do not matter. */
class SliceTallies {
  readonly latencies = new Durations();
  readonly calibration = new Calibration();
  readonly confident = { items: 0 };
}

/** Rows over `items`, in one go. */
export function summarize(items: Iterable<ItemResult>, options: Partial<SummaryOptions> = {}): MetricRow[] {
  const summary = new MetricSummary(options);
  for (const item of items) summary.add(item);
  return summary.rows();
}

/** Accumulates items of one system. Memory does not grow with their number (UNITS_MAX groups, SETS_MAX collections). */
export class MetricSummary {
  readonly #options: SummaryOptions;
  readonly #table = new SumTable();
  readonly #tallies = new Map<string, SliceTallies>();
  readonly #languages = new Set<string>();
  readonly #sets = new Set<string>();
  readonly #types = new Set<string>();

  constructor(options: Partial<SummaryOptions> = {}) {
    this.#options = { ...DEFAULT_SUMMARY, ...options };
  }

  add(item: ItemResult): void {
    const language = admit(this.#languages, item.language, LANGUAGES_MAX);
    const set = admit(this.#sets, item.set, SETS_MAX);
    const unit = this.#options.groups === 'group' ? item.group : item.id;
    const typeName = (type: string) => (type === 'all' ? type : admit(this.#types, type, TYPES_MAX));
    this.#table.add(unit, language, set, itemSums(item, typeName));
    for (const name of ['', `lang=${language}`, `set=${set}`]) {
      const tallies = this.#tallies.get(name) ?? new SliceTallies();
      this.#tallies.set(name, tallies);
      const totalMs = item.timings?.['totalMs'];
      if (totalMs !== undefined) tallies.latencies.add(totalMs);
      for (const [confidence, right] of item.confidences ?? []) tallies.calibration.add(confidence, right);
      if (item.confidences) tallies.confident.items++;
    }
  }

  /**
   * Rows over all items, then by language and by collection where there are several, in the order of their names. The
   * first row is the rate that most items are reported by. Error types, letters and stages have rows over all items.
   */
  rows(): MetricRow[] {
    return this.#slices().flatMap((slice) => {
      const units = this.#table.slice(slice.keep);
      const metrics = metricsOf(this.#table.columns(), units.total, slice.name === '');
      const rows = metricRows(metrics, units, slice.name, this.#options);
      return [...rows, ...this.#tallyRows(slice.name)];
    });
  }

  /** Bins of all confidences, for a plot. */
  calibration(slice = ''): CalibrationBin[] {
    return this.#tallies.get(slice)?.calibration.bins() ?? [];
  }

  #slices(): Slice[] {
    const slices: Slice[] = [{ name: '', keep: () => true }];
    if (this.#languages.size > 1) {
      for (const one of [...this.#languages].sort()) {
        slices.push({ name: `lang=${one}`, keep: (language) => language === one });
      }
    }
    if (this.#sets.size > 1) {
      for (const one of [...this.#sets].sort()) slices.push({ name: `set=${one}`, keep: (_, set) => set === one });
    }
    return slices;
  }

  #tallyRows(slice: string): MetricRow[] {
    const tallies = this.#tallies.get(slice);
    if (!tallies) return [];
    const rows: MetricRow[] = [];
    const { latencies, calibration, confident } = tallies;
    if (calibration.count > 0) {
      rows.push({ metric: 'calibration error', slice, value: calibration.error(), items: confident.items });
    }
    if (latencies.count > 0) {
      const values = latencies.percentiles(LATENCIES.map(([share]) => share));
      LATENCIES.forEach(([, metric], i) => {
        rows.push({ metric, slice, value: values[i]!, items: latencies.count });
      });
    }
    return rows;
  }
}

/** Further names than `max` are counted under one. */
export function admit(names: Set<string>, name: string, max: number): string {
  if (names.has(name)) return name;
  const admitted = names.size < max ? name : 'other';
  names.add(admitted);
  return admitted;
}

/** One row per metric, each with its interval: all from the same draws. A single unit has no spread, so no interval. */
function metricRows(
  metrics: readonly Metric[],
  units: UnitSums,
  slice: string,
  options: Pick<SummaryOptions, 'draws' | 'seed'>,
): MetricRow[] {
  const draws = metrics.map(() => new Float64Array(options.draws));
  if (units.units > 1) {
    const columns = [...new Set(metrics.flatMap((metric) => metric.columns))];
    units.resample(columns, options, (draw, sums) => {
      metrics.forEach((metric, m) => {
        if (metric.hasInterval !== false) draws[m]![draw] = metric.value(sums);
      });
    });
  }
  return metrics.map((metric, m): MetricRow => {
    const value = metric.value(units.total);
    const isPoint = metric.hasInterval === false || Number.isNaN(value) || units.units < 2;
    const interval = isPoint ? undefined : intervalOf(metric, value, units, draws[m]!);
    return {
      metric: metric.name,
      slice: [slice, metric.part].filter(Boolean).join(' '),
      value: Number.isFinite(value) ? value : null,
      ...(interval && Number.isFinite(interval.low) && Number.isFinite(interval.high)
        ? { low: interval.low, high: interval.high }
        : {}),
      items: units.total(metric.itemsColumn),
      ...(metric.counts ? { counts: metric.counts(units.total) } : {}),
    };
  });
}

function intervalOf(metric: Metric, value: number, units: UnitSums, draws: Float64Array) {
  const { share } = metric;
  if (share && (share.wilson === 'always' || value === 0 || value === 1)) {
    const rights = units.column(share.right);
    const totals = new Float64Array(units.units);
    for (const column of share.total) {
      units.column(column).forEach((part, u) => {
        totals[u]! += part;
      });
    }
    const size = effectiveSize(rights, totals);
    return wilsonInterval(value * size, size, CONFIDENCE);
  }
  return percentileInterval(draws, CONFIDENCE);
}
