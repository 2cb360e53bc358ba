import type { Clock } from '../../fusion/protocol/deadline.ts';
import type { AppError } from '../../models/core/app-error.ts';
import { ServiceMetrics } from '../metrics/service-metrics.ts';
import { isFaultStatus } from '../server/fault-status.ts';
import { LiveTiming } from './live-timing.ts';

/** What the service's log is to sockets. */
export interface SocketLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface RecordParts {
  readonly clock: Clock;
  readonly metrics: ServiceMetrics;
  readonly log: SocketLog;
  /** Final texts go into the log. */
  readonly logText: boolean;
}

export const unrecorded = (clock: Clock): RecordParts => ({
  clock,
  metrics: new ServiceMetrics(),
  log: { info: () => {}, error: () => {} },
  logText: false,
});

/**
 * One connection, and the session that it carries, as operators see them: figures as things happen, and one line in the log
 * once both are over. A session that is carried on by another connection has one line as well.
 */
export class SessionRecord {
  readonly #parts: RecordParts;
  readonly #route: string;
  readonly #startedMs: number;
  readonly #texts: string[] = [];
  #requestId: string;
  #key: string | undefined;
  #session: string | undefined;
  /** The session that this connection carries on, which was begun on another one. */
  #carried: SessionRecord | undefined;
  #connections = 1;
  #held = false;
  #closeCode = 0;
  #error: AppError | undefined;
  #audioS = 0;
  #utterances = 0;
  #firstPartialMs: number | undefined;

  constructor(route: string, requestId: string, parts: RecordParts) {
    this.#route = route;
    this.#requestId = requestId;
    this.#parts = parts;
    this.#startedMs = parts.clock.nowMs();
    parts.metrics.sockets.opened(route);
  }

  /** Who it is, by the name of its key; `session`: the name of what runs on the connection. */
  admitted(key: string, session?: string): void {
    this.#key = key;
    this.#session = session;
  }

  /** This connection goes on with the session of `other`. */
  carry(other: SessionRecord): void {
    this.#carried = other;
    other.#requestId = this.#requestId;
    other.#connections++;
  }

  /** The session may outlive its connection: the line waits for `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#endIfOver();
  }

  /** For one stream of the recognizer: its audio, and what is heard of it. */
  timing(): LiveTiming {
    const { clock, metrics, logText } = this.#parts;
    return new LiveTiming(clock, {
      heard: (seconds) => {
        this.#audioS += seconds;
        metrics.heard(seconds);
      },
      stage: (stage, ms) => {
        metrics.sockets.live(stage, ms);
        if (stage === 'first_partial') this.#firstPartialMs ??= Math.round(ms);
      },
      shed: (what) => metrics.sockets.shed(what),
      closed: ({ text }) => {
        this.#utterances++;
        if (logText) this.#texts.push(text);
      },
    });
  }

  /** The connection is gone; once. `error`: what we ended it with. */
  disconnected(closeCode: number, error: AppError | undefined): void {
    const { metrics } = this.#parts;
    metrics.sockets.closed(this.#route, closeCode);
    if (error !== undefined) metrics.error(error.code);
    (this.#carried ?? this).#left(closeCode, error);
  }

  #left(closeCode: number, error: AppError | undefined): void {
    this.#connections--;
    this.#closeCode = closeCode;
    this.#error = error;
    this.#endIfOver();
  }

  #endIfOver(): void {
    if (this.#held || this.#connections > 0) return;
    const { clock, log, logText } = this.#parts;
    const error = this.#error;
    const fields = {
      requestId: this.#requestId,
      route: this.#route,
      session: this.#session,
      key: this.#key,
      closeCode: this.#closeCode,
      ms: Math.round(clock.nowMs() - this.#startedMs),
      audioSeconds: Math.round(this.#audioS * 1000) / 1000,
      utterances: this.#utterances,
      firstPartialMs: this.#firstPartialMs,
      code: error?.code,
      ...(logText ? { text: this.#texts.join('\n') } : {}),
    };
    const status = error?.kind.status ?? 200;
    if (isFaultStatus(status)) log.error({ ...fields, err: error!.cause ?? error }, 'session');
    else log.info(fields, 'session');
  }
}
