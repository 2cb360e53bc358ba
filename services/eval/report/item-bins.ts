/** Sums over all items of one system: what the plots are drawn from. Memory depends on the kinds, not on the items. */
import type { EditCounts } from '../error-rate.ts';
import type { Hits, ItemResult } from '../results.ts';
import { rankOf } from './item-measure.ts';
import { KINDS_MAX } from './limits.ts';

/** Upper ends of the ranges of reference length, in units of the metric (words or characters). */
export const LENGTH_ENDS = [2, 5, 10, 20, 40, 80, 160, Number.POSITIVE_INFINITY] as const;
export const CONFIDENCE_BINS = 10;
/** Ranges of latency: eight to a decade, from 1 ms to some 28 hours; shorter and longer ones count at the ends. */
const LATENCY_PER_DECADE = 8;
const LATENCY_BINS = 8 * LATENCY_PER_DECADE;
/** Where kinds beyond KINDS_MAX are counted. */
const OTHER = 'other';

export interface LengthBin {
  errors: number;
  units: number;
  items: number;
}

export interface ConfidenceBin {
  count: number;
  confidenceSum: number;
  right: number;
}

export class ItemBins {
  items = 0;
  failed = 0;
  /** Items with timings, and their total. */
  timed = 0;
  totalMs = 0;
  /** Seconds of audio of the timed items that have a duration. */
  timedAudioS = 0;
  /** By metric of the item's rank, then by LENGTH_ENDS. */
  readonly lengths = new Map<string, LengthBin[]>();
  /** By rate metric. */
  readonly counts = new Map<string, Mutable<EditCounts>>();
  /** By type of edit (gec). */
  readonly edits = new Map<string, Mutable<Hits>>();
  readonly stagesMs = new Map<string, number>();
  readonly confidence: ConfidenceBin[] = Array.from({ length: CONFIDENCE_BINS }, () => ({
    count: 0,
    confidenceSum: 0,
    right: 0,
  }));
  readonly #latency = new Uint32Array(LATENCY_BINS);

  add(item: ItemResult): void {
    this.items++;
    if (item.error) this.failed++;
    this.#addLength(item);
    // The rate that the item's language is reported by; the others are in the tables.
    for (const [metric, counts] of Object.entries(item.rates).slice(0, 1)) {
      const sum = held(this.counts, metric, () => ({
        refUnits: 0,
        hypUnits: 0,
        substitutions: 0,
        deletions: 0,
        insertions: 0,
      }));
      for (const key of Object.keys(sum) as (keyof EditCounts)[]) sum[key] += counts[key];
    }
    for (const [type, { tp, fp, fn }] of Object.entries(item.edits ?? {})) {
      const sum = held(this.edits, type, () => ({ tp: 0, fp: 0, fn: 0 }));
      sum.tp += tp;
      sum.fp += fp;
      sum.fn += fn;
    }
    if (item.confidences) this.#addConfidences(item.confidences);
    if (item.timings) this.#addTimings(item.timings, item.durationS);
  }

  /** Ranges of latency with their counts, milliseconds, without the empty ones at both ends. */
  latency(): { from: number; to: number; count: number }[] {
    const bins = [...this.#latency].map((count, i) => ({ from: latencyStart(i), to: latencyStart(i + 1), count }));
    const first = bins.findIndex(({ count }) => count > 0);
    const last = bins.findLastIndex(({ count }) => count > 0);
    return first < 0 ? [] : bins.slice(first, last + 1);
  }

  /** Quantile of the latency by its ranges, interpolated within one: off by at most a third. NaN without timings. */
  latencyQuantile(share: number): number {
    let left = share * this.timed;
    for (const { from, to, count } of this.latency()) {
      if (left <= count) return from * (to / from) ** (left / count);
      left -= count;
    }
    return Number.NaN;
  }

  #addLength(item: ItemResult): void {
    const { metric, errors, units, length } = rankOf(item);
    if (metric === '') return;
    const bins = held(this.lengths, metric, () => LENGTH_ENDS.map(() => ({ errors: 0, units: 0, items: 0 })));
    // An empty reference has no length to be sorted by; the tables count it.
    if (length === 0) return;
    const bin = bins[LENGTH_ENDS.findIndex((end) => length <= end)]!;
    bin.errors += errors;
    bin.units += units;
    bin.items++;
  }

  #addConfidences(confidences: NonNullable<ItemResult['confidences']>): void {
    for (const [confidence, right] of confidences) {
      if (!(confidence >= 0 && confidence <= 1)) continue;
      const bin = this.confidence[Math.min(CONFIDENCE_BINS - 1, Math.floor(confidence * CONFIDENCE_BINS))]!;
      bin.count++;
      bin.confidenceSum += confidence;
      bin.right += right;
    }
  }

  #addTimings(timings: Readonly<Record<string, number>>, durationS: number | undefined): void {
    const totalMs = timings['totalMs'];
    if (totalMs === undefined || !(totalMs >= 0)) return;
    this.timed++;
    this.totalMs += totalMs;
    this.timedAudioS += durationS ?? 0;
    const bin = Math.floor(Math.log10(Math.max(1, totalMs)) * LATENCY_PER_DECADE);
    this.#latency[Math.min(LATENCY_BINS - 1, bin)]!++;
    for (const [stage, ms] of Object.entries(timings)) {
      if (stage === 'totalMs') continue;
      const name = this.stagesMs.has(stage) || this.stagesMs.size < KINDS_MAX ? stage : OTHER;
      this.stagesMs.set(name, (this.stagesMs.get(name) ?? 0) + ms);
    }
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function latencyStart(bin: number): number {
  return 10 ** (bin / LATENCY_PER_DECADE);
}

function held<T>(map: Map<string, T>, key: string, make: () => T): T {
  const name = map.has(key) || map.size < KINDS_MAX ? key : OTHER;
  const found = map.get(name);
  if (found !== undefined) return found;
  const made = make();
  map.set(name, made);
  return made;
}

/** Expected calibration error: mean gap between confidence and accuracy, weighted by counts (Naeini et al. 2015). */
export function calibrationError(bins: readonly ConfidenceBin[]): number {
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  return bins.reduce((sum, { confidenceSum, right }) => sum + Math.abs(confidenceSum - right), 0) / total;
}
