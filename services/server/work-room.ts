/**
 * Requests that hold something: an upload, a place in the queue, a model. Each has a signal that fires when its client
 * leaves, its deadline passes or the service ends, and the room knows all of them, so that ending can wait for them.
 */
import { type Clock, Deadline } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import { ABORT_MS_MAX } from './limits.ts';
import { RetryLater } from './retry-later.ts';

export type Phase = 'upload' | 'queue' | 'work' | 'write';

/** Told at the end of each phase. */
export type PhaseListener = (phase: Phase, ms: number) => void;

/** Seconds that a client waits before it asks the next instance, or this one again. */
const RESTART_S = 5;

export class Work {
  readonly owner: string;
  readonly signal: AbortSignal;
  /** Wall-clock milliseconds by phase. */
  readonly phasesMs: Partial<Record<Phase, number>> = {};
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #onPhase: PhaseListener;
  readonly #onEnd: (work: Work) => void;
  #deadline: Deadline;
  #holds = 0;
  #answered = false;
  #ended = false;

  constructor(owner: string, deadlineMs: number, clock: Clock, onPhase: PhaseListener, onEnd: (work: Work) => void) {
    this.owner = owner;
    this.signal = this.#controller.signal;
    this.#clock = clock;
    this.#startedMs = clock.nowMs();
    this.#onPhase = onPhase;
    this.#onEnd = onEnd;
    this.#deadline = new Deadline(deadlineMs, (error) => this.abort(error), clock);
  }

  abort(error: AppError): void {
    if (!this.#answered) this.#controller.abort(error);
  }

  /** Counted from the arrival of the request; can only shorten what there is. */
  limitTo(deadlineMs: number): void {
    const leftMs = Math.max(0, deadlineMs - (this.#clock.nowMs() - this.#startedMs));
    if (leftMs >= (this.#deadline.leftMs ?? Number.POSITIVE_INFINITY)) return;
    this.#deadline.dispose();
    // Says the time that was asked for, not what is left of it.
    const expired = new AppError('deadline_exceeded', `The deadline of ${deadlineMs} ms has passed.`);
    if (leftMs === 0) this.abort(expired);
    this.#deadline = new Deadline(leftMs, () => this.abort(expired), this.#clock);
  }

  async time<T>(phase: Phase, run: () => Promise<T>): Promise<T> {
    const startedMs = this.#clock.nowMs();
    try {
      return await run();
    } finally {
      const ms = this.#clock.nowMs() - startedMs;
      this.phasesMs[phase] = (this.phasesMs[phase] ?? 0) + ms;
      this.#onPhase(phase, ms);
    }
  }

  /** Runs what holds something; the work ends no sooner than it is through. */
  async hold<T>(run: () => Promise<T>): Promise<T> {
    this.#holds++;
    try {
      return await run();
    } finally {
      this.#holds--;
      if (this.#answered) this.end();
    }
  }

  /** The answer is through, or its reader is gone. May be called twice. */
  end(): void {
    this.#answered = true;
    if (this.#ended || this.#holds > 0) return;
    this.#ended = true;
    this.#deadline.dispose();
    this.#onEnd(this);
  }
}

export interface RoomLimits {
  readonly requestsMax: number;
  readonly deadlineMsMax: number;
  readonly drainMsMax: number;
}

export class WorkRoom {
  readonly #limits: RoomLimits;
  readonly #clock: Clock;
  readonly #open = new Set<Work>();
  readonly #onEmpty = new Set<() => void>();
  #draining: Promise<void> | null = null;

  constructor(limits: RoomLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get size(): number {
    return this.#open.size;
  }

  get isDraining(): boolean {
    return this.#draining !== null;
  }

  /** Throws RetryLater: shutting_down, overloaded. */
  open(owner: string, onPhase: PhaseListener = () => {}): Work {
    this.refuseWhileDraining();
    const { requestsMax, deadlineMsMax } = this.#limits;
    if (this.#open.size >= requestsMax) {
      throw RetryLater.estimate('overloaded', `${requestsMax} requests are under way already.`, 1);
    }
    const work = new Work(owner, deadlineMsMax, this.#clock, onPhase, (ended) => {
      this.#open.delete(ended);
      if (this.#open.size > 0) return;
      for (const run of this.#onEmpty) run();
      this.#onEmpty.clear();
    });
    this.#open.add(work);
    return work;
  }

  /** Throws RetryLater shutting_down. */
  refuseWhileDraining(): void {
    if (this.isDraining) throw new RetryLater('shutting_down', 'The service is ending.', RESTART_S);
  }

  /** Takes no new work, waits for what runs, aborts what runs too long. Always resolves, within a stated time. */
  drain(): Promise<void> {
    this.#draining ??= this.#drain();
    return this.#draining;
  }

  async #drain(): Promise<void> {
    const { drainMsMax } = this.#limits;
    if (await this.#emptyWithin(drainMsMax)) return;
    const seconds = Math.round(drainMsMax / 1000);
    for (const work of this.#open) {
      work.abort(
        new RetryLater(
          'shutting_down',
          `The service is ending, and ${seconds} s did not suffice to finish.`,
          RESTART_S,
        ),
      );
    }
    await this.#emptyWithin(ABORT_MS_MAX);
  }

  #emptyWithin(ms: number): Promise<boolean> {
    if (this.#open.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const callOff = this.#clock.after(ms, () => {
        this.#onEmpty.delete(empty);
        resolve(false);
      });
      const empty = (): void => {
        callOff();
        resolve(true);
      };
      this.#onEmpty.add(empty);
    });
  }
}
