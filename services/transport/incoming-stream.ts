import { Deadline } from '../../fusion/protocol/deadline.ts';
import type { StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import { FrameQueue } from './frame-queue.ts';
import { errorMessage, type PeerLink, type StreamCredits } from './peer-link.ts';

/** The message that opened a stream. */
export interface Opening {
  readonly stream: number;
  readonly deadlineMs?: number;
}

/** What a stream does beyond what all do. */
export interface StreamWork<T> {
  /** The data that a message brings; undefined where it brings none. */
  dataOf(message: StreamMessage): T | undefined;
  /** Any other message than data, close, cancel and credit; throws protocol_error for what does not belong here. */
  other?(message: StreamMessage): void;
  /** Runs the stream to its end; whatever it throws is told to the opener. */
  run(input: IncomingStream<T>): Promise<void>;
  /** The stream ends early: let go of what is held elsewhere. */
  stopped?(error: AppError): void;
}

/**
 * A stream that the peer opened here: its data in order with credit going back as they are used, its end by close,
 * cancel, deadline or a lost peer. All streams of this project that take data in are one of these.
 */
export class IncomingStream<T> implements AsyncIterable<T> {
  readonly id: number;
  readonly link: PeerLink;
  readonly credits: StreamCredits;
  readonly deadline: Deadline;
  /** Resolves once the stream is over and its work freed; never rejects. */
  readonly ended: Promise<void>;
  #queue: FrameQueue<T>;
  #abort = new AbortController();
  #work: StreamWork<T>;

  constructor(link: PeerLink, opening: Opening, work: StreamWork<T>) {
    this.id = opening.stream;
    this.link = link;
    this.#work = work;
    this.credits = link.openCredits();
    this.#queue = new FrameQueue((bytes) => this.credits.consumed(this.id, bytes));
    this.deadline = new Deadline(opening.deadlineMs, (error) => this.stop(error), link.clock);
    this.ended = this.#run();
  }

  /** Aborts, with the AppError that says why, when the stream ends early. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The data, until the peer closed its side; throws the reason where the stream ends early. */
  [Symbol.asyncIterator](): AsyncGenerator<T, void> {
    return this.#queue[Symbol.asyncIterator]();
  }

  /** Throws protocol_error for what does not belong here. */
  receive(message: StreamMessage, frameBytes: number): void {
    const item = this.#work.dataOf(message);
    if (item !== undefined) {
      if (this.#queue.ended && !this.signal.aborted) {
        throw new AppError('protocol_error', `Field type: ${message.type} after close.`);
      }
      this.credits.received(frameBytes);
      this.#queue.push(item, frameBytes);
    } else if (message.type === 'close') this.#queue.finish();
    else if (message.type === 'cancel') this.stop(new AppError('canceled', 'The stream was canceled by its opener.'));
    else if (message.type === 'credit') this.credits.out.grant(message.bytes);
    else if (this.#work.other !== undefined) this.#work.other(message);
    else throw unexpected(message);
  }

  /** Ends the stream at once. */
  stop(error: AppError): void {
    if (this.signal.aborted) return;
    this.#abort.abort(error);
    this.#queue.abort(error);
    this.credits.out.close(error);
    this.#work.stopped?.(error);
  }

  async #run(): Promise<void> {
    // The fields of whoever made this stream are set before its work begins.
    await null;
    try {
      this.signal.throwIfAborted();
      await this.#work.run(this);
    } catch (error) {
      this.link.send(errorMessage(this.id, this.signal.aborted ? this.signal.reason : error));
      this.stop(AppError.from(error));
    } finally {
      this.deadline.dispose();
    }
  }
}

export function unexpected(message: StreamMessage): AppError {
  return new AppError('protocol_error', `Field type: ${message.type} does not belong here.`);
}
