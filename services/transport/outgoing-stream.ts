import type { StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import { FrameQueue } from './frame-queue.ts';
import { unexpected } from './incoming-stream.ts';
import { errorOf, type PeerLink, type StreamCredits } from './peer-link.ts';

/** What a stream takes beyond credit and errors. */
export interface StreamAnswers<T> {
  /** The data that a message brings; undefined where it brings none. */
  dataOf(message: StreamMessage): T | undefined;
  /** Any other message; throws protocol_error for what does not belong here. */
  other?(message: StreamMessage): void;
  /** Once, when the stream is over; `error` undefined where it ended as it should. */
  ended?(error: AppError | undefined): void;
}

/** A stream that this side opened at a peer: what comes back waits in `data`, and pulling gives credit back. */
export class OutgoingStream<T> {
  readonly id: number;
  readonly link: PeerLink;
  /** In order; ends with the stream, by its error where it has one. */
  readonly data: FrameQueue<T>;
  #credits: StreamCredits;
  #answers: StreamAnswers<T>;
  #over = false;

  /** The message that opens the stream is the caller's to send, first of all. */
  constructor(id: number, link: PeerLink, answers: StreamAnswers<T>) {
    this.id = id;
    this.link = link;
    this.#answers = answers;
    this.#credits = link.openCredits();
    this.data = new FrameQueue((bytes) => {
      if (!this.#over) this.#credits.consumed(id, bytes);
    });
  }

  get over(): boolean {
    return this.#over;
  }

  /** Sends a data frame once there is credit for it; does nothing once the stream is over. */
  async send(message: StreamMessage): Promise<void> {
    if (!this.#over) await this.#credits.send(message);
  }

  /** This side has no more data to send. */
  close(): void {
    if (!this.#over) this.link.send({ type: 'close', stream: this.id });
  }

  /** Ends the stream from this side, with `reason` for whoever waits here; the peer is told. */
  cancel(reason: AppError): void {
    if (this.#over) return;
    this.link.send({ type: 'cancel', stream: this.id });
    this.end(reason);
  }

  receive(message: StreamMessage, frameBytes: number): void {
    if (this.#over) return;
    const item = this.#answers.dataOf(message);
    if (item !== undefined) {
      this.#credits.received(frameBytes);
      this.data.push(item, frameBytes);
    } else if (message.type === 'credit') this.#credits.out.grant(message.bytes);
    else if (message.type === 'error') this.end(errorOf(message));
    else if (this.#answers.other !== undefined) this.#answers.other(message);
    else throw unexpected(message);
  }

  /** The stream is over; data that came are still delivered. */
  end(error: AppError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    if (error === undefined) this.data.finish();
    else this.data.fail(error);
    this.#credits.out.close(error ?? new AppError('canceled', 'The stream is over.'));
    this.#answers.ended?.(error);
  }
}
