import { SAMPLE_RATE_HZ } from '../core/limits.ts';

/** Audio that comes in a burst (a stream that is resumed) may take its time, but not more than half of its length. */
const CATCH_UP = 2;

/**
 * When the text of a stream's audio is due, and so how far it lags. Audio is due when it came; of a burst, each part is due
 * as if it had come at twice the speed of speech.
 */
export class LiveTimeline {
  readonly #nowMs: (() => number) | null;
  /** Marks in order: the audio up to `position` is due at `dueMs`. */
  #marks: { readonly position: number; readonly dueMs: number }[] = [];
  #last = { position: 0, dueMs: Number.NEGATIVE_INFINITY };

  /** @param pace `audio`: time is that of the audio, and nothing ever lags */
  constructor(pace: 'real-time' | 'audio', nowMs = () => performance.now()) {
    this.#nowMs = pace === 'audio' ? null : nowMs;
  }

  /** The audio up to `position` is here. */
  arrived(position: number): void {
    if (this.#nowMs === null) return;
    const lengthMs = ((position - this.#last.position) * 1000) / SAMPLE_RATE_HZ;
    this.#last = { position, dueMs: Math.max(this.#nowMs(), this.#last.dueMs + lengthMs / CATCH_UP) };
    this.#marks.push(this.#last);
  }

  /** Milliseconds since the audio up to `position` was due: its text comes out now. */
  lagMs(position: number): number {
    if (this.#nowMs === null) return 0;
    const mark = this.#marks.find((one) => one.position >= position) ?? this.#last;
    return Math.max(0, this.#nowMs() - mark.dueMs);
  }

  forget(position: number): void {
    const first = this.#marks.findIndex((one) => one.position >= position);
    if (first > 0) this.#marks.splice(0, first);
  }
}
