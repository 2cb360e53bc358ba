/** Server-sent events: one JSON value per event. Whoever makes them waits while the reader has not taken the last ones. */
import { Readable } from 'node:stream';
import type { Clock } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import { errorBody } from './error-reply.ts';

export interface FeedLimits {
  readonly eventBytesMax: number;
  readonly slowReaderMsMax: number;
  readonly heartbeatMs: number;
}

/** Above this many waiting bytes the maker waits. */
const HIGH_WATER_BYTES = 16_384;

export class EventFeed extends Readable {
  readonly #limits: FeedLimits;
  readonly #clock: Clock;
  readonly #onCut: (error: AppError) => void;
  #wake: (() => void)[] = [];
  #callOffBeat: () => void = () => {};
  #ended = false;

  /** `onCut`: the reader is gone, or too slow; nothing more is wanted. */
  constructor(limits: FeedLimits, clock: Clock, onCut: (error: AppError) => void) {
    super({ highWaterMark: HIGH_WATER_BYTES });
    this.#limits = limits;
    this.#clock = clock;
    this.#onCut = onCut;
    this.#beatLater();
  }

  /** Events after the end, or after a cut, are dropped. */
  write(event: object): void {
    if (this.#ended || this.destroyed) return;
    const chunk = `data: ${JSON.stringify(event)}\n\n`;
    if (this.readableLength + chunk.length > this.#limits.eventBytesMax) {
      this.#cut(`more than ${this.#limits.eventBytesMax} bytes of events are waiting`);
      return;
    }
    this.push(chunk);
    this.#beatLater();
  }

  /** A failure after the first event: the status is sent already. */
  fail(error: AppError): void {
    this.write({ type: 'error', ...errorBody(error) });
    this.finish();
  }

  finish(): void {
    if (this.#ended || this.destroyed) return;
    this.#ended = true;
    this.#callOffBeat();
    this.push(null);
  }

  /** Resolves once the reader has taken what waits; a reader that takes too long is cut off. */
  async ready(): Promise<void> {
    if (this.destroyed || this.readableLength < HIGH_WATER_BYTES) return;
    const { slowReaderMsMax } = this.#limits;
    const callOff = this.#clock.after(slowReaderMsMax, () => {
      this.#cut(`events were left lying for ${slowReaderMsMax / 1000} s`);
    });
    await new Promise<void>((resolve) => this.#wake.push(resolve));
    callOff();
  }

  override _read(): void {
    this.#release();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#callOffBeat();
    if (!this.#ended) this.#onCut(new AppError('canceled', 'The reader of the events went away.'));
    this.#ended = true;
    this.#release();
    callback(error);
  }

  #cut(why: string): void {
    this.#ended = true;
    this.#onCut(new AppError('canceled', `The reader is too slow: ${why}.`));
    this.destroy();
  }

  #release(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const run of wake) run();
  }

  /** Comments keep proxies from closing a connection on which nothing happens for a while. */
  #beatLater(): void {
    this.#callOffBeat();
    this.#callOffBeat = this.#clock.after(this.#limits.heartbeatMs, () => {
      if (this.#ended || this.destroyed) return;
      // Not where the last one was not taken yet.
      if (this.readableLength === 0) this.push(': still working\n\n');
      this.#beatLater();
    });
  }
}

export const EVENT_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Proxies such as nginx would collect events otherwise.
  'x-accel-buffering': 'no',
};
