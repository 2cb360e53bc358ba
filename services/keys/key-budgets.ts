/** What each key may use up: requests a minute, decoded audio seconds an hour, pixels an hour. Absent means no bound. */
import type { Clock } from '../../fusion/protocol/deadline.ts';
import { RetryLater } from '../server/retry-later.ts';
import { BUDGETS_MAX } from './limits.ts';
import { TokenBucket } from './token-bucket.ts';

export interface BudgetLimits {
  readonly requestsPerMinute?: number;
  readonly audioSecondsPerHour?: number;
  readonly pixelsPerHour?: number;
}

const BUDGETS = {
  requestsPerMinute: { periodMs: 60_000, what: 'requests a minute' },
  audioSecondsPerHour: { periodMs: 3_600_000, what: 'seconds of audio an hour' },
  pixelsPerHour: { periodMs: 3_600_000, what: 'pixels an hour' },
} as const satisfies Record<keyof BudgetLimits, { periodMs: number; what: string }>;

export type BudgetName = keyof BudgetLimits;

/** How a budget stands, in its own unit. */
export interface BudgetState {
  readonly limit: number;
  readonly remaining: number;
  /** Seconds until all of it is there again, where nothing is spent meanwhile. */
  readonly resetSeconds: number;
}

/** Told to whoever asks for more than a full hour gives: trying again soon is of no use. */
const NEVER_S = 3600;

export class KeyBudgets {
  readonly #clock: Clock;
  /** Least recently used first. */
  readonly #buckets = new Map<string, { readonly limit: number; readonly bucket: TokenBucket }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws RetryLater rate_limited where the key's budget has less than `amount` left; then nothing is taken. */
  spend(owner: string, limits: BudgetLimits, name: BudgetName, amount: number): void {
    const limit = limits[name];
    if (limit === undefined) return;
    const { what } = BUDGETS[name];
    const waitS = this.#bucket(owner, name, limit).take(amount);
    if (waitS === 0) return;
    const message = Number.isFinite(waitS)
      ? `This key may use ${limit} ${what}, and has used them up.`
      : `This key may use ${limit} ${what}; this request alone needs more.`;
    throw new RetryLater('rate_limited', message, Number.isFinite(waitS) ? waitS : NEVER_S);
  }

  /** Null: not bounded. */
  state(owner: string, limits: BudgetLimits, name: BudgetName): BudgetState | null {
    const limit = limits[name];
    if (limit === undefined) return null;
    const bucket = this.#bucket(owner, name, limit);
    return { limit, remaining: bucket.level, resetSeconds: bucket.fullInS };
  }

  #bucket(owner: string, name: BudgetName, limit: number): TokenBucket {
    const id = `${name} ${owner}`;
    const known = this.#buckets.get(id);
    this.#buckets.delete(id);
    // A key whose limit was changed starts anew.
    const kept = known?.limit === limit ? known : undefined;
    const entry = kept ?? { limit, bucket: new TokenBucket(limit, BUDGETS[name].periodMs, this.#clock) };
    this.#buckets.set(id, entry);
    if (this.#buckets.size > BUDGETS_MAX) this.#buckets.delete(this.#buckets.keys().next().value!);
    return entry.bucket;
  }
}
