import type { StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { IncomingStream, Opening } from './incoming-stream.ts';
import { errorMessage, type PeerLink } from './peer-link.ts';

/** The streams that the peer of one channel opened here. Invariant: numbers only grow, and no stream ends twice. */
export class StreamTable {
  #streams = new Map<number, IncomingStream<unknown>>();
  #streamsMax: number;
  #lastStream = 0;

  /** One stream more than `streamsMax` is answered with `overloaded`. */
  constructor(streamsMax: number) {
    this.#streamsMax = streamsMax;
  }

  /** Throws protocol_error where the number was used. An AppError of `make` ends this stream alone. */
  open(link: PeerLink, { stream }: Opening, make: () => IncomingStream<unknown>): void {
    if (stream <= this.#lastStream) throw new AppError('protocol_error', `Field stream: ${stream} was used.`);
    this.#lastStream = stream;
    try {
      if (this.#streams.size >= this.#streamsMax) {
        throw new AppError('overloaded', `${this.#streamsMax} streams are open here; no more are taken.`);
      }
      const opened = make();
      this.#streams.set(stream, opened);
      void opened.ended.then(() => this.#streams.delete(stream));
    } catch (error) {
      link.send(errorMessage(stream, error));
    }
  }

  /** Throws protocol_error for a stream that was never opened; one that is over may still get what was under way. */
  receive(message: StreamMessage, frameBytes: number): void {
    // An error without a stream never comes here: it ends the channel.
    const stream = message.stream!;
    if (stream > this.#lastStream) {
      throw new AppError('protocol_error', `Field stream: ${stream} was never opened.`);
    }
    this.#streams.get(stream)?.receive(message, frameBytes);
  }

  /** The channel is gone: resolves once every stream has freed its work. */
  async stopAll(error: AppError): Promise<void> {
    const all = [...this.#streams.values()];
    for (const stream of all) stream.stop(new AppError('peer_lost', error.message));
    await Promise.all(all.map(({ ended }) => ended));
  }
}
