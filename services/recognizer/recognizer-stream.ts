import type { Open, StreamMessage } from '../../fusion/protocol/messages.ts';
import type { AppError } from '../../models/core/app-error.ts';
import type { Recognizer, RecognizerSummary } from '../../models/core/recognizer.ts';
import type { StepwiseSource } from '../../models/core/stepwise.ts';
import { IncomingStream, type StreamWork } from '../transport/incoming-stream.ts';
import type { PeerLink } from '../transport/peer-link.ts';
import { UnitSearches } from './unit-searches.ts';

/** One stream of speech at the recognizer's end. When it stops, the transcriber sees its signal and frees its cache. */
export function openSpeechStream(link: PeerLink, recognizer: Recognizer, open: Open): IncomingStream<Float32Array> {
  return new IncomingStream(link, open, new SpeechWork(recognizer, open));
}

class SpeechWork implements StreamWork<Float32Array> {
  #recognizer: Recognizer;
  #open: Open;
  #searches: UnitSearches;

  constructor(recognizer: Recognizer, open: Open) {
    this.#recognizer = recognizer;
    this.#open = open;
    this.#searches = new UnitSearches(recognizer.alphabet.size);
  }

  dataOf(message: StreamMessage): Float32Array | undefined {
    return message.type === 'audio' ? message.samples : undefined;
  }

  other(message: StreamMessage): void {
    this.#searches.receive(message);
  }

  stopped(error: AppError): void {
    this.#searches.stop(error);
  }

  async run(input: IncomingStream<Float32Array>): Promise<void> {
    const summary = await this.#transcribe(input);
    input.link.send({ type: 'summary', stream: input.id, summary });
  }

  async #transcribe(input: IncomingStream<Float32Array>): Promise<RecognizerSummary> {
    const { id, signal, credits } = input;
    const search = (source: StepwiseSource) => this.#searches.search(source, input);
    const results = this.#recognizer.transcribe(input, this.#open.options, search, signal);
    try {
      for (;;) {
        const next = await results.next();
        if (next.done) return next.value;
        signal.throwIfAborted();
        await credits.send({ type: 'result', stream: id, result: next.value });
      }
    } catch (error) {
      // The generator is suspended where it was not it that threw: let it free what it holds.
      await results.return(NO_SUMMARY);
      throw error;
    }
  }
}

/** What an early return of the generator is given; nobody reads it. */
export const NO_SUMMARY: RecognizerSummary = {
  task: 'transcribe',
  language: '',
  languageProbability: 0,
  duration: 0,
  warnings: [],
  timings: { encodeMs: 0, recognizeMs: 0 },
};
