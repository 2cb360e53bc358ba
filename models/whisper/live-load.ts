import { AppError } from '../core/app-error.ts';
import { LIVE_LAG_REFUSE_MS, LIVE_LOAD_MAX, LIVE_STREAMS_MAX } from '../core/limits.ts';

/** How much the newest measurement counts in a running mean. */
const NEWEST = 0.3;

/** A lag measured longer ago says nothing of now. */
const LAG_FRESH_MS = 5000;

/** Before anything is measured: finals at three tenths of real time, as if 10 s of speech had taken so long. */
const PRIOR = { speechMs: 10_000, busyMs: 3000 };
/** So long ago, a cost counts half: a machine that was slow for a while is asked again. */
const COST_HALF_LIFE_MS = 60_000;
/** Who talks into a live stream pauses as well: so much of it is speech. */
const SPEECH_SHARE = 0.6;

type PassKind = 'partial' | 'final';

interface Waiting {
  readonly kind: PassKind;
  readonly run: () => Promise<void>;
}

/**
 * The one recognizer that all live streams share. It does one pass at a time: finals before partials, and among equals who
 * came first, so that streams take turns (no stream has two partials waiting). It knows what its streams cost and how far
 * they lag, and takes a new one only where there is room.
 */
export class LiveLoad {
  readonly #streamsMax: number;
  readonly #loadMax: number;
  readonly #nowMs: () => number;
  readonly #seats = new Set<LiveSeat>();
  readonly #waiting: Waiting[] = [];
  readonly #light = new Set<AbortController>();
  #running = false;
  /** What finals took, and the speech that they were for, as much as it counts at `atMs`. */
  #cost = { busyMs: 0, speechMs: 0, atMs: 0 };

  /** @param loadMax share of the recognizer's time that finals alone may be expected to take */
  constructor({ streamsMax = LIVE_STREAMS_MAX, loadMax = LIVE_LOAD_MAX, nowMs = () => performance.now() } = {}) {
    this.#streamsMax = streamsMax;
    this.#loadMax = loadMax;
    this.#nowMs = nowMs;
  }

  /**
   * Throws `overloaded` where one more stream would make all of them late. A returning one is taken at any load: it was
   * promised that before the process it ran on was gone.
   */
  join(returning = false): LiveSeat {
    const refusal = returning ? this.#full() : this.refusal();
    if (refusal !== null) throw refusal;
    const seat = new LiveSeat(this, this.#nowMs);
    this.#seats.add(seat);
    return seat;
  }

  /** Why a newcomer would not be taken now; null: one would be. The answer changes with time alone. */
  refusal(): AppError | null {
    const full = this.#full();
    if (full !== null) return full;
    const streams = this.#seats.size;
    const lagMs = Math.max(0, ...[...this.#seats].map((seat) => seat.lagMs));
    if (lagMs > LIVE_LAG_REFUSE_MS) {
      return new AppError('overloaded', `Live streams lag ${Math.round(lagMs)} ms behind here; no more are taken.`);
    }
    const { busyMs, speechMs } = this.#costNow();
    const load = ((streams + 1) * SPEECH_SHARE * (PRIOR.busyMs + busyMs)) / (PRIOR.speechMs + speechMs);
    if (streams > 0 && load > this.#loadMax) {
      const share = Math.round(100 * load);
      return new AppError('overloaded', `With one more live stream the recognizer would be busy at ${share}%.`);
    }
    return null;
  }

  #full(): AppError | null {
    const streams = this.#seats.size;
    if (streams < this.#streamsMax) return null;
    return new AppError('overloaded', `${streams} live streams run here; no more are taken.`);
  }

  leave(seat: LiveSeat): void {
    this.#seats.delete(seat);
  }

  /** Streams that hold an utterance open. */
  get talking(): number {
    let count = 0;
    for (const seat of this.#seats) if (seat.talking) count++;
    return count;
  }

  get idle(): boolean {
    return !this.#running && this.#waiting.length === 0;
  }

  /** True where nobody waits for the recognizer, and no fused final is under way. */
  get isCalm(): boolean {
    if (this.#waiting.length > 0) return false;
    for (const seat of this.#seats) if (seat.isFusing) return false;
    return true;
  }

  /** Light fusion begins: the signal aborts as soon as a final of any stream wants the models. */
  beginLight(): AbortController {
    const cut = new AbortController();
    this.#light.add(cut);
    return cut;
  }

  endLight(cut: AbortController): void {
    this.#light.delete(cut);
  }

  cutLight(): void {
    for (const cut of this.#light) cut.abort();
  }

  /** The finals of `speechMs` of speech took `busyMs` of the recognizer. */
  noteCost(speechMs: number, busyMs: number): void {
    const before = this.#costNow();
    this.#cost = { busyMs: before.busyMs + busyMs, speechMs: before.speechMs + speechMs, atMs: before.atMs };
  }

  #costNow(): { busyMs: number; speechMs: number; atMs: number } {
    const { busyMs, speechMs, atMs } = this.#cost;
    const nowMs = this.#nowMs();
    const left = 0.5 ** ((nowMs - atMs) / COST_HALF_LIFE_MS);
    return { busyMs: left * busyMs, speechMs: left * speechMs, atMs: nowMs };
  }

  run<T>(kind: PassKind, work: () => Promise<T>): Promise<T> {
    if (kind === 'final') this.cutLight();
    return new Promise<T>((resolve, reject) => {
      const place = this.#waiting.findIndex((other) => kind === 'final' && other.kind === 'partial');
      const entry = { kind, run: () => work().then(resolve, reject) };
      this.#waiting.splice(place < 0 ? this.#waiting.length : place, 0, entry);
      if (!this.#running) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#running = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) await next.run();
    this.#running = false;
  }
}

/** One stream's share of the recognizer. */
export class LiveSeat {
  readonly #load: LiveLoad;
  readonly #nowMs: () => number;
  #passMs = 0;
  #lag = { ms: 0, atMs: 0 };
  /** True while an utterance is open. */
  talking = false;
  #isFusing = false;

  constructor(load: LiveLoad, nowMs: () => number) {
    this.#load = load;
    this.#nowMs = nowMs;
  }

  /** How far the stream's last result lagged behind its audio; 0 where that is long ago. */
  get lagMs(): number {
    return this.#nowMs() - this.#lag.atMs < LAG_FRESH_MS ? this.#lag.ms : 0;
  }

  noteLag(lagMs: number): void {
    this.#lag = { ms: lagMs, atMs: this.#nowMs() };
  }

  get idle(): boolean {
    return this.#load.idle;
  }

  get isCalm(): boolean {
    return this.#load.isCalm;
  }

  beginLight(): AbortController {
    return this.#load.beginLight();
  }

  endLight(cut: AbortController): void {
    this.#load.endLight(cut);
  }

  /** True while a fused final is searched for. */
  get isFusing(): boolean {
    return this.#isFusing;
  }

  set isFusing(isFusing: boolean) {
    this.#isFusing = isFusing;
    if (isFusing) this.#load.cutLight();
  }

  run<T>(kind: PassKind, work: () => Promise<T>): Promise<T> {
    return this.#load.run(kind, work);
  }

  noteCost(speechMs: number, busyMs: number): void {
    this.#load.noteCost(speechMs, busyMs);
  }

  /** A partial took so long, its wait not counted. */
  notePass(passMs: number): void {
    this.#passMs = this.#passMs === 0 ? passMs : (1 - NEWEST) * this.#passMs + NEWEST * passMs;
  }

  /** Time between two partials of this stream: what is wanted, but partials of all together take two thirds of the time. */
  intervalMs(wantedMs: number): number {
    return Math.max(wantedMs, 1.5 * this.#passMs * Math.max(1, this.#load.talking));
  }

  leave(): void {
    this.#load.leave(this);
  }
}
