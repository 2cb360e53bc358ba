import { SAMPLE_RATE_HZ } from '../../models/core/limits.ts';
import type { LiveMark } from '../../models/core/live.ts';
import type { LiveInput } from './live-contract.ts';

/** What a live stream took in and may need again. Positions are seconds from the start of the stream. */
export class AudioTail {
  #items: { readonly at: number; readonly input: LiveInput }[] = [];
  /** Sample numbers: the first that is kept, and one past the last that was taken in. */
  #start = 0;
  #end = 0;

  get startS(): number {
    return this.#start / SAMPLE_RATE_HZ;
  }

  get endS(): number {
    return this.#end / SAMPLE_RATE_HZ;
  }

  get seconds(): number {
    return (this.#end - this.#start) / SAMPLE_RATE_HZ;
  }

  /** All that is kept, in order. */
  get inputs(): LiveInput[] {
    return this.#items.map(({ input }) => input);
  }

  push(input: LiveInput): void {
    this.#items.push({ at: this.#end, input });
    if (typeof input !== 'string') this.#end += input.length;
  }

  /** Lets go of all before `atS`, to the sample; marks exactly there go too. Never goes back. */
  dropBefore(atS: number): void {
    const at = Math.min(this.#end, Math.round(atS * SAMPLE_RATE_HZ));
    if (at <= this.#start) return;
    const kept = [];
    for (const item of this.#items) {
      const { input } = item;
      if (typeof input === 'string') {
        if (item.at > at) kept.push(item);
      } else if (item.at >= at) {
        kept.push(item);
      } else if (item.at + input.length > at) {
        kept.push({ at, input: input.slice(at - item.at) });
      }
    }
    this.#items = kept;
    this.#start = at;
  }

  /** The first `commit` was answered for good. */
  dropCommit(): void {
    this.#dropMark('commit');
  }

  /** The first `clear` was answered for good: what it dropped, the audio from `fromS` up to it, is silence from now on. */
  dropCleared(fromS: number): void {
    const to = this.#dropMark('clear');
    if (to === undefined) return;
    const from = Math.round(fromS * SAMPLE_RATE_HZ);
    this.#items = this.#items.map(({ at, input }) => {
      if (typeof input === 'string' || at >= to || at + input.length <= from) return { at, input };
      // The caller's own samples stay as they are.
      return { at, input: input.map((sample, i) => (at + i < from ? sample : 0)) };
    });
  }

  /** Where it stood. */
  #dropMark(mark: LiveMark): number | undefined {
    const index = this.#items.findIndex(({ input }) => input === mark);
    return index < 0 ? undefined : this.#items.splice(index, 1)[0]!.at;
  }
}
