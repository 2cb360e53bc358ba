import type { Clock } from '../../../fusion/protocol/deadline.ts';

/**
 * How something ended: `answered` in full; `refused` by a code before it was taken; `failed` by a code after that;
 * `canceled` by ourselves; `lost`: none of these within its time.
 */
export const OUTCOMES = ['answered', 'refused', 'failed', 'canceled', 'lost'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What became of all requests of one kind. */
export interface Tally {
  readonly kind: string;
  readonly sent: number;
  /** Those that have ended and had been taken before: an answer began, or a session was opened. */
  readonly accepted: number;
  readonly ends: Readonly<Record<Outcome, number>>;
  /** Of `refused` and `failed`: error code or HTTP status, with its count. */
  readonly codes: ReadonlyMap<string, number>;
}

interface Account {
  sent: number;
  accepted: number;
  readonly ends: Record<Outcome, number>;
  readonly codes: Map<string, number>;
}

/** Findings that are kept with their words; beyond them only the number grows. */
const FINDINGS_KEPT = 50;

/**
 * Every request with how it ended. Invariant: each entry ends exactly once; one that nobody ends is lost when its time is
 * over, and what comes after that does not change it.
 */
export class Ledger {
  readonly #clock: Clock;
  readonly #accounts = new Map<string, Account>();
  readonly #findings: string[] = [];
  #findingCount = 0;
  #open = 0;
  #waiting: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What was wrong: entries that were lost, and what `finding` was told. At most 50 of them. */
  get findings(): readonly string[] {
    return this.#findings;
  }

  get findingCount(): number {
    return this.#findingCount;
  }

  /** Entries without an end. */
  get open(): number {
    return this.#open;
  }

  /** Resolves once every entry has ended. */
  settled(): Promise<void> {
    if (this.#open === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** A request begins; it is lost unless it ends within `limitMs`. */
  enter(kind: string, limitMs: number): Entry {
    this.#account(kind).sent++;
    this.#open++;
    return new Entry(kind, limitMs, this.#clock, {
      ended: (outcome, what, accepted) => {
        if (accepted) this.#account(kind).accepted++;
        this.#end(kind, outcome, what, 1);
        this.#open--;
        if (this.#open === 0) for (const resolve of this.#waiting.splice(0)) resolve();
      },
    });
  }

  /** Requests that others have counted: `what` is the code of those refused or failed, and why one was lost. */
  count(kind: string, outcome: Outcome, what: string, count: number): void {
    const account = this.#account(kind);
    account.sent += count;
    if (outcome !== 'refused') account.accepted += count;
    this.#end(kind, outcome, what, count);
  }

  /** Something that must not be, whatever became of its request. */
  finding(text: string): void {
    this.#findingCount++;
    if (this.#findings.length < FINDINGS_KEPT) this.#findings.push(text);
  }

  /** By kind, in the order of their first request. */
  tally(): Tally[] {
    return [...this.#accounts].map(([kind, account]) => ({ kind, ...account }));
  }

  #end(kind: string, outcome: Outcome, what: string, count: number): void {
    const { ends, codes } = this.#account(kind);
    ends[outcome] += count;
    if (outcome === 'refused' || outcome === 'failed') codes.set(what, (codes.get(what) ?? 0) + count);
    if (outcome === 'lost') this.finding(`${kind}: ${what}`);
  }

  #account(kind: string): Account {
    let account = this.#accounts.get(kind);
    if (account === undefined) {
      const ends = { answered: 0, refused: 0, failed: 0, canceled: 0, lost: 0 };
      account = { sent: 0, accepted: 0, ends, codes: new Map() };
      this.#accounts.set(kind, account);
    }
    return account;
  }
}

interface EntryEvents {
  ended(outcome: Outcome, what: string, accepted: boolean): void;
}

/** One request on its way. The first end counts; calls after it do nothing. */
export class Entry {
  readonly kind: string;
  readonly #events: EntryEvents;
  readonly #callOff: () => void;
  #accepted = false;
  #outcome: Outcome | undefined;
  #ended: (() => void)[] = [];

  constructor(kind: string, limitMs: number, clock: Clock, events: EntryEvents) {
    this.kind = kind;
    this.#events = events;
    this.#callOff = clock.after(limitMs, () => this.lost(`no end within ${Math.round(limitMs / 1000)} s`));
  }

  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  /** Resolves at its end. */
  done(): Promise<void> {
    if (this.#outcome !== undefined) return Promise.resolve();
    return new Promise((resolve) => this.#ended.push(resolve));
  }

  /** The service took it. */
  accept(): void {
    this.#accepted = true;
  }

  answered(): void {
    this.accept();
    this.#end('answered', '');
  }

  refused(code: string): void {
    this.#accepted = false;
    this.#end('refused', code);
  }

  failed(code: string): void {
    this.accept();
    this.#end('failed', code);
  }

  canceled(): void {
    this.#end('canceled', '');
  }

  lost(why: string): void {
    this.#end('lost', why);
  }

  #end(outcome: Outcome, what: string): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#callOff();
    this.#events.ended(outcome, what, this.#accepted);
    for (const resolve of this.#ended.splice(0)) resolve();
  }
}
