/**
 * The bounded queue before the models. Owners (keys) take turns: who sends a hundred recordings waits behind who sends
 * one. A full queue refuses at once; whoever gives up (canceled, deadline) leaves no gap.
 */
import type { Clock } from '../../fusion/protocol/deadline.ts';
import { RetryLater } from './retry-later.ts';

export interface QueueLimits {
  readonly runningMax: number;
  readonly waitingMax: number;
  readonly waitingPerOwnerMax: number;
}

/** Gives the slot back. May be called twice. */
export type Leave = () => void;

interface Waiter {
  readonly grant: () => void;
}

/** Until anything was measured: a short recording on a small machine. */
const SERVICE_MS_GUESS = 5_000;
/** Weight of the newest measurement in the running mean. */
const NEWEST_SHARE = 0.2;

export class FairQueue {
  readonly #limits: QueueLimits;
  readonly #clock: Clock;
  /** In the order of their turns; an owner without waiters is not in it. */
  readonly #owners = new Map<string, Waiter[]>();
  #waiting = 0;
  #running = 0;
  #serviceMs = SERVICE_MS_GUESS;

  constructor(limits: QueueLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get running(): number {
    return this.#running;
  }

  /** Seconds until a newcomer would be served. */
  get waitS(): number {
    return (this.#serviceMs * (this.#waiting + 1)) / this.#limits.runningMax / 1000;
  }

  /** Throws as `enter` would: for a look before an upload is taken in. */
  check(owner: string): void {
    const { runningMax, waitingMax, waitingPerOwnerMax } = this.#limits;
    if (this.#running < runningMax && this.#waiting === 0) return;
    if (this.#waiting >= waitingMax) {
      throw RetryLater.estimate('overloaded', `${waitingMax} requests are waiting already.`, this.waitS);
    }
    if ((this.#owners.get(owner)?.length ?? 0) >= waitingPerOwnerMax) {
      const message = `${waitingPerOwnerMax} requests of this key are waiting already.`;
      throw RetryLater.estimate('rate_limited', message, this.waitS);
    }
  }

  /**
   * Waits for a turn. Throws RetryLater: overloaded where the queue is full, rate_limited where this owner's share of it
   * is; and the signal's reason.
   */
  async enter(owner: string, signal: AbortSignal): Promise<Leave> {
    signal.throwIfAborted();
    this.check(owner);
    if (this.#running < this.#limits.runningMax && this.#waiting === 0) return this.#start();
    return new Promise<Leave>((resolve, reject) => {
      const giveUp = (): void => {
        this.#remove(owner, waiter);
        reject(signal.reason);
      };
      const waiter: Waiter = {
        grant: () => {
          signal.removeEventListener('abort', giveUp);
          resolve(this.#start());
        },
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#owners.set(owner, [...(this.#owners.get(owner) ?? []), waiter]);
      this.#waiting++;
    });
  }

  #start(): Leave {
    this.#running++;
    const startedMs = this.#clock.nowMs();
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#running--;
      this.#serviceMs += NEWEST_SHARE * (this.#clock.nowMs() - startedMs - this.#serviceMs);
      this.#next();
    };
  }

  #next(): void {
    if (this.#running >= this.#limits.runningMax) return;
    const turn = this.#owners.entries().next();
    if (turn.done) return;
    const [owner, [waiter, ...rest]] = turn.value;
    // To the end of the row, where it has more.
    this.#owners.delete(owner);
    if (rest.length > 0) this.#owners.set(owner, rest);
    this.#waiting--;
    waiter!.grant();
  }

  #remove(owner: string, waiter: Waiter): void {
    const rest = (this.#owners.get(owner) ?? []).filter((one) => one !== waiter);
    if (rest.length > 0) this.#owners.set(owner, rest);
    else this.#owners.delete(owner);
    this.#waiting--;
  }
}
