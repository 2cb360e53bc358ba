import { type Clock, systemClock } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { TranscribeOptions, Transcript } from '../../models/core/transcript.ts';
import type { Channel } from '../transport/channel.ts';
import { type LinkMessage, PeerLink } from '../transport/peer-link.ts';
import { ClientStream, type TranscribeCall } from './client-stream.ts';

export { InterruptedError, type TranscribeCall } from './client-stream.ts';

export interface CombinerClientOptions {
  readonly clock?: Clock;
  /** Time that the combiner has for its hello. */
  readonly helloMsMax?: number;
}

/** The application's end of a channel to a combiner. */
export class CombinerClient {
  /** Resolves when the combiner has answered. */
  readonly ready: Promise<void>;
  #link: PeerLink;
  #streams = new Map<number, ClientStream>();
  #lastStream = 0;
  #closedBy: AppError | undefined;

  constructor(channel: Channel, { clock = systemClock, helloMsMax }: CombinerClientOptions = {}) {
    this.#link = new PeerLink(
      channel,
      { role: 'application', name: 'bytefuse', ...(helloMsMax === undefined ? {} : { helloMsMax }) },
      {
        message: (message, frameBytes) => this.#receive(message, frameBytes),
        closed: (error) => {
          this.#closedBy = error;
          for (const stream of [...this.#streams.values()]) stream.end(error);
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
    if (message.type === 'alphabet' || message.type === 'alphabet_request' || message.type === 'open') {
      throw new AppError('protocol_error', `Field type: an application takes no ${message.type} message.`);
    }
    if (message.stream === undefined || message.stream > this.#lastStream) {
      throw new AppError('protocol_error', `Field stream: ${message.stream} was never opened.`);
    }
    this.#streams.get(message.stream)?.receive(message, frameBytes);
  }
}
