import { type Clock, systemClock } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { RecognizerInfo } from '../../models/core/recognizer.ts';
import { CombinerClient } from '../combiner/combiner-client.ts';
import type { CombinerConfig, CombinerPeerRole } from '../combiner/combiner-worker.ts';
import type { Channel } from '../transport/channel.ts';
import { dialWebSocket } from '../transport/web-socket-channel.ts';
import type { WorkerModule } from '../transport/worker-thread.ts';
import type { Line, Lines, LineWish } from './engine-lines.ts';
import { EXIT_NEWS_MS_MAX, JOIN_MS_MAX, LINE_WAIT_MS_MAX, REJOIN_MS } from './limits.ts';
import { ModelProcess } from './model-process.ts';
import { PrivateDirectory } from './private-directory.ts';
import type { ProcessSetup } from './process-protocol.ts';
import { type RestartPolicy, type RoleState, Supervisor, type SupervisorEvent } from './supervisor.ts';

export type Modality = RecognizerInfo['modality'];

export interface FleetOptions {
  /** Modules of recognizer-worker.ts; a modality without one is not served. */
  readonly recognizers: { readonly [modality in Modality]?: WorkerModule | undefined };
  /** Module of combiner-worker.ts, with the language model. */
  readonly search: WorkerModule;
  /** The same without a language model: serves while the first is not there. Absent: calls wait. */
  readonly standby?: WorkerModule | undefined;
  readonly policy?: Partial<RestartPolicy> | undefined;
  /** By role, over `policy`: speech, page, combiner, standby. */
  readonly policies?: { readonly [role: string]: Partial<RestartPolicy> } | undefined;
  readonly onEvent?: ((event: SupervisorEvent) => void) | undefined;
  readonly clock?: Clock | undefined;
}

/** One role, for /readyz. */
export interface RoleReport {
  readonly role: string;
  readonly state: RoleState;
  readonly pid: number | undefined;
  readonly error: AppError | undefined;
}

const RECOGNIZER_ENTRY = new URL('../recognizer/recognizer-worker.js', import.meta.url).href;
const COMBINER_ENTRY = new URL('../combiner/combiner-worker.js', import.meta.url).href;

/** A process that is ready, from then until its exit. */
interface Generation {
  readonly process: ModelProcess;
  readonly url: string;
  /** Aborts at its exit, with peer_lost. */
  readonly gone: AbortController;
  /** Set at its exit. */
  crash: boolean;
}

/** Timers that hold the program: a restart that is due must come. */
const holdingClock: Clock = {
  nowMs: systemClock.nowMs,
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** A role with its supervisor and its ready process. */
class Role {
  readonly name: string;
  readonly supervisor: Supervisor;
  now: Generation | undefined;
  #calls = 0;
  #idle: (() => void)[] = [];

  constructor(
    name: string,
    options: FleetOptions & { readonly clock: Clock },
    setup: () => ProcessSetup,
    changed: () => void,
  ) {
    this.name = name;
    const { clock, policy, policies, onEvent } = options;
    this.supervisor = new Supervisor({
      role: name,
      clock,
      policy: { ...policy, ...policies?.[name] },
      whenIdle: () => this.#whenIdle(),
      onEvent: (event) => {
        onEvent?.(event);
        if (event.kind === 'exited') this.#exited(event.crash);
        if (event.kind === 'state') changed();
      },
      spawn: (events) => {
        const process: ModelProcess = new ModelProcess(
          setup(),
          {
            ...events,
            ready: (url) => {
              this.now = { process, url, gone: new AbortController(), crash: false };
              events.ready(url);
            },
          },
          (line) => onEvent?.({ kind: 'stderr', role: name, pid: process.pid, line }),
        );
        return process;
      },
    });
  }

  /** A call begins on this role; returns what ends it. */
  begin(): () => void {
    this.#calls++;
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#calls--;
      if (this.#calls === 0) for (const idle of this.#idle.splice(0)) idle();
    };
  }

  #whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#calls === 0) resolve();
      else this.#idle.push(resolve);
    });
  }

  #exited(crash: boolean): void {
    const { now } = this;
    this.now = undefined;
    if (now === undefined) return;
    now.crash = crash;
    now.gone.abort(new AppError('peer_lost', `The ${this.name} process went away.`));
  }
}

/** A combiner's process as its callers reach it. */
interface Reached {
  readonly generation: Generation;
  client: CombinerClient | undefined;
  /** Recognizers that it reaches, or is about to. */
  readonly joined: Map<Generation, 'joining' | 'joined'>;
}

/**
 * The model processes of a service and the channels between them: each listens at a Unix socket of its own, the combiners
 * dial the recognizers, and this process dials the combiners. Frames between recognizer and combiner never pass here.
 */
export class ProcessFleet implements Lines {
  #directory: PrivateDirectory;
  #clock: Clock;
  #recognizers: ReadonlyMap<Modality, Role>;
  #combiner: Role;
  #standby: Role | undefined;
  #reached = new Map<Role, Reached>();
  #waiting = new Set<() => void>();
  #stopping: Promise<void> | undefined;

  private constructor(directory: PrivateDirectory, options: FleetOptions) {
    this.#directory = directory;
    this.#clock = options.clock ?? holdingClock;
    const settings = { ...options, clock: this.#clock };
    const changed = () => this.#changed();
    const recognizer = (modality: Modality, module: WorkerModule) =>
      new Role(modality, settings, () => this.#setup(modality, RECOGNIZER_ENTRY, module, 'combiner'), changed);
    const combiner = (name: string, module: WorkerModule) => {
      const config: CombinerConfig = { search: module.config, waitForMore: true };
      const peer: CombinerPeerRole = 'application';
      return new Role(
        name,
        settings,
        () => this.#setup(name, COMBINER_ENTRY, { url: module.url, config }, peer),
        changed,
      );
    };
    const { speech, page } = options.recognizers;
    const recognizers = new Map<Modality, Role>();
    if (speech !== undefined) recognizers.set('speech', recognizer('speech', speech));
    if (page !== undefined) recognizers.set('page', recognizer('page', page));
    this.#recognizers = recognizers;
    this.#combiner = combiner('combiner', options.search);
    this.#standby = options.standby === undefined ? undefined : combiner('standby', options.standby);
  }

  /** Starts all processes; does not wait for them. Throws usage (PrivateDirectory.make). */
  static async start(options: FleetOptions): Promise<ProcessFleet> {
    const fleet = new ProcessFleet(await PrivateDirectory.make(), options);
    for (const { supervisor } of fleet.#roles) supervisor.start();
    return fleet;
  }

  get report(): RoleReport[] {
    return this.#roles.map(({ name, supervisor: { state, pid, error } }) => ({ role: name, state, pid, error }));
  }

  /** True while every kind of call would be served in full. */
  get whole(): boolean {
    return [...this.#recognizers.values()].every((recognizer) => this.#reaches(this.#combiner, recognizer));
  }

  isFused(modality: Modality): boolean {
    const recognizer = this.#recognizers.get(modality);
    return recognizer !== undefined && this.#reaches(this.#combiner, recognizer);
  }

  /** Resolves once every role is ready and joined; rejects with the error of one that failed, or that it was stopped. */
  async ready(signal?: AbortSignal): Promise<void> {
    const combiners = [this.#combiner, ...(this.#standby === undefined ? [] : [this.#standby])];
    const pairs = [...this.#recognizers.values()].flatMap((recognizer) =>
      combiners.map((combiner) => [combiner, recognizer] as const),
    );
    await this.#until(signal, () => {
      for (const { supervisor } of this.#roles) if (supervisor.state === 'failed') throw supervisor.error;
      return pairs.every(([combiner, recognizer]) => this.#reaches(combiner, recognizer)) || undefined;
    });
  }

  async take({ modality, fusedWaitMs, signal }: LineWish): Promise<Line> {
    const recognizer = this.#recognizers.get(modality);
    if (recognizer === undefined) {
      throw new AppError('invalid_option', `No recognizer of modality ${modality} runs here.`);
    }
    const startMs = this.#clock.nowMs();
    const find = () => {
      if (recognizer.supervisor.state === 'failed') throw recognizer.supervisor.error;
      const waitedMs = this.#clock.nowMs() - startMs;
      if (this.#reaches(this.#combiner, recognizer)) return this.#line(this.#combiner, recognizer);
      const { state } = this.#combiner.supervisor;
      const failed = state === 'failed';
      // One that is ready is joined in a moment: the standby was only quicker to dial.
      const patienceMs = failed ? 0 : state === 'ready' ? Math.max(fusedWaitMs, JOIN_MS_MAX) : fusedWaitMs;
      const standby = this.#standby;
      if (standby !== undefined && waitedMs >= patienceMs && this.#reaches(standby, recognizer)) {
        return this.#line(standby, recognizer);
      }
      const hopeless = standby === undefined || standby.supervisor.state === 'failed';
      if (failed && hopeless) throw this.#combiner.supervisor.error;
      if (waitedMs >= LINE_WAIT_MS_MAX) {
        throw new AppError('peer_lost', `The ${modality} recognizer or its search is being started again.`);
      }
      return undefined;
    };
    const callOff = [fusedWaitMs, JOIN_MS_MAX, LINE_WAIT_MS_MAX].map((ms) => this.#clock.after(ms, () => this.#wake()));
    try {
      return await this.#until(signal, find);
    } finally {
      for (const off of callOff) off();
    }
  }

  /** A channel of one's own to the combiner with the language model. Throws peer_lost while there is none. */
  async dialCombiner(): Promise<Channel> {
    const { now } = this.#combiner;
    if (now === undefined) throw new AppError('peer_lost', 'The combiner is being started again.');
    return dialWebSocket(now.url);
  }

  /** Why one more live stream would be refused now; null where it would be taken, and while no process can say. */
  async liveRefusal(): Promise<AppError | null> {
    return (await this.#recognizers.get('speech')?.now?.process.liveRefusal()) ?? null;
  }

  /** Replaces the process of a role once what is under way there is done, or its time is over. */
  recycle(role: string, reason: string): void {
    this.#roles.find(({ name }) => name === role)?.supervisor.recycle(reason);
  }

  /** Ends all processes, letting calls finish for `drainMsMax`, and removes the sockets. May be called twice. */
  stop(drainMsMax = 0): Promise<void> {
    this.#stopping ??= (async () => {
      await Promise.all(this.#roles.map(({ supervisor }) => supervisor.stop(drainMsMax)));
      for (const { client } of this.#reached.values()) client?.close();
      this.#directory.remove();
    })();
    this.#wake();
    return this.#stopping;
  }

  get #roles(): Role[] {
    return [...this.#recognizers.values(), this.#combiner, ...(this.#standby === undefined ? [] : [this.#standby])];
  }

  #setup(name: string, entry: string, module: WorkerModule, peerRole: string): ProcessSetup {
    return { entry, module, socketPath: this.#directory.socketPath(name), peerRole, title: `bytefuse ${name}` };
  }

  #reaches(combiner: Role, recognizer: Role): boolean {
    const reached = this.#reached.get(combiner);
    return (
      combiner.supervisor.state === 'ready' &&
      recognizer.supervisor.state === 'ready' &&
      reached !== undefined &&
      reached.client !== undefined &&
      reached.generation === combiner.now &&
      recognizer.now !== undefined &&
      reached.joined.get(recognizer.now) === 'joined'
    );
  }

  /** Both are reached. */
  #line(combiner: Role, recognizer: Role): Line {
    const generations = [combiner.now!, recognizer.now!] as const;
    const ends = [combiner.begin(), recognizer.begin()];
    // Not AbortSignal.any: processes live for days, and what hangs on their signals has to be let go with the call.
    const gone = new AbortController();
    const lose = () => gone.abort(new AppError('peer_lost', 'A model process on the way went away.'));
    for (const generation of generations) generation.gone.signal.addEventListener('abort', lose);
    return {
      client: this.#reached.get(combiner)!.client!,
      degraded: combiner === this.#standby,
      gone: gone.signal,
      loss: async () => {
        await this.#news(gone.signal);
        const lost = generations.filter((generation) => generation.gone.signal.aborted);
        // A connection that breaks while both processes live is no order of ours either.
        return lost.length > 0 && lost.every(({ crash }) => !crash) ? 'replaced' : 'crash';
      },
      release: () => {
        for (const generation of generations) generation.gone.signal.removeEventListener('abort', lose);
        for (const end of ends) end();
      },
    };
  }

  /** Waits for the exit of a process that a stream has heard of already. */
  #news(gone: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (gone.aborted) {
        resolve();
        return;
      }
      const callOff = this.#clock.after(EXIT_NEWS_MS_MAX, resolve);
      gone.addEventListener('abort', () => {
        callOff();
        resolve();
      });
    });
  }

  /** A role changed: dials what is new. */
  #changed(): void {
    const combiners = this.#standby === undefined ? [this.#combiner] : [this.#combiner, this.#standby];
    for (const combiner of combiners) {
      const { now } = combiner;
      if (now === undefined) {
        this.#reached.delete(combiner);
        continue;
      }
      if (this.#reached.get(combiner)?.generation !== now) {
        const reached: Reached = { generation: now, client: undefined, joined: new Map() };
        this.#reached.set(combiner, reached);
        void this.#reach(reached);
      }
      for (const recognizer of this.#recognizers.values()) {
        if (recognizer.now !== undefined) void this.#join(this.#reached.get(combiner)!, recognizer.now);
      }
    }
    this.#wake();
  }

  async #reach(reached: Reached): Promise<void> {
    const { generation } = reached;
    try {
      const client = new CombinerClient(await dialWebSocket(generation.url));
      await client.ready;
      reached.client = client;
      this.#wake();
      await client.closed;
      reached.client = undefined;
    } catch {
      // Tried again below, as a channel that broke.
    }
    this.#again([generation], () => void this.#reach(reached));
  }

  async #join(reached: Reached, recognizer: Generation): Promise<void> {
    if (reached.joined.has(recognizer)) return;
    for (const old of reached.joined.keys()) if (old.gone.signal.aborted) reached.joined.delete(old);
    reached.joined.set(recognizer, 'joining');
    const role: CombinerPeerRole = 'recognizer';
    const parted = () => {
      reached.joined.delete(recognizer);
      this.#again([reached.generation, recognizer], () => void this.#join(reached, recognizer));
    };
    try {
      await reached.generation.process.dial(recognizer.url, role, parted);
      reached.joined.set(recognizer, 'joined');
      this.#wake();
    } catch {
      parted();
    }
  }

  /** Tries once more after a moment, unless one of those concerned is gone by then: the next of its kind is dialed anew. */
  #again(concerned: readonly Generation[], attempt: () => void): void {
    const over = () => this.#stopping !== undefined || concerned.some(({ gone }) => gone.signal.aborted);
    if (over()) return;
    this.#clock.after(REJOIN_MS, () => {
      if (!over()) attempt();
    });
  }

  /** Waits until `find` gives something; what it throws, the signal and a stop end the wait. */
  async #until<T>(signal: AbortSignal | undefined, find: () => T | undefined): Promise<T> {
    for (;;) {
      if (signal?.aborted) throw abortReason(signal);
      if (this.#stopping !== undefined) throw new AppError('canceled', 'The model processes are being ended.');
      const found = find();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal?.addEventListener('abort', wake);
      });
    }
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

function abortReason({ reason }: AbortSignal): unknown {
  return reason instanceof AppError ? reason : new AppError('canceled', 'The call was canceled.', { cause: reason });
}
