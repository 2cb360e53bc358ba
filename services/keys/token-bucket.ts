import type { Clock } from '../../fusion/protocol/deadline.ts';

/** An allowance that fills evenly: `capacity` at most, and as much again in `periodMs`. */
export class TokenBucket {
  readonly capacity: number;
  readonly #periodMs: number;
  readonly #clock: Clock;
  #level: number;
  #atMs: number;

  constructor(capacity: number, periodMs: number, clock: Clock) {
    this.capacity = capacity;
    this.#periodMs = periodMs;
    this.#clock = clock;
    this.#level = capacity;
    this.#atMs = clock.nowMs();
  }

  /** What may be taken now. */
  get level(): number {
    this.#fill();
    return this.#level;
  }

  /** Seconds until it is full, where nothing is taken meanwhile. */
  get fullInS(): number {
    return this.#secondsFor(this.capacity - this.level);
  }

  /** Takes `amount` and returns 0, or takes nothing and returns the seconds until there is enough (Infinity: never). */
  take(amount: number): number {
    this.#fill();
    if (amount <= this.#level) {
      this.#level -= amount;
      return 0;
    }
    if (amount > this.capacity) return Number.POSITIVE_INFINITY;
    return this.#secondsFor(amount - this.#level);
  }

  #fill(): void {
    const nowMs = this.#clock.nowMs();
    this.#level = Math.min(this.capacity, this.#level + ((nowMs - this.#atMs) * this.capacity) / this.#periodMs);
    this.#atMs = nowMs;
  }

  #secondsFor(amount: number): number {
    return ((amount / this.capacity) * this.#periodMs) / 1000;
  }
}
