import { alphabetParts } from '../../fusion/protocol/alphabet-table.ts';
import { type Clock, systemClock } from '../../fusion/protocol/deadline.ts';
import { STREAMS_MAX } from '../../fusion/protocol/limits.ts';
import type { Opener, StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { PageRecognizer } from '../../models/core/page.ts';
import type { Recognizer } from '../../models/core/recognizer.ts';
import type { Channel } from '../transport/channel.ts';
import type { IncomingStream } from '../transport/incoming-stream.ts';
import { type LinkMessage, PeerLink } from '../transport/peer-link.ts';
import { StreamTable } from '../transport/stream-table.ts';
import { type Listening, openLiveStream } from './live-stream.ts';
import { openPageStream } from './page-stream.ts';
import { openSpeechStream } from './recognizer-stream.ts';

/** What hears, and what sees. */
export type AnyRecognizer = Recognizer | PageRecognizer;

export interface RecognizerServiceOptions {
  readonly clock?: Clock;
  /** Streams at once on one channel; more get `overloaded`. */
  readonly streamsMax?: number;
}

/** Serves one recognizer to combiners. */
export class RecognizerService {
  #recognizer: AnyRecognizer;
  #clock: Clock;
  #streamsMax: number;

  constructor(
    recognizer: AnyRecognizer,
    { clock = systemClock, streamsMax = STREAMS_MAX }: RecognizerServiceOptions = {},
  ) {
    this.#recognizer = recognizer;
    this.#clock = clock;
    this.#streamsMax = streamsMax;
  }

  /** Serves a combiner until the channel ends. Resolves, with why it ended, once all its streams have freed their work. */
  serve(channel: Channel): Promise<AppError> {
    return new Promise((resolve) => {
      const { name, ...info } = this.#recognizer.info;
      const { size, hash } = this.#recognizer.alphabet;
      const streams = new StreamTable(this.#streamsMax);
      const link = new PeerLink(
        channel,
        { role: 'recognizer', name, recognizer: { ...info, alphabet: { size, hash } } },
        {
          message: (message, frameBytes) => this.#receive(link, streams, message, frameBytes),
          closed: (error) => void streams.stopAll(error).then(() => resolve(error)),
        },
        this.#clock,
      );
    });
  }

  #receive(link: PeerLink, streams: StreamTable, message: LinkMessage, frameBytes: number): void {
    if (message.type === 'open' || message.type === 'read' || message.type === 'listen') {
      streams.open(link, message, () => this.#open(link, message));
    } else if (message.type === 'alphabet_request') this.#sendAlphabet(link, message.hash);
    else if (message.type === 'alphabet' || message.stream === undefined) {
      throw new AppError('protocol_error', `Field type: a recognizer takes no ${message.type} message.`);
    } else {
      // The condition above left messages of streams.
      streams.receive(message as StreamMessage, frameBytes);
    }
  }

  #open(link: PeerLink, message: Opener): IncomingStream<unknown> {
    const recognizer = this.#recognizer;
    if (message.type === 'open' && 'transcribe' in recognizer) return openSpeechStream(link, recognizer, message);
    if (message.type === 'read' && 'read' in recognizer) return openPageStream(link, recognizer, message);
    if (message.type === 'listen' && 'listen' in recognizer && recognizer.listen !== undefined) {
      // The condition above is what this type adds.
      return openLiveStream(link, recognizer as Listening, message);
    }
    const { name, modality } = recognizer.info;
    throw new AppError(
      'invalid_option',
      `${name} is a recognizer of modality ${modality}; it takes no ${message.type}.`,
    );
  }

  #sendAlphabet(link: PeerLink, hash: string): void {
    const { alphabet } = this.#recognizer;
    if (hash !== alphabet.hash) throw new AppError('protocol_error', `Field hash: ${hash} is not the alphabet here.`);
    for (const part of alphabetParts(alphabet)) link.send(part);
  }
}
