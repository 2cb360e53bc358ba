import type { Listen, StreamMessage } from '../../fusion/protocol/messages.ts';
import type { AppError } from '../../models/core/app-error.ts';
import type { LiveInput, LiveRecognizer } from '../../models/core/live.ts';
import type { Alphabet, StepwiseSource } from '../../models/core/stepwise.ts';
import { IncomingStream, type StreamWork } from '../transport/incoming-stream.ts';
import { liveInputOf } from '../transport/live-input.ts';
import type { PeerLink } from '../transport/peer-link.ts';
import { NO_SUMMARY } from './recognizer-stream.ts';
import { UnitSearches } from './unit-searches.ts';

/** What is needed of a recognizer that hears live streams. */
export type Listening = LiveRecognizer & { readonly alphabet: Alphabet };

/** One live stream at the recognizer's end. Marks come in order with the audio, so they are data as well. */
export function openLiveStream(link: PeerLink, recognizer: Listening, listen: Listen): IncomingStream<LiveInput> {
  return new IncomingStream(link, listen, new LiveWork(recognizer, listen));
}

class LiveWork implements StreamWork<LiveInput> {
  #recognizer: Listening;
  #listen: Listen;
  #searches: UnitSearches;

  constructor(recognizer: Listening, listen: Listen) {
    this.#recognizer = recognizer;
    this.#listen = listen;
    this.#searches = new UnitSearches(recognizer.alphabet.size);
  }

  dataOf(message: StreamMessage): LiveInput | undefined {
    return liveInputOf(message);
  }

  other(message: StreamMessage): void {
    this.#searches.receive(message);
  }

  stopped(error: AppError): void {
    this.#searches.stop(error);
  }

  async run(input: IncomingStream<LiveInput>): Promise<void> {
    const { id, signal, credits, link } = input;
    const search = (source: StepwiseSource) => this.#searches.search(source, input);
    const events = this.#recognizer.listen(input, this.#listen.options, search, signal);
    try {
      for (;;) {
        const next = await events.next();
        signal.throwIfAborted();
        if (next.done) {
          link.send({ type: 'summary', stream: id, summary: next.value });
          return;
        }
        await credits.send({ type: 'live', stream: id, event: next.value });
      }
    } catch (error) {
      // The generator is suspended where it was not it that threw: let it free what it holds.
      await events.return(NO_SUMMARY);
      throw error;
    }
  }
}
