/** What passes between the main thread and the thread that holds the language model: one JSON text per frame. */
import { AppError, ERRORS, type ErrorCode } from '../../../models/core/app-error.ts';
import type { Channel } from '../../transport/channel.ts';
import type { TextQuery, TextReply, TextScorer } from './text-scorer.ts';

interface Request extends TextQuery {
  readonly number: number;
}

/** JSON has no infinities: null stands for an impossible text. */
interface Reply {
  readonly number: number;
  readonly isCovered?: boolean;
  readonly scores?: readonly (readonly [logProb: number | null, bytes: number])[];
  readonly error?: { readonly code: string; readonly message: string };
}

const encode = (message: Request | Reply) => new Uint8Array(new TextEncoder().encode(JSON.stringify(message)));
const decode = (frame: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(frame));

/** Answers the queries that come through `channel`, until it closes. */
export function serveScorer(channel: Channel, scorer: TextScorer): void {
  const closing = new AbortController();
  channel.onClose(() => closing.abort(new AppError('canceled', 'The asking thread is gone.')));
  channel.onFrame((frame) => {
    // Only ChannelTextScorer is at the other end.
    const { number, ...query } = decode(frame) as Request;
    scorer.score(query, closing.signal).then(
      ({ isCovered, scores }) => {
        const pairs = scores.map(({ logProb, bytes }) => [Number.isFinite(logProb) ? logProb : null, bytes] as const);
        channel.send(encode({ number, isCovered, scores: pairs }));
      },
      (error: unknown) => {
        const { code, message } = AppError.from(error);
        channel.send(encode({ number, error: { code, message } }));
      },
    );
  });
}

/** A scorer at the other end of a channel. Closing it closes the channel; what owns the thread ends the thread. */
export class ChannelTextScorer implements TextScorer {
  readonly #channel: Channel;
  readonly #waiting = new Map<number, { resolve: (reply: TextReply) => void; reject: (error: unknown) => void }>();
  #next = 0;
  #ended: AppError | undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
    channel.onClose((error) => {
      this.#ended = error ?? new AppError('canceled', 'The scorer was closed.');
      for (const { reject } of this.#waiting.values()) reject(this.#ended);
      this.#waiting.clear();
    });
    channel.onFrame((frame) => this.#settle(decode(frame) as Reply));
  }

  /** @throws AppError peer_lost, canceled, and what the model's side throws */
  score(query: TextQuery, signal?: AbortSignal): Promise<TextReply> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (signal?.aborted) return Promise.reject(AppError.from(signal.reason, 'canceled'));
    const number = this.#next++;
    return new Promise<TextReply>((resolve, reject) => {
      const abort = (): void => {
        // The model finishes for nobody; one list is the most that this wastes.
        this.#waiting.delete(number);
        reject(AppError.from(signal!.reason, 'canceled'));
      };
      const settled = (settle: () => void): void => {
        signal?.removeEventListener('abort', abort);
        settle();
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.set(number, {
        resolve: (reply) => settled(() => resolve(reply)),
        reject: (error) => settled(() => reject(error)),
      });
      this.#channel.send(encode({ ...query, number }));
    });
  }

  async close(): Promise<void> {
    this.#channel.close();
  }

  #settle({ number, isCovered = false, scores = [], error }: Reply): void {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (!waiting) return;
    if (error) waiting.reject(new AppError(codeOf(error.code), error.message));
    else {
      waiting.resolve({
        isCovered,
        scores: scores.map(([logProb, bytes]) => ({ logProb: logProb ?? Number.NEGATIVE_INFINITY, bytes })),
      });
    }
  }
}

const codeOf = (text: string): ErrorCode => (text in ERRORS ? (text as ErrorCode) : 'internal');
