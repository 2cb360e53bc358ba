import { AppError } from '../../models/core/app-error.ts';

/** Time as a parameter, so that tests need not wait for it. */
export interface Clock {
  nowMs(): number;
  /** Calls `run` once after `ms`; returns what calls it off. */
  after(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    // A deadline alone must not keep a process alive.
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/**
 * The time left for one stream. It travels as milliseconds left, not as a time of day: clocks of two machines differ.
 * Every side that holds the stream keeps a Deadline of its own.
 */
export class Deadline {
  #clock: Clock;
  #endMs: number | undefined;
  #callOff: (() => void) | undefined;

  /** `leftMs` undefined: no deadline. `onExpired` runs once, never within the constructor. */
  constructor(leftMs: number | undefined, onExpired: (error: AppError) => void, clock: Clock = systemClock) {
    this.#clock = clock;
    if (leftMs === undefined) return;
    this.#endMs = clock.nowMs() + leftMs;
    this.#callOff = clock.after(leftMs, () => {
      onExpired(new AppError('deadline_exceeded', `The deadline of ${Math.round(leftMs)} ms has passed.`));
    });
  }

  /** Whole milliseconds left, at least 0, for the `open` of the next peer; undefined where there is no deadline. */
  get leftMs(): number | undefined {
    return this.#endMs === undefined ? undefined : Math.max(0, Math.floor(this.#endMs - this.#clock.nowMs()));
  }

  dispose(): void {
    this.#callOff?.();
    this.#callOff = undefined;
  }
}
