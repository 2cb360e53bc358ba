import type { Clock } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import { closeCodeOf } from './close-code.ts';
import * as bounds from './limits.ts';
import type { Socket } from './socket.ts';

/** What a connection passes on. What these throw ends the connection as an error. */
export interface ConnectionEvents {
  text(data: string): void;
  binary(data: Uint8Array): void;
  /** The reader has caught up: what was held back may be sent. */
  drained?(): void;
  /** How this protocol tells an error that ends the connection; null tells nothing. */
  tell(error: AppError): string | Uint8Array | null;
  /** Once. `error` says why, where it was not by agreement; `clean` where both sides said goodbye. */
  closed(error: AppError | undefined, clean: boolean): void;
}

export interface ConnectionLimits {
  readonly idleMs: number;
  /** Undefined: the session has a time of its own. */
  readonly sessionMs: number | undefined;
  readonly messagesPerSecond: number;
  readonly controlsPerSecond: number;
  readonly stallMs: number;
  readonly outputCoalesceBytes: number;
  readonly outputBytesMax: number;
  readonly pingIntervalMs: number;
}

export const defaultConnectionLimits: ConnectionLimits = {
  idleMs: bounds.IDLE_MS_MAX,
  sessionMs: bounds.SESSION_MS_MAX,
  messagesPerSecond: bounds.MESSAGES_PER_SECOND_MAX,
  controlsPerSecond: bounds.CONTROLS_PER_SECOND_MAX,
  stallMs: bounds.STALL_MS_MAX,
  outputCoalesceBytes: bounds.OUTPUT_BYTES_COALESCE,
  outputBytesMax: bounds.OUTPUT_BYTES_MAX,
  pingIntervalMs: bounds.PING_INTERVAL_MS,
};

/**
 * A socket with the limits that all protocols share: rates, idle and session time, pings, a reader that is too slow, input
 * that nobody takes. Invariant: after `closed` nothing is passed on, sent or timed any more.
 */
export class Connection {
  readonly clock: Clock;
  readonly #socket: Socket;
  readonly #limits: ConnectionLimits;
  #events: ConnectionEvents;
  #closed = false;
  #failure: AppError | undefined;
  /** Between our close and the peer's: nothing is passed on any more. */
  #closing = false;
  #answered = true;
  #held = false;
  #wasCongested = false;
  #heardMs = 0;
  #rate: SecondRate;
  #controls: SecondRate;
  #timers = new Map<'idle' | 'session' | 'ping' | 'stall', () => void>();

  constructor(socket: Socket, events: ConnectionEvents, clock: Clock, limits: Partial<ConnectionLimits> = {}) {
    this.clock = clock;
    this.#socket = socket;
    this.#events = events;
    this.#limits = { ...defaultConnectionLimits, ...limits };
    const { sessionMs, messagesPerSecond, controlsPerSecond } = this.#limits;
    this.#rate = new SecondRate('messages', messagesPerSecond, clock);
    this.#controls = new SecondRate('messages other than audio', controlsPerSecond, clock);
    if (sessionMs !== undefined) {
      this.#time('session', sessionMs, () => {
        this.fail(new AppError('deadline_exceeded', `A session lasts ${Math.round(sessionMs / 1000)} s at most.`));
      });
    }
    this.#restartIdle();
    this.#timePing();
    socket.listen({
      text: (data) => this.#receive(() => this.#events.text(data)),
      binary: (data) => this.#receive(() => this.#events.binary(data)),
      pong: () => {
        this.#answered = true;
      },
      closed: (clean) => this.#end(new AppError('peer_lost', 'The client went away.'), clean),
    });
  }

  /** The next stage takes over what comes. */
  handOver(events: ConnectionEvents): void {
    this.#events = events;
  }

  /** What we ended it with; undefined where both sides agreed, or the client left. */
  get failure(): AppError | undefined {
    return this.#failure;
  }

  /** Time since the last message; infinite while nothing is read. */
  get silentMs(): number {
    return this.#held ? Number.POSITIVE_INFINITY : this.clock.nowMs() - this.#heardMs;
  }

  get isOpen(): boolean {
    return !this.#closed && !this.#closing;
  }

  /** True while the reader lies behind: what can wait should. */
  get congested(): boolean {
    const isCongested = this.#socket.bufferedAmount > this.#limits.outputCoalesceBytes;
    // Whoever holds something back for it is told when it is over.
    this.#wasCongested ||= isCongested;
    return isCongested;
  }

  /** Counts a message that is no audio. Throws rate_limited. */
  countControl(): void {
    this.#controls.count();
  }

  /** Ends the connection where its reader leaves too much lying. */
  send(data: string | Uint8Array): void {
    if (!this.isOpen) return;
    if (this.#socket.bufferedAmount > this.#limits.outputBytesMax) {
      const message = `${this.#limits.outputBytesMax} bytes wait for their reader, which is too slow.`;
      this.#shut(new AppError('overloaded', message));
      return;
    }
    this.#socket.send(data, () => this.#sent());
  }

  /** Stops reading until `release`. For longer than a while, it ends the connection. */
  hold(): void {
    if (this.#held || !this.isOpen) return;
    this.#held = true;
    this.#socket.pause();
    this.#callOff('idle');
    const { stallMs } = this.#limits;
    this.#time('stall', stallMs, () => {
      const message = `No room for more audio for ${Math.round(stallMs / 1000)} s: the recognizer does not keep up.`;
      this.fail(new AppError('overloaded', message));
    });
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#callOff('stall');
    if (!this.isOpen) return;
    // A paused socket hears no pong either.
    this.#answered = true;
    this.#socket.resume();
    this.#restartIdle();
  }

  /** Tells the peer what is wrong, and closes. */
  fail(error: AppError): void {
    if (!this.isOpen) return;
    const told = this.#events.tell(error);
    if (told !== null) this.#socket.send(told);
    this.#shut(error);
  }

  /** Closes by agreement. */
  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.#closing = true;
    this.#callOffAll();
    this.#socket.close(code, reason);
  }

  #shut(error: AppError): void {
    this.#failure = error;
    this.#closing = true;
    this.#callOffAll();
    this.#socket.close(closeCodeOf(error), error.code);
    // The session need not wait for the peer's goodbye.
    this.#end(error, false);
  }

  #receive(pass: () => void): void {
    if (!this.isOpen) return;
    this.#heardMs = this.clock.nowMs();
    try {
      this.#rate.count();
      pass();
    } catch (error) {
      this.fail(AppError.from(error));
    }
  }

  #sent(): void {
    if (!this.#wasCongested || this.congested || !this.isOpen) return;
    this.#wasCongested = false;
    this.#events.drained?.();
  }

  #restartIdle(): void {
    this.#heardMs = this.clock.nowMs();
    this.#timeIdle(this.#limits.idleMs);
  }

  /** One timer looks at the last message, instead of one for each message. */
  #timeIdle(ms: number): void {
    this.#time('idle', ms, () => {
      const { idleMs } = this.#limits;
      const leftMs = this.#heardMs + idleMs - this.clock.nowMs();
      if (leftMs > 0) this.#timeIdle(leftMs);
      else this.fail(new AppError('request_timeout', `No message came for ${Math.round(idleMs / 1000)} s.`));
    });
  }

  #timePing(): void {
    this.#time('ping', this.#limits.pingIntervalMs, () => {
      if (!this.#answered && !this.#held) {
        this.#socket.terminate();
        this.#end(new AppError('peer_lost', 'The client does not answer pings.'), false);
        return;
      }
      this.#answered = false;
      this.#socket.ping();
      this.#timePing();
    });
  }

  #time(name: 'idle' | 'session' | 'ping' | 'stall', ms: number, run: () => void): void {
    this.#timers.get(name)?.();
    this.#timers.set(name, this.clock.after(ms, run));
  }

  #callOff(name: 'idle' | 'stall'): void {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
  }

  #callOffAll(): void {
    for (const callOff of this.#timers.values()) callOff();
    this.#timers.clear();
  }

  #end(error: AppError, clean: boolean): void {
    if (this.#closed) return;
    const agreed = this.#closing && clean;
    this.#closed = true;
    this.#callOffAll();
    this.#events.closed(agreed ? undefined : error, clean);
  }
}

/** So many in any one second of the clock. */
class SecondRate {
  readonly #what: string;
  readonly #max: number;
  readonly #clock: Clock;
  #second = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(what: string, max: number, clock: Clock) {
    this.#what = what;
    this.#max = max;
    this.#clock = clock;
  }

  /** Throws rate_limited. */
  count(): void {
    const second = Math.floor(this.#clock.nowMs() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#count = 0;
    }
    this.#count++;
    if (this.#count > this.#max) {
      throw new AppError('rate_limited', `More than ${this.#max} ${this.#what} came within a second.`);
    }
  }
}
