import { type Clock, Deadline, systemClock } from '../../fusion/protocol/deadline.ts';
import type { FinalSummary, StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { ListenOptions, LiveEvent, LiveInput } from '../../models/core/live.ts';
import type { Raster, ReadOptions } from '../../models/core/page.ts';
import type { TranscribeOptions, Transcript } from '../../models/core/transcript.ts';
import type { Channel } from '../transport/channel.ts';
import { type LinkMessage, PeerLink } from '../transport/peer-link.ts';
import { type ListenCall, listenLive } from './client-live.ts';
import { type ReadCall, type ReadPage, readPages } from './client-pages.ts';
import { ClientStream, type TranscribeCall } from './client-stream.ts';

export type { ListenCall } from './client-live.ts';
export type { ReadCall, ReadPage } from './client-pages.ts';
export { InterruptedError, type TranscribeCall } from './client-stream.ts';

export interface CombinerClientOptions {
  readonly clock?: Clock;
  /** Time that the combiner has for its hello. */
  readonly helloMsMax?: number;
}

/** What the client keeps of a stream, of whichever kind. */
interface OpenStream {
  receive(message: StreamMessage, frameBytes: number): void;
  end(error: AppError): void;
}

/** The application's end of a channel to a combiner. */
export class CombinerClient {
  /** Resolves when the combiner has answered. */
  readonly ready: Promise<void>;
  /** Resolves, with why, when the channel has ended. */
  readonly closed: Promise<AppError>;
  #link: PeerLink;
  #streams = new Map<number, OpenStream>();
  #lastStream = 0;
  #closedBy: AppError | undefined;

  constructor(channel: Channel, { clock = systemClock, helloMsMax }: CombinerClientOptions = {}) {
    let closed: (error: AppError) => void;
    this.closed = new Promise((resolve) => {
      closed = resolve;
    });
    this.#link = new PeerLink(
      channel,
      { role: 'application', name: 'bytefuse', ...(helloMsMax === undefined ? {} : { helloMsMax }) },
      {
        message: (message, frameBytes) => this.#receive(message, frameBytes),
        closed: (error) => {
          this.#closedBy = error;
          for (const stream of [...this.#streams.values()]) stream.end(error);
          closed(error);
        },
      },
      clock,
    );
    this.ready = this.#link.ready.then(() => undefined);
    this.ready.catch(() => undefined);
  }

  /**
   * Transcribes mono audio at 16 kHz, pulled from `audio` as the recognizer has room for it.
   * Throws InterruptedError (an AppError that holds the partial transcript): canceled, deadline_exceeded, peer_lost, or
   * whatever failed at the other end; and what `audio` or `onPartial` throw, as it is.
   */
  async transcribe(
    audio: AsyncIterable<Float32Array>,
    options: TranscribeOptions,
    call: TranscribeCall = {},
  ): Promise<Transcript> {
    const stream = new ClientStream(options, call, this.#link.clock);
    // The time until the combiner has answered counts as well, and a stop ends the wait.
    this.#link.ready.then(
      () => this.#open(stream, audio),
      (error: AppError) => stream.end(error),
    );
    try {
      return await stream.done;
    } finally {
      this.#streams.delete(stream.id);
    }
  }

  /**
   * Reads pages, pulled from `pages` as the recognizer has room for them, and yields them in order, each as it is done.
   * Throws AppError: canceled, deadline_exceeded, peer_lost, or whatever failed at the other end; and what `pages`
   * throws, as it is.
   */
  async *read(pages: AsyncIterable<Raster>, options: ReadOptions, call: ReadCall = {}): AsyncGenerator<ReadPage, void> {
    const { id, deadlineMs } = await this.#next(call);
    try {
      yield* readPages(this.#link, id, pages, options, {
        signal: call.signal,
        deadlineMs,
        clock: this.#link.clock,
        onStream: (stream) => this.#streams.set(id, stream),
      });
    } finally {
      this.#streams.delete(id);
    }
  }

  /**
   * Hears audio (mono, 16 kHz) and the caller's marks as they come, and yields what happens in stages. Throws AppError:
   * canceled, deadline_exceeded, peer_lost, overloaded, or whatever failed at the other end; and what `audio` throws, as it
   * is.
   */
  async *listen(
    audio: AsyncIterable<LiveInput>,
    options: ListenOptions,
    call: ListenCall = {},
  ): AsyncGenerator<LiveEvent, FinalSummary> {
    const { id, deadlineMs } = await this.#next(call);
    try {
      return yield* listenLive(this.#link, id, audio, options, {
        signal: call.signal,
        deadlineMs,
        clock: this.#link.clock,
        onStream: (stream) => this.#streams.set(id, stream),
      });
    } finally {
      this.#streams.delete(id);
    }
  }

  /** Number of the next stream, once the combiner has answered, and what is left of the call's time then. */
  async #next(call: ReadCall): Promise<{ readonly id: number; readonly deadlineMs: number | undefined }> {
    const startedMs = this.#link.clock.nowMs();
    await withinCall(this.#link.ready, call, this.#link.clock);
    if (this.#closedBy !== undefined) throw this.#closedBy;
    const spentMs = this.#link.clock.nowMs() - startedMs;
    const deadlineMs = call.deadlineMs === undefined ? undefined : Math.max(0, Math.floor(call.deadlineMs - spentMs));
    return { id: ++this.#lastStream, deadlineMs };
  }

  /** Ends the channel; transcriptions that run get peer_lost. */
  close(): void {
    this.#link.close();
  }

  #open(stream: ClientStream, audio: AsyncIterable<Float32Array>): void {
    if (stream.over) return;
    if (this.#closedBy !== undefined) {
      stream.end(this.#closedBy);
      return;
    }
    const id = ++this.#lastStream;
    this.#streams.set(id, stream);
    stream.open(id, this.#link, audio);
  }

  #receive(message: LinkMessage, frameBytes: number): void {
    if (
      message.type === 'alphabet' ||
      message.type === 'alphabet_request' ||
      message.type === 'open' ||
      message.type === 'read' ||
      message.type === 'listen'
    ) {
      throw new AppError('protocol_error', `Field type: an application takes no ${message.type} message.`);
    }
    if (message.stream === undefined || message.stream > this.#lastStream) {
      throw new AppError('protocol_error', `Field stream: ${message.stream} was never opened.`);
    }
    // The conditions above left messages of streams.
    this.#streams.get(message.stream)?.receive(message as StreamMessage, frameBytes);
  }
}

/** Waits for the combiner's hello no longer than the call may take. */
function withinCall(ready: Promise<unknown>, { signal, deadlineMs }: ReadCall, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new AppError('canceled', 'The call was canceled.'));
    const deadline = new Deadline(deadlineMs, reject, clock);
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
    ready
      .then(() => resolve(), reject)
      .finally(() => {
        deadline.dispose();
        signal?.removeEventListener('abort', abort);
      });
  });
}
