import type { Clock } from '../../fusion/protocol/deadline.ts';
import { POISON_MAX, POISON_MS } from './limits.ts';

/** Inputs that ended a process as often as one input may. They are refused for a while, whoever brings them. */
export class CrashRecord {
  #clock: Clock;
  /** Identity to the time of its last crash, oldest first. */
  #inputs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** False spares the caller working out an identity. */
  get any(): boolean {
    this.#forget();
    return this.#inputs.size > 0;
  }

  add(identity: string): void {
    this.#inputs.delete(identity);
    this.#inputs.set(identity, this.#clock.nowMs());
    this.#forget();
  }

  has(identity: string): boolean {
    this.#forget();
    return this.#inputs.has(identity);
  }

  #forget(): void {
    const oldest = this.#clock.nowMs() - POISON_MS;
    for (const [identity, atMs] of this.#inputs) {
      if (atMs >= oldest && this.#inputs.size <= POISON_MAX) return;
      this.#inputs.delete(identity);
    }
  }
}
