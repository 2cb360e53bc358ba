import { type Clock, systemClock } from '../../fusion/protocol/deadline.ts';
import { STREAMS_MAX } from '../../fusion/protocol/limits.ts';
import type { Open } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { Alphabet, UnitSearch } from '../../models/core/stepwise.ts';
import type { TranscribeOptions } from '../../models/core/transcript.ts';
import type { Channel } from '../transport/channel.ts';
import { errorMessage, type LinkMessage, PeerLink } from '../transport/peer-link.ts';
import { CombinerStream } from './combiner-stream.ts';
import type { RemoteRecognizer } from './recognizer-link.ts';
import { RecognizerPool, type RecognizerPoolOptions } from './recognizer-pool.ts';

/** What the search over a stream's units may depend on. */
export interface SearchContext {
  readonly options: TranscribeOptions;
  readonly recognizer: RemoteRecognizer;
  /** The recognizer's alphabet; fetched when first asked for, so a search that needs no bytes costs no transfer. */
  alphabet(): Promise<Alphabet>;
  /** Aborts when the stream ends early. */
  readonly signal: AbortSignal;
}

/** Makes the search for one stream; the language of a unit comes with the unit. What it throws ends the stream. */
export type SearchFactory = (context: SearchContext) => UnitSearch | Promise<UnitSearch>;

export interface CombinerServiceOptions extends RecognizerPoolOptions {
  readonly searchFor: SearchFactory;
  readonly clock?: Clock;
  /** Streams at once on one application's channel; more get `overloaded`. */
  readonly streamsMax?: number;
}

export class CombinerService {
  #pool: RecognizerPool;
  #searchFor: SearchFactory;
  #clock: Clock;
  #streamsMax: number;
  #applications = new Set<PeerLink>();

  constructor({ searchFor, streamsMax = STREAMS_MAX, ...pool }: CombinerServiceOptions) {
    this.#pool = new RecognizerPool(pool);
    this.#searchFor = searchFor;
    this.#clock = pool.clock ?? systemClock;
    this.#streamsMax = streamsMax;
  }

  /** Takes a recognizer in; resolves at its hello, for which it has `helloMsMax`. */
  addRecognizer(channel: Channel, helloMsMax?: number): Promise<RemoteRecognizer> {
    return this.#pool.add(channel, helloMsMax);
  }

  /** Serves an application until its channel ends; resolves, with why, once its streams are over. */
  serveApplication(channel: Channel): Promise<AppError> {
    return new Promise((resolve) => {
      const streams = new Map<number, CombinerStream>();
      let lastStream = 0;

      const openStream = (open: Open) => {
        if (open.stream <= lastStream) throw new AppError('protocol_error', `Field stream: ${open.stream} was used.`);
        lastStream = open.stream;
        if (streams.size >= this.#streamsMax) {
          const error = new AppError('overloaded', `${this.#streamsMax} streams are open here; no more are taken.`);
          link.send(errorMessage(open.stream, error));
          return;
        }
        const stream = new CombinerStream(link, this.#pool, this.#searchFor, open);
        streams.set(open.stream, stream);
        void stream.ended.then(() => streams.delete(open.stream));
      };

      const receive = (message: LinkMessage, frameBytes: number) => {
        if (message.type === 'open') openStream(message);
        else if (message.type === 'alphabet' || message.type === 'alphabet_request' || message.stream === undefined) {
          throw new AppError('protocol_error', `Field type: a combiner takes no ${message.type} from an application.`);
        } else if (message.stream > lastStream) {
          throw new AppError('protocol_error', `Field stream: ${message.stream} was never opened.`);
        } else {
          // A stream that is over may still get what was under way.
          streams.get(message.stream)?.receive(message, frameBytes);
        }
      };

      const link = new PeerLink(
        channel,
        { role: 'combiner', name: 'bytefuse', expected: ['application'] },
        {
          message: receive,
          closed: (error) => {
            this.#applications.delete(link);
            for (const stream of streams.values()) stream.stop(new AppError('peer_lost', error.message));
            void Promise.all([...streams.values()].map(({ ended }) => ended)).then(() => resolve(error));
          },
        },
        this.#clock,
      );
      this.#applications.add(link);
    });
  }

  close(): void {
    for (const link of [...this.#applications]) link.close();
    this.#pool.close();
  }
}
