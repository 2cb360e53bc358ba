import { ByteReader } from '../../models/audio/byte-reader.ts';
import { openOgg } from '../../models/audio/ogg-reader.ts';
import type { OpenContext, PcmStream } from '../../models/audio/pcm-stream.ts';
import { openWebm } from '../../models/audio/webm-reader.ts';
import { AppError } from '../../models/core/app-error.ts';
import { SAMPLE_RATE_HZ } from '../../models/core/limits.ts';
import type { LiveMark } from '../../models/core/live.ts';
import { WAITING_BYTES_HIGH, WAITING_BYTES_LOW, WAITING_SECONDS_HIGH, WAITING_SECONDS_LOW } from './limits.ts';
import { LiveQueue } from './live-queue.ts';
import { PcmDecoder, type PcmFormat, type PcmShape } from './pcm-decoder.ts';

export type ContainerFormat = 'ogg-opus' | 'webm-opus';
export type AudioShape = PcmShape | { readonly format: ContainerFormat };

export interface IntakeEvents {
  /** Too much waits (true), or there is room again (false). Only told when it changes. */
  full(isFull: boolean): void;
  /** Before decoded audio goes on. What it throws ends the intake. */
  heard(seconds: number): void;
}

/** Bytes of a client become the input of a recognizer: decoded, marked, and bounded in what waits. */
export interface AudioIntake {
  /** What the recognizer pulls. */
  readonly queue: LiveQueue;
  /** Throws audio_corrupt, and what `heard` throws. */
  bytes(data: Uint8Array): void;
  /** At the place in the audio that has come so far. */
  mark(mark: LiveMark): void;
  /** No more comes. */
  finish(): void;
  /** Lets go of the decoder; the recognizer gets `error`. */
  abort(error: unknown): void;
}

export function openIntake(shape: AudioShape, events: IntakeEvents): AudioIntake {
  const { format } = shape;
  return format === 'ogg-opus' || format === 'webm-opus'
    ? new ContainerIntake(format, events)
    : new PcmIntake(shape as PcmShape & { readonly format: PcmFormat }, events);
}

class PcmIntake implements AudioIntake {
  readonly queue: LiveQueue;
  readonly #decoder: PcmDecoder;
  readonly #events: IntakeEvents;
  readonly #gauge: Gauge;

  constructor(shape: PcmShape, events: IntakeEvents) {
    this.#decoder = new PcmDecoder(shape);
    this.#events = events;
    this.#gauge = new Gauge(WAITING_SECONDS_HIGH, WAITING_SECONDS_LOW, events);
    this.queue = new LiveQueue(() => this.#gauge.set(this.queue.waitingS));
  }

  bytes(data: Uint8Array): void {
    this.#push(this.#decoder.push(data));
  }

  mark(mark: LiveMark): void {
    this.queue.push(mark);
  }

  finish(): void {
    if (!this.queue.ended) this.#push(this.#decoder.end());
    this.queue.finish();
  }

  abort(error: unknown): void {
    this.queue.fail(error);
  }

  #push(samples: Float32Array): void {
    if (samples.length === 0) return;
    this.#events.heard(samples.length / SAMPLE_RATE_HZ);
    this.queue.push(samples);
    this.#gauge.set(this.queue.waitingS);
  }
}

/**
 * Compressed audio is decoded only as the recognizer takes it: a megabyte of it may be hours. Marks wait in line with the
 * bytes, and go on once all before them is decoded.
 */
class ContainerIntake implements AudioIntake {
  readonly queue: LiveQueue;
  readonly #events: IntakeEvents;
  readonly #gauge: Gauge;
  readonly #abort = new AbortController();
  #items: (Uint8Array | LiveMark)[] = [];
  #waitingBytes = 0;
  #hasBytes = false;
  #ended = false;
  #wakeReader: (() => void) | undefined;
  #wakeDecoder: (() => void) | undefined;

  constructor(format: ContainerFormat, events: IntakeEvents) {
    this.#events = events;
    this.#gauge = new Gauge(WAITING_BYTES_HIGH, WAITING_BYTES_LOW, events);
    this.queue = new LiveQueue(() => this.#wakeDecoder?.());
    void this.#decode(format);
  }

  bytes(data: Uint8Array): void {
    if (this.#ended || this.queue.ended) return;
    this.#items.push(data);
    this.#hasBytes ||= data.length > 0;
    this.#waitingBytes += data.length;
    this.#gauge.set(this.#waitingBytes);
    this.#wakeReader?.();
  }

  mark(mark: LiveMark): void {
    this.#items.push(mark);
    this.#wakeReader?.();
  }

  finish(): void {
    this.#ended = true;
    this.#wakeReader?.();
  }

  abort(error: unknown): void {
    this.#ended = true;
    this.#items.length = 0;
    this.queue.fail(error);
    this.#abort.abort(error);
    this.#wakeReader?.();
    this.#wakeDecoder?.();
  }

  async #decode(format: ContainerFormat): Promise<void> {
    let stream: PcmStream | undefined;
    try {
      const reader = await ByteReader.open(this.#blocks(), this.#abort.signal);
      const context: OpenContext = {
        reader,
        // The end of a live stream is where its client stops.
        allowTruncated: true,
        warnings: [],
        signal: this.#abort.signal,
        ffmpegPath: '',
      };
      stream = format === 'ogg-opus' ? await openOgg(context) : await openWebm(context);
      if (stream.codec !== 'opus') {
        throw new AppError('audio_unsupported', `The stream holds ${stream.codec}, not Opus.`);
      }
      for await (const samples of stream.blocks()) {
        this.#events.heard(samples.length / SAMPLE_RATE_HZ);
        this.queue.push(samples);
        while (this.queue.waitingS > WAITING_SECONDS_LOW && !this.queue.ended) {
          await new Promise<void>((resolve) => {
            this.#wakeDecoder = resolve;
          });
        }
        if (this.queue.ended) return;
      }
      this.queue.finish();
    } catch (error) {
      if (!this.#hasBytes) this.queue.finish();
      else this.queue.fail(AppError.from(error, 'audio_corrupt'));
    } finally {
      stream?.free();
    }
  }

  async *#blocks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const item = this.#items.shift();
      if (typeof item === 'string') this.queue.push(item);
      else if (item !== undefined) {
        this.#waitingBytes -= item.length;
        this.#gauge.set(this.#waitingBytes);
        yield item;
      } else if (this.#ended) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
        });
      }
    }
  }
}

/** Full from the high mark on, until the low mark is reached. */
class Gauge {
  readonly #high: number;
  readonly #low: number;
  readonly #events: IntakeEvents;
  #isFull = false;

  constructor(high: number, low: number, events: IntakeEvents) {
    this.#high = high;
    this.#low = low;
    this.#events = events;
  }

  set(waiting: number): void {
    const isFull = this.#isFull ? waiting > this.#low : waiting > this.#high;
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    this.#events.full(isFull);
  }
}
