import { AppError } from '../core/app-error.ts';
import { LIVE_LAG_END_MS, LIVE_LAG_FUSION_MS, LIVE_LAG_PARTIALS_MS, SAMPLE_RATE_HZ } from '../core/limits.ts';
import type { LiveEvent, Shed } from '../core/live.ts';

/** Audio that comes in a burst (a stream that is resumed) may take its time, but not more than half of its length. */
const CATCH_UP = 2;
/** A change of lag that is worth an event. */
const TOLD_STEP_MS = 300;

/**
 * How far a stream's text lags behind its audio, and what is left out for it. Audio is due when it came; of a burst, each
 * part is due as if it had come at twice the speed of speech.
 */
export class LiveLag {
  readonly #nowMs: (() => number) | null;
  /** In order: the audio up to `position` is due at `dueMs`. */
  #marks: { readonly position: number; readonly dueMs: number }[] = [];
  #last = { position: 0, dueMs: Number.NEGATIVE_INFINITY };
  #toldMs = 0;
  #shed: Shed['what'] = 'nothing';

  /** @param nowMs null: time is that of the audio, and nothing ever lags */
  constructor(nowMs: (() => number) | null) {
    this.#nowMs = nowMs;
  }

  /** What is left out now. */
  get shed(): Shed['what'] {
    return this.#shed;
  }

  /** The audio up to `position` is here. */
  arrived(position: number): void {
    if (this.#nowMs === null) return;
    const lengthMs = ((position - this.#last.position) * 1000) / SAMPLE_RATE_HZ;
    this.#last = { position, dueMs: Math.max(this.#nowMs(), this.#last.dueMs + lengthMs / CATCH_UP) };
    this.#marks.push(this.#last);
  }

  /** Milliseconds since the audio up to `position` was due. */
  lagMs(position: number): number {
    if (this.#nowMs === null) return 0;
    const mark = this.#marks.find((one) => one.position >= position) ?? this.#last;
    return Math.max(0, this.#nowMs() - mark.dueMs);
  }

  /**
   * A result came out with this lag. Returns what the reader should know of it.
   * Throws `overloaded` where the stream is too late to go on.
   */
  note(lagMs: number): readonly LiveEvent[] {
    if (lagMs > LIVE_LAG_END_MS) {
      throw new AppError('overloaded', `The stream lags ${Math.round(lagMs)} ms behind its audio; it ends here.`);
    }
    const events: LiveEvent[] = [];
    const shed = this.#next(lagMs);
    if (Math.abs(lagMs - this.#toldMs) >= TOLD_STEP_MS || shed !== this.#shed) {
      this.#toldMs = lagMs;
      events.push({ kind: 'lag', lagMs: Math.round(lagMs) });
    }
    if (shed !== this.#shed) events.push({ kind: 'shed', what: shed, lagMs: Math.round(lagMs) });
    this.#shed = shed;
    return events;
  }

  /** Nobody asks about audio before `position` any more. */
  forget(position: number): void {
    const first = this.#marks.findIndex((one) => one.position >= position);
    if (first > 0) this.#marks.splice(0, first);
  }

  /** Partials come back at half of the lag at which they went, so that they do not come and go. */
  #next(lagMs: number): Shed['what'] {
    if (lagMs > LIVE_LAG_FUSION_MS) return 'fusion';
    const limit = this.#shed === 'nothing' ? LIVE_LAG_PARTIALS_MS : LIVE_LAG_PARTIALS_MS / 2;
    return lagMs > limit ? 'partials' : 'nothing';
  }
}
