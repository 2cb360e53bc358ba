import { type Clock, systemClock } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import {
  CLOSE_MS_MAX,
  COOL_DOWN_MS,
  KILL_MS_MAX,
  MEMORY_AGE_MS_MIN,
  MEMORY_CHECK_MS,
  PROCESS_MEMORY_BYTES_MAX,
  RECYCLE_DRAIN_MS_MAX,
  RESTART_DELAY_MS_FIRST,
  RESTART_DELAY_MS_MAX,
  RESTART_WINDOW_MS,
  RESTARTS_MAX,
  START_MS_MAX,
  STEADY_MS,
  TERMINATE_MS_MAX,
} from './limits.ts';

/** A child process as its supervisor sees it. None of these throws, whatever became of the process. */
export interface Child {
  readonly pid: number | undefined;
  /** Asks it to free what it holds and to end. */
  close(): void;
  /** SIGTERM. */
  terminate(): void;
  /** SIGKILL. */
  kill(): void;
  /** 0 where the system does not tell. */
  residentBytes(): Promise<number>;
}

/** How a process ended. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** What a child tells. Never called before `spawn` has returned. */
export interface ChildEvents {
  /** Once at most: its model is loaded, and peers reach it at `url`. */
  ready(url: string): void;
  /** It cannot load what it was given; it ends by itself after this. */
  failed(error: AppError): void;
  /** Exactly once, last of all; also where the process could not be started. */
  exited(exit: ChildExit): void;
}

export type Spawn = (events: ChildEvents, generation: number) => Child;

/**
 * `starting` until the first child is ready, `restarting` from then on while none is. `failed`: its model cannot be loaded,
 * or it crashed too often. `stopping` and `stopped` are final.
 */
export type RoleState = 'starting' | 'ready' | 'restarting' | 'failed' | 'stopping' | 'stopped';

/** For logs and metrics; holds nothing of users. */
export type SupervisorEvent =
  | { readonly kind: 'state'; readonly role: string; readonly state: RoleState; readonly error?: AppError }
  | { readonly kind: 'spawned'; readonly role: string; readonly pid: number | undefined }
  | {
      readonly kind: 'exited';
      readonly role: string;
      readonly pid: number | undefined;
      readonly exit: ChildExit;
      /** False where it was told to end. */
      readonly crash: boolean;
    }
  | { readonly kind: 'backoff'; readonly role: string; readonly delayMs: number; readonly crashes: number }
  | { readonly kind: 'recycle'; readonly role: string; readonly reason: string }
  | { readonly kind: 'stderr'; readonly role: string; readonly pid: number | undefined; readonly line: string };

export interface RestartPolicy {
  readonly delayMsFirst: number;
  readonly delayMsMax: number;
  /** Crashes within windowMs that are answered by a restart. */
  readonly restartsMax: number;
  readonly windowMs: number;
  readonly steadyMs: number;
  readonly coolDownMs: number;
  readonly startMsMax: number;
  /** Resident bytes at which the process is replaced. */
  readonly memoryBytesMax: number;
  /** Age at which a process is replaced; Infinity: never. */
  readonly lifetimeMsMax: number;
  /** Time for what is under way before a replacement. */
  readonly drainMsMax: number;
}

export const DEFAULT_POLICY: RestartPolicy = {
  delayMsFirst: RESTART_DELAY_MS_FIRST,
  delayMsMax: RESTART_DELAY_MS_MAX,
  restartsMax: RESTARTS_MAX,
  windowMs: RESTART_WINDOW_MS,
  steadyMs: STEADY_MS,
  coolDownMs: COOL_DOWN_MS,
  startMsMax: START_MS_MAX,
  memoryBytesMax: PROCESS_MEMORY_BYTES_MAX,
  lifetimeMsMax: Number.POSITIVE_INFINITY,
  drainMsMax: RECYCLE_DRAIN_MS_MAX,
};

export interface SupervisorOptions {
  readonly role: string;
  readonly spawn: Spawn;
  readonly onEvent: (event: SupervisorEvent) => void;
  readonly policy?: Partial<RestartPolicy> | undefined;
  /** Resolves once nothing is under way on the child; by default at once. */
  readonly whenIdle?: (() => Promise<void>) | undefined;
  readonly clock?: Clock | undefined;
}

/** The child that lives now. */
interface Living {
  readonly child: Child;
  readonly bornMs: number;
  readyMs: number | undefined;
  /** Why it cannot load. */
  failure: AppError | undefined;
  /** True once it was told to end: its exit is no crash. */
  ending: boolean;
  readonly timers: Set<() => void>;
}

/**
 * Keeps one process of a role alive. Invariants: never two living children; every exit is told; `stop` ends, however the
 * child behaves.
 */
export class Supervisor {
  readonly role: string;
  #spawn: Spawn;
  #onEvent: (event: SupervisorEvent) => void;
  #policy: RestartPolicy;
  #whenIdle: () => Promise<void>;
  #clock: Clock;
  #state: RoleState | undefined;
  #error: AppError | undefined;
  #url: string | undefined;
  #living: Living | undefined;
  #generation = 0;
  /** Times of the crashes that still count. */
  #crashesMs: number[] = [];
  /** Crashes since the last steady child. */
  #unsteady = 0;
  #callOffWait: (() => void) | undefined;
  #recycling = false;
  #stopped: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor({ role, spawn, onEvent, policy, whenIdle, clock = systemClock }: SupervisorOptions) {
    this.role = role;
    this.#spawn = spawn;
    this.#onEvent = onEvent;
    this.#policy = { ...DEFAULT_POLICY, ...policy };
    this.#whenIdle = whenIdle ?? (() => Promise.resolve());
    this.#clock = clock;
  }

  /** `starting` before `start` as well. */
  get state(): RoleState {
    return this.#state ?? 'starting';
  }

  /** Why the state is `failed`, or what ended the last child. */
  get error(): AppError | undefined {
    return this.#error;
  }

  /** Where peers reach the child, while the state is `ready`. */
  get url(): string | undefined {
    return this.#state === 'ready' ? this.#url : undefined;
  }

  get pid(): number | undefined {
    return this.#living?.child.pid;
  }

  /** Starts the first child; call once. */
  start(): void {
    if (this.#state !== undefined) throw new Error(`the supervisor of ${this.role} was started before`);
    this.#bear('starting');
  }

  /** Replaces the child: what is under way may finish within policy.drainMsMax. Does nothing unless it is ready. */
  recycle(reason: string): void {
    const living = this.#living;
    if (this.#state !== 'ready' || living === undefined) return;
    this.#recycling = true;
    this.#onEvent({ kind: 'recycle', role: this.role, reason });
    this.#enter('restarting');
    this.#drainThenEnd(living, this.#policy.drainMsMax);
  }

  /**
   * Lets what is under way finish within `drainMsMax`, then ends the child: it is asked to, gets SIGTERM, and SIGKILL.
   * Resolves once it is gone, at the latest after all these waits. May be called twice.
   */
  stop(drainMsMax = 0): Promise<void> {
    if (this.#stopped !== undefined) return this.#stopped.promise;
    let resolve: () => void = () => undefined;
    const promise = new Promise<void>((settle) => {
      resolve = settle;
    });
    this.#stopped = { promise, resolve };
    this.#callOffWait?.();
    this.#enter('stopping');
    const living = this.#living;
    if (living === undefined) {
      this.#finish();
    } else {
      const drainMs = living.readyMs === undefined ? 0 : drainMsMax;
      this.#drainThenEnd(living, drainMs);
      // A process that hangs in the system cannot be waited for; the rest of the program has to end.
      this.#after(living, drainMs + CLOSE_MS_MAX + TERMINATE_MS_MAX + KILL_MS_MAX, () => this.#finish());
    }
    return promise;
  }

  #bear(state: 'starting' | 'restarting'): void {
    this.#callOffWait = undefined;
    this.#recycling = false;
    this.#enter(state);
    let living: Living | undefined;
    const current = () => living !== undefined && this.#living === living;
    try {
      const child = this.#spawn(
        {
          ready: (url) => {
            if (current()) this.#ready(living!, url);
          },
          failed: (error) => {
            if (current()) this.#loadFailed(living!, error);
          },
          exited: (exit) => {
            if (current()) this.#exited(living!, exit);
          },
        },
        ++this.#generation,
      );
      living = {
        child,
        bornMs: this.#clock.nowMs(),
        readyMs: undefined,
        failure: undefined,
        ending: false,
        timers: new Set(),
      };
    } catch (error) {
      this.#crashed(AppError.from(error), undefined);
      return;
    }
    this.#living = living;
    this.#onEvent({ kind: 'spawned', role: this.role, pid: living.child.pid });
    this.#after(living, this.#policy.startMsMax, () => {
      if (living.readyMs === undefined) living.child.kill();
    });
  }

  #ready(living: Living, url: string): void {
    if (living.ending || living.readyMs !== undefined) return;
    living.readyMs = this.#clock.nowMs();
    this.#error = undefined;
    this.#url = url;
    this.#enter('ready');
    this.#watchMemory(living);
    const { lifetimeMsMax } = this.#policy;
    if (Number.isFinite(lifetimeMsMax)) {
      this.#after(living, lifetimeMsMax, () => this.recycle(`it is ${lifetimeMsMax} ms old`));
    }
  }

  #loadFailed(living: Living, error: AppError): void {
    living.failure = error;
    this.#end(living);
  }

  #exited(living: Living, exit: ChildExit): void {
    for (const callOff of living.timers) callOff();
    this.#living = undefined;
    const crash = !living.ending || living.failure !== undefined;
    this.#onEvent({ kind: 'exited', role: this.role, pid: living.child.pid, exit, crash });
    if (this.#stopped !== undefined) {
      this.#finish();
    } else if (living.failure !== undefined) {
      // What a second try cannot change is not tried a second time.
      if (living.failure.kind.retry) this.#crashed(living.failure, living);
      else this.#fail(living.failure);
    } else if (crash) {
      this.#crashed(new AppError('peer_lost', `The ${this.role} process ended by itself (${describe(exit)}).`), living);
    } else {
      this.#bear('restarting');
    }
  }

  #crashed(error: AppError, living: Living | undefined): void {
    this.#error = error;
    const { windowMs, restartsMax, steadyMs, delayMsFirst, delayMsMax } = this.#policy;
    const nowMs = this.#clock.nowMs();
    const wasSteady = living?.readyMs !== undefined && nowMs - living.readyMs >= steadyMs;
    this.#unsteady = wasSteady ? 1 : this.#unsteady + 1;
    this.#crashesMs = [...this.#crashesMs.filter((atMs) => atMs > nowMs - windowMs), nowMs];
    if (this.#crashesMs.length > restartsMax) {
      this.#crashesMs = [];
      this.#fail(error);
      this.#callOffWait = this.#clock.after(this.#policy.coolDownMs, () => this.#bear('restarting'));
      return;
    }
    const delayMs = Math.min(delayMsMax, delayMsFirst * 2 ** (this.#unsteady - 1));
    this.#enter(this.#state === 'starting' ? 'starting' : 'restarting');
    this.#onEvent({ kind: 'backoff', role: this.role, delayMs, crashes: this.#crashesMs.length });
    const next = this.#state === 'starting' ? 'starting' : 'restarting';
    this.#callOffWait = this.#clock.after(delayMs, () => this.#bear(next));
  }

  #fail(error: AppError): void {
    this.#error = error;
    this.#enter('failed');
  }

  /** Waits for the work under way, at most `drainMsMax`, then ends the child. */
  #drainThenEnd(living: Living, drainMsMax: number): void {
    const end = () => {
      if (this.#living === living) this.#end(living);
    };
    if (drainMsMax <= 0) {
      end();
      return;
    }
    this.#after(living, drainMsMax, end);
    this.#whenIdle().then(end, end);
  }

  #end(living: Living): void {
    if (living.ending) return;
    living.ending = true;
    const { child } = living;
    child.close();
    this.#after(living, CLOSE_MS_MAX, () => {
      child.terminate();
      this.#after(living, TERMINATE_MS_MAX, () => {
        child.kill();
      });
    });
  }

  #finish(): void {
    if (this.#state === 'stopped') return;
    this.#enter('stopped');
    this.#stopped?.resolve();
  }

  #watchMemory(living: Living): void {
    this.#after(living, MEMORY_CHECK_MS, () => {
      void living.child.residentBytes().then((bytes) => {
        if (this.#living !== living || this.#recycling || living.ending) return;
        const old = this.#clock.nowMs() - living.bornMs >= MEMORY_AGE_MS_MIN;
        if (bytes > this.#policy.memoryBytesMax && old) {
          this.recycle(`it holds ${bytes} bytes of memory, more than ${this.#policy.memoryBytesMax}`);
        } else {
          this.#watchMemory(living);
        }
      });
    });
  }

  #after(living: Living, ms: number, run: () => void): void {
    const callOff = this.#clock.after(ms, () => {
      living.timers.delete(callOff);
      run();
    });
    living.timers.add(callOff);
  }

  #enter(state: RoleState): void {
    if (this.#state === state) return;
    this.#state = state;
    const error = state === 'failed' || state === 'restarting' ? this.#error : undefined;
    this.#onEvent({ kind: 'state', role: this.role, state, ...(error === undefined ? {} : { error }) });
  }
}

export function describe({ code, signal }: ChildExit): string {
  if (signal !== null) return `signal ${signal}`;
  return code === null ? 'never started' : `exit status ${code}`;
}
