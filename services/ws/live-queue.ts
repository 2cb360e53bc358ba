import { SAMPLE_RATE_HZ } from '../../models/core/limits.ts';
import type { LiveInput } from '../../models/core/live.ts';

/**
 * What goes to the recognizer, in order, until it pulls it. The queue itself has no bound: who fills it watches
 * `waitingS`, and stops reading its socket.
 */
export class LiveQueue implements AsyncIterable<LiveInput> {
  readonly #changed: () => void;
  #items: LiveInput[] = [];
  #waitingSamples = 0;
  #pushedSamples = 0;
  #end: { readonly error: unknown } | 'done' | undefined;
  #wake: (() => void) | undefined;

  /** `changed` is called whenever audio was taken out. */
  constructor(changed: () => void = () => undefined) {
    this.#changed = changed;
  }

  get waitingS(): number {
    return this.#waitingSamples / SAMPLE_RATE_HZ;
  }

  /** Seconds of audio that went in, in all. */
  get pushedS(): number {
    return this.#pushedSamples / SAMPLE_RATE_HZ;
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  push(item: LiveInput): void {
    if (this.ended) return;
    if (typeof item !== 'string') {
      if (item.length === 0) return;
      this.#waitingSamples += item.length;
      this.#pushedSamples += item.length;
    }
    this.#items.push(item);
    this.#wake?.();
  }

  /** No more comes; what waits is still delivered. */
  finish(): void {
    this.#end ??= 'done';
    this.#wake?.();
  }

  /** The recognizer gets `error` after what waits. */
  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  /** For one consumer. Its `return` lets go of a pull that waits. */
  [Symbol.asyncIterator](): AsyncIterator<LiveInput, void> {
    return {
      next: async () => {
        for (;;) {
          const item = this.#items.shift();
          if (item !== undefined) {
            if (typeof item !== 'string') {
              this.#waitingSamples -= item.length;
              this.#changed();
            }
            return { value: item, done: false };
          }
          if (this.#end === 'done') return { value: undefined, done: true };
          if (this.#end !== undefined) throw this.#end.error;
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          this.#wake = undefined;
        }
      },
      return: async () => {
        this.#items.length = 0;
        this.#waitingSamples = 0;
        this.finish();
        this.#changed();
        return { value: undefined, done: true };
      },
    };
  }
}
