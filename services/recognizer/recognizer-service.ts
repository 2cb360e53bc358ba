import { alphabetParts } from '../../fusion/protocol/alphabet-table.ts';
import { type Clock, systemClock } from '../../fusion/protocol/deadline.ts';
import { STREAMS_MAX } from '../../fusion/protocol/limits.ts';
import type { Open } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { Recognizer } from '../../models/core/recognizer.ts';
import type { Channel } from '../transport/channel.ts';
import { errorMessage, type LinkMessage, PeerLink } from '../transport/peer-link.ts';
import { RecognizerStream } from './recognizer-stream.ts';

export interface RecognizerServiceOptions {
  readonly clock?: Clock;
  /** Streams at once on one channel; more get `overloaded`. */
  readonly streamsMax?: number;
}

/** Serves one recognizer to combiners. */
export class RecognizerService {
  #recognizer: Recognizer;
  #clock: Clock;
  #streamsMax: number;

  constructor(
    recognizer: Recognizer,
    { clock = systemClock, streamsMax = STREAMS_MAX }: RecognizerServiceOptions = {},
  ) {
    this.#recognizer = recognizer;
    this.#clock = clock;
    this.#streamsMax = streamsMax;
  }

  /** Serves a combiner until the channel ends. Resolves, with why it ended, once all its streams have freed their work. */
  serve(channel: Channel): Promise<AppError> {
    return new Promise((resolve) => {
      const streams = new Map<number, RecognizerStream>();
      const { name, ...info } = this.#recognizer.info;
      const { size, hash } = this.#recognizer.alphabet;
      let lastStream = 0;

      const openStream = (open: Open) => {
        if (open.stream <= lastStream) throw new AppError('protocol_error', `Field stream: ${open.stream} was used.`);
        lastStream = open.stream;
        if (streams.size >= this.#streamsMax) {
          const error = new AppError('overloaded', `${this.#streamsMax} streams are open here; no more are taken.`);
          link.send(errorMessage(open.stream, error));
          return;
        }
        const stream = new RecognizerStream(link, this.#recognizer, open);
        streams.set(open.stream, stream);
        void stream.ended.then(() => streams.delete(open.stream));
      };

      const receive = (message: LinkMessage, frameBytes: number) => {
        if (message.type === 'open') openStream(message);
        else if (message.type === 'alphabet_request') this.#sendAlphabet(link, message.hash);
        else if (message.type === 'alphabet' || message.stream === undefined) {
          throw new AppError('protocol_error', `Field type: a recognizer takes no ${message.type} message.`);
        } else if (message.stream > lastStream) {
          throw new AppError('protocol_error', `Field stream: ${message.stream} was never opened.`);
        } else {
          // A stream that is over may still get what was under way.
          streams.get(message.stream)?.receive(message, frameBytes);
        }
      };

      const link = new PeerLink(
        channel,
        { role: 'recognizer', name, recognizer: { ...info, alphabet: { size, hash } } },
        {
          message: receive,
          closed: (error) => {
            for (const stream of streams.values()) stream.stop(new AppError('peer_lost', error.message));
            void Promise.all([...streams.values()].map(({ ended }) => ended)).then(() => resolve(error));
          },
        },
        this.#clock,
      );
    });
  }

  #sendAlphabet(link: PeerLink, hash: string): void {
    const { alphabet } = this.#recognizer;
    if (hash !== alphabet.hash) throw new AppError('protocol_error', `Field hash: ${hash} is not the alphabet here.`);
    for (const part of alphabetParts(alphabet)) link.send(part);
  }
}
