import { SAMPLE_RATE_HZ } from '../core/limits.ts';
import type { LiveInput } from '../core/live.ts';
import { joinedSamples } from '../core/samples.ts';

/** Audio that may wait to be taken in real time; the source is held up beyond it. */
export const WAITING_SAMPLES_MAX = 2 * SAMPLE_RATE_HZ;

/**
 * What comes in, read as it comes: a thread that computes gets few turns, so all audio that waits is taken at once, and when
 * it came is noted when it came. Marks keep their place.
 */
export class LiveInbox {
  readonly #source: AsyncIterator<LiveInput>;
  readonly #arrived: (position: number) => void;
  readonly #waitingMax: number;
  readonly #items: LiveInput[] = [];
  #waiting = 0;
  #position = 0;
  #end: { readonly error: unknown } | 'done' | undefined;
  #wake: () => void = () => undefined;
  #room: () => void = () => undefined;

  /**
   * @param arrived called with the number of samples that have come, as they come
   * @param waitingMax samples that may wait; while there are more, nothing is read
   */
  constructor(source: AsyncIterator<LiveInput>, arrived: (position: number) => void, waitingMax: number) {
    this.#source = source;
    this.#arrived = arrived;
    this.#waitingMax = waitingMax;
    this.#read().then(
      () => this.#finish('done'),
      (error: unknown) => this.#finish({ error }),
    );
  }

  /** True once the source has ended by itself. */
  get drained(): boolean {
    return this.#end !== undefined;
  }

  /** The next mark, or all samples before it that are here; null at the end. Throws what the source throws. */
  async take(): Promise<LiveInput | null> {
    while (this.#items.length === 0) {
      if (this.#end === 'done') return null;
      if (this.#end !== undefined) throw this.#end.error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const first = this.#items[0]!;
    if (typeof first === 'string') return this.#items.shift()!;
    const mark = this.#items.findIndex((item) => typeof item === 'string');
    // All that stand before the mark are samples.
    const parts = this.#items.splice(0, mark < 0 ? this.#items.length : mark) as Float32Array[];
    const samples = joinedSamples(parts);
    this.#waiting -= samples.length;
    this.#room();
    return samples;
  }

  async #read(): Promise<void> {
    for (let next = await this.#source.next(); next.done !== true; next = await this.#source.next()) {
      const item = next.value;
      this.#items.push(item);
      if (typeof item !== 'string') {
        this.#waiting += item.length;
        this.#position += item.length;
        this.#arrived(this.#position);
      }
      this.#wake();
      while (this.#waiting > this.#waitingMax) {
        await new Promise<void>((resolve) => {
          this.#room = resolve;
        });
      }
    }
  }

  #finish(end: { readonly error: unknown } | 'done'): void {
    this.#end = end;
    this.#wake();
  }
}
