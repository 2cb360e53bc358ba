import type { RankedList, ReadingList } from '../../fusion/gfd/rank-readings.ts';
import { type Clock, systemClock } from '../../fusion/protocol/deadline.ts';
import { STREAMS_MAX } from '../../fusion/protocol/limits.ts';
import type { Opener, StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { LatticeSearch, ReadOptions } from '../../models/core/page.ts';
import type { Alphabet, UnitSearch } from '../../models/core/stepwise.ts';
import type { TranscribeOptions } from '../../models/core/transcript.ts';
import { type Channel, PeekedChannel } from '../transport/channel.ts';
import type { IncomingStream } from '../transport/incoming-stream.ts';
import { type LinkMessage, PeerLink } from '../transport/peer-link.ts';
import { StreamTable } from '../transport/stream-table.ts';
import { openSpeechStream } from './combiner-stream.ts';
import { isOpener, serveFuser } from './fuse-stream.ts';
import { openLiveStream } from './live-stream.ts';
import { openPageStream } from './page-stream.ts';
import type { RemoteRecognizer } from './recognizer-link.ts';
import { RecognizerPool, type RecognizerPoolOptions } from './recognizer-pool.ts';

/** What the search over a stream's units may depend on. */
export interface SearchContext<O = TranscribeOptions> {
  readonly options: O;
  readonly recognizer: RemoteRecognizer;
  /** The recognizer's alphabet; fetched when first asked for, so a search that needs no bytes costs no transfer. */
  alphabet(): Promise<Alphabet>;
  /** Aborts when the stream ends early. */
  readonly signal: AbortSignal;
}

/** Makes the search for one stream; the language of a unit comes with the unit. What it throws ends the stream. */
export type SearchFactory = (context: SearchContext) => UnitSearch | Promise<UnitSearch>;

/** The same for a stream of pages. */
export type PageSearchFactory = (context: SearchContext<ReadOptions>) => LatticeSearch | Promise<LatticeSearch>;

/** The same for recognizers that list whole readings. */
export type RankFactory = (context: Pick<SearchContext, 'options' | 'signal'>) => ReadingsRank | Promise<ReadingsRank>;
export type ReadingsRank = (list: ReadingList, signal?: AbortSignal) => Promise<RankedList>;

export interface CombinerServiceOptions extends RecognizerPoolOptions {
  readonly searchFor: SearchFactory;
  /** Absent: recognizers that list readings are refused. */
  readonly rankFor?: RankFactory | undefined;
  /** Absent: streams of pages are refused. */
  readonly readFor?: PageSearchFactory | undefined;
  readonly clock?: Clock;
  /** Streams at once on one application's channel; more get `overloaded`. */
  readonly streamsMax?: number;
}

export class CombinerService {
  #pool: RecognizerPool;
  #searchFor: SearchFactory;
  #rankFor: RankFactory | undefined;
  #readFor: PageSearchFactory | undefined;
  #clock: Clock;
  #streamsMax: number;
  #applications = new Set<PeerLink>();

  constructor({ searchFor, rankFor, readFor, streamsMax = STREAMS_MAX, ...pool }: CombinerServiceOptions) {
    this.#pool = new RecognizerPool(pool);
    this.#searchFor = searchFor;
    this.#rankFor = rankFor;
    this.#readFor = readFor;
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
      const streams = new StreamTable(this.#streamsMax);
      const link = new PeerLink(
        channel,
        { role: 'combiner', name: 'bytefuse', expected: ['application'] },
        {
          message: (message, frameBytes) => this.#receive(link, streams, message, frameBytes),
          closed: (error) => {
            this.#applications.delete(link);
            void streams.stopAll(error).then(() => resolve(error));
          },
        },
        this.#clock,
      );
      this.#applications.add(link);
    });
  }

  /**
   * Serves a recognizer that brings its own input and wants its text back (fuse-stream.ts), until its one stream is over.
   * Never rejects: what fails is told to the recognizer.
   */
  serveFuser(channel: Channel): Promise<void> {
    return serveFuser(channel, {
      searchFor: this.#searchFor,
      rankFor: this.#rankFor,
      readFor: this.#readFor,
      clock: this.#clock,
    });
  }

  /** Serves whichever of the two it is: an application begins with its hello, the other with the service's `open`. */
  serveCaller(channel: Channel): void {
    const peeked = new PeekedChannel(channel);
    peeked.first.then(
      (frame) => void (isOpener(frame) ? this.serveFuser(peeked) : this.serveApplication(peeked)),
      // Nobody is there any more.
      () => undefined,
    );
  }

  #receive(link: PeerLink, streams: StreamTable, message: LinkMessage, frameBytes: number): void {
    if (message.type === 'open' || message.type === 'read' || message.type === 'listen') {
      streams.open(link, message, () => this.#open(link, message));
    } else if (message.type === 'alphabet' || message.type === 'alphabet_request' || message.stream === undefined) {
      throw new AppError('protocol_error', `Field type: a combiner takes no ${message.type} from an application.`);
    } else {
      // The conditions above left messages of streams.
      streams.receive(message as StreamMessage, frameBytes);
    }
  }

  #open(link: PeerLink, message: Opener): IncomingStream<unknown> {
    const pool = this.#pool;
    const speech = { pool, searchFor: this.#searchFor, rankFor: this.#rankFor };
    if (message.type === 'open') return openSpeechStream(link, speech, message);
    if (message.type === 'listen') return openLiveStream(link, speech, message);
    if (this.#readFor === undefined) throw new AppError('invalid_option', 'This combiner reads no pages.');
    return openPageStream(link, { pool, readFor: this.#readFor }, message);
  }

  close(): void {
    for (const link of [...this.#applications]) link.close();
    this.#pool.close();
  }
}
