/** How fast: real-time factor, latency percentiles, rows of the language model. Times are wall clock, item by item. */
import { quantile } from '../bootstrap.ts';
import type { ItemResult, MetricRow } from '../results.ts';

const PERCENTILES = [50, 90, 99] as const;

/** Collects one number per item. Failed items have no times. */
export class TimeRows {
  readonly #totals = new NumberList();
  #ms = 0;
  #seconds = 0;
  #timed = 0;
  #llmRows = 0;
  #llmRowsEager = 0;
  #withRows = 0;

  add({ timings, durationS, llmRows, llmRowsEager }: ItemResult): void {
    const totalMs = timings?.['totalMs'];
    if (totalMs !== undefined) {
      this.#totals.push(totalMs);
      if (durationS !== undefined && durationS > 0) {
        this.#ms += totalMs;
        this.#seconds += durationS;
        this.#timed++;
      }
    }
    if (llmRows === undefined) return;
    this.#llmRows += llmRows;
    this.#llmRowsEager += llmRowsEager ?? llmRows;
    this.#withRows++;
  }

  /** `RTF`: computing time by length of the audio, both summed; `latency pNN (ms)`; `LLM rows` in all. */
  rows(): MetricRow[] {
    const rows: MetricRow[] = [];
    if (this.#seconds > 0) {
      rows.push({ metric: 'RTF', slice: '', value: this.#ms / 1000 / this.#seconds, items: this.#timed });
    }
    const sorted = this.#totals.sorted();
    if (sorted.length > 0) {
      for (const percentile of PERCENTILES) {
        const value = quantile(sorted, percentile / 100);
        rows.push({ metric: `latency p${percentile} (ms)`, slice: '', value, items: sorted.length });
      }
    }
    if (this.#withRows > 0 && this.#llmRowsEager > 0) {
      const items = this.#withRows;
      rows.push({ metric: 'LLM rows', slice: '', value: this.#llmRows, items });
      rows.push({ metric: 'LLM rows eager', slice: '', value: this.#llmRowsEager, items });
    }
    return rows;
  }
}

/** Numbers at eight bytes each, however many. */
class NumberList {
  #held = new Float64Array(1024);
  #length = 0;

  push(value: number): void {
    if (this.#length === this.#held.length) {
      const wider = new Float64Array(2 * this.#length);
      wider.set(this.#held);
      this.#held = wider;
    }
    this.#held[this.#length++] = value;
  }

  sorted(): Float64Array {
    return this.#held.slice(0, this.#length).sort();
  }
}
