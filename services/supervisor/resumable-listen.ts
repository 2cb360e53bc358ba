import { type Clock, systemClock } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { Resumption } from '../../models/core/live.ts';
import type { RecognizerSummary } from '../../models/core/recognizer.ts';
import { AudioTail } from './audio-tail.ts';
import { inputCrashes, isLost } from './crash-budget.ts';
import type { Line, Lines } from './engine-lines.ts';
import {
  CRASHES_MAX,
  LINE_WAIT_MS_MAX,
  LIVE_CRASHES_MAX,
  REOPEN_MS,
  REPLACEMENTS_MAX,
  TAIL_LEAD_SECONDS,
  TAIL_SECONDS_MAX,
  TAIL_SILENCE_SECONDS_MAX,
} from './limits.ts';
import type { Listen, LiveEvent, LiveInput } from './live-contract.ts';
import type { SuspectLane } from './suspect-lane.ts';
import { onGrid, UtteranceLog } from './utterance-log.ts';

export interface ResumableListenOptions<O, S extends RecognizerSummary> {
  readonly lines: Lines;
  readonly lane: SuspectLane;
  /** Opens the stream on a line, `line.client.listen`. */
  readonly open: (line: Line, resumption: Resumption) => Listen<O, S>;
  readonly clock?: Clock;
}

/**
 * A live stream that outlives its processes: what it took in since the last utterance that is done is kept, and replayed on
 * the next line. The caller hears every event once; committed text never changes. Without the language model's combiner it
 * goes on at once on the standby, its fused finals marked `degraded`, and changes back once an utterance is done. Throws
 * AppError: input_crashes (the same audio ended its process twice), peer_lost (no line came in time), and the codes of the
 * listener.
 */
export function resumableListen<O, S extends RecognizerSummary>(options: ResumableListenOptions<O, S>): Listen<O, S> {
  const { lines, lane, open, clock = systemClock } = options;
  return (input, request, call) => {
    const stream = new ResumableStream(lines, lane, clock, input);
    return stream.run(
      (line, source, resumption, signal) => open(line, resumption)(source, request, { signal }),
      call.signal,
    );
  };
}

type OpenOn<S> = (
  line: Line,
  source: AsyncIterable<LiveInput>,
  resumption: Resumption,
  signal: AbortSignal,
) => AsyncGenerator<LiveEvent, S>;

class ResumableStream {
  #lines: Lines;
  #lane: SuspectLane;
  #clock: Clock;
  #source: LiveSource;
  /** When the line was lost that has no successor yet. */
  #lostMs: number | undefined;
  #log = new UtteranceLog();
  /** Crashes since the tail last moved on, and where it stood. */
  #crashes = 0;
  #crashedAtS = -1;
  #replacements = 0;
  /** True once a process took the stream: it is no newcomer any more. */
  #taken = false;
  /** While this stream may be what crashed a process. */
  #cleared: (() => void) | undefined;

  constructor(lines: Lines, lane: SuspectLane, clock: Clock, input: AsyncIterable<LiveInput>) {
    this.#clock = clock;
    this.#lines = lines;
    this.#lane = lane;
    this.#source = new LiveSource(input);
  }

  async *run<S extends RecognizerSummary>(
    open: OpenOn<S>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<LiveEvent, S> {
    try {
      for (;;) {
        // Alone only after it crashed again beside others: a replay that waits its turn falls behind.
        const leave = this.#crashes >= CRASHES_MAX ? await this.#lane.enter(signal) : undefined;
        let line: Line | undefined;
        try {
          line = await this.#lines.take({ modality: 'speech', fusedWaitMs: 0, signal });
          const summary = yield* this.#listenOn(line, open, signal, () => leave?.());
          if (summary !== 'changes line') return summary;
          this.#lostMs = this.#clock.nowMs();
        } catch (error) {
          if (line === undefined || signal?.aborted || this.#source.failed) throw error;
          if (isLost(error, signal)) {
            this.#taken = true;
            this.#count(await line.loss(), error);
          } else if (!this.#mayReopen(error)) throw error;
          else await pause(this.#clock, REOPEN_MS);
          this.#lostMs ??= this.#clock.nowMs();
        } finally {
          this.#source.detach();
          line?.release();
          leave?.();
        }
      }
    } finally {
      this.#cleared?.();
      this.#source.close();
    }
  }

  async *#listenOn<S extends RecognizerSummary>(
    line: Line,
    open: OpenOn<S>,
    signal: AbortSignal | undefined,
    passed: () => void,
  ): AsyncGenerator<LiveEvent, S | 'changes line'> {
    const { tail } = this.#source;
    const offsetS = tail.startS;
    const committed = this.#log.restart(offsetS, line.degraded);
    const stop = new AbortController();
    const signals = [line.gone, stop.signal, ...(signal === undefined ? [] : [signal])];
    const resumption = { returning: this.#taken, committed };
    const events = open(line, this.#source.items(), resumption, AbortSignal.any(signals));
    try {
      for (;;) {
        const next = await events.next();
        this.#taken = true;
        if (next.done) {
          yield* this.#log.finish();
          return { ...next.value, duration: onGrid(offsetS + next.value.duration) };
        }
        this.#lostMs = undefined;
        const told = this.#log.take(next.value);
        this.#forget(next.value);
        if (this.#crashes > 0 && tail.startS > this.#crashedAtS) {
          this.#crashes = 0;
          this.#cleared?.();
          this.#cleared = undefined;
          passed();
        }
        yield* told;
        // At the end of an utterance least is heard twice; where the next one has begun, it is replayed from its start.
        const done = next.value.kind === 'final' && next.value.stage === 'fused';
        if (line.degraded && done && this.#lines.isFused('speech')) return 'changes line';
      }
    } finally {
      stop.abort(new AppError('canceled', 'The stream goes on elsewhere, or is over.'));
      // Not awaited: a listener whose process is gone may take its time to notice.
      events.return(NOTHING as S).catch(() => undefined);
    }
  }

  /** Nothing that was accepted is lost: a stream that goes on is not turned away by a process that is full for a moment. */
  #mayReopen(error: unknown): boolean {
    const lostMs = this.#lostMs;
    const full = error instanceof AppError && error.code === 'overloaded';
    return full && lostMs !== undefined && this.#clock.nowMs() - lostMs < LINE_WAIT_MS_MAX;
  }

  /** Lets go of audio that no replay will need. */
  #forget(event: LiveEvent): void {
    const { tail } = this.#source;
    const { neededS, doneS, endedS } = this.#log;
    if (event.kind === 'cleared') tail.dropCleared(endedS);
    if (event.kind === 'commit-empty') tail.dropCommit();
    if (neededS === undefined) tail.dropBefore(Math.max(doneS, tail.endS - TAIL_SILENCE_SECONDS_MAX));
    else tail.dropBefore(Math.min(neededS, Math.max(doneS, neededS - TAIL_LEAD_SECONDS)));
    this.#source.moved();
  }

  #count(loss: 'crash' | 'replaced', error: unknown): void {
    if (loss === 'replaced') {
      this.#replacements++;
      if (this.#replacements > REPLACEMENTS_MAX) throw error;
      return;
    }
    const { startS } = this.#source.tail;
    this.#crashes = startS > this.#crashedAtS ? 1 : this.#crashes + 1;
    this.#crashedAtS = startS;
    // Where others crashed with it, it is not known who did it: once more, alone.
    const crashesMax = this.#lane.suspects > 1 ? LIVE_CRASHES_MAX : CRASHES_MAX;
    if (this.#crashes >= crashesMax) throw inputCrashes(error);
    this.#cleared ??= this.#lane.suspect();
  }
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

/** What an early return of a listener is given; nobody reads it. */
const NOTHING: unknown = undefined;

/** The caller's audio, given to one listener after the other: to each what is kept first, then what comes. */
class LiveSource {
  readonly tail = new AudioTail();
  #input: AsyncIterator<LiveInput>;
  /** A pull that began for a listener which is gone; what it brings belongs to the next one. */
  #pulled: Promise<IteratorResult<LiveInput>> | undefined;
  #listener = 0;
  #wake: (() => void) | undefined;
  #failed = false;

  constructor(input: AsyncIterable<LiveInput>) {
    this.#input = input[Symbol.asyncIterator]();
  }

  /** True once the caller's own audio threw: that is no crash. */
  get failed(): boolean {
    return this.#failed;
  }

  async *items(): AsyncGenerator<LiveInput, void> {
    const listener = ++this.#listener;
    const current = () => listener === this.#listener;
    for (const input of this.tail.inputs) yield input;
    while (current()) {
      if (this.tail.seconds >= TAIL_SECONDS_MAX) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      this.#pulled ??= this.#input.next();
      let next: IteratorResult<LiveInput>;
      try {
        next = await this.#pulled;
      } catch (error) {
        this.#failed = true;
        throw error;
      }
      if (!current()) return;
      if (next.done) return;
      this.#pulled = undefined;
      this.tail.push(next.value);
      yield next.value;
    }
  }

  /** The tail became shorter. */
  moved(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** The listener is gone. */
  detach(): void {
    this.#listener++;
    this.moved();
  }

  close(): void {
    this.detach();
    // Not awaited: a microphone that is silent would hold the caller.
    this.#input.return?.().catch(() => undefined);
  }
}
