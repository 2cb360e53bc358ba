import { UNITS_PENDING_MAX } from '../../fusion/protocol/limits.ts';
import type { Open, StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { Recognizer, RecognizerSummary } from '../../models/core/recognizer.ts';
import type { StepwiseSource, UnitOutcome } from '../../models/core/stepwise.ts';
import { IncomingStream, type StreamWork, unexpected } from '../transport/incoming-stream.ts';
import type { PeerLink } from '../transport/peer-link.ts';
import { RemoteUnitSearch } from './remote-search.ts';

/** One stream of speech at the recognizer's end. When it stops, the transcriber sees its signal and frees its cache. */
export function openSpeechStream(link: PeerLink, recognizer: Recognizer, open: Open): IncomingStream<Float32Array> {
  return new IncomingStream(link, open, new SpeechWork(recognizer, open));
}

class SpeechWork implements StreamWork<Float32Array> {
  #recognizer: Recognizer;
  #open: Open;
  #units = new Map<number, RemoteUnitSearch>();
  #stopped = false;

  constructor(recognizer: Recognizer, open: Open) {
    this.#recognizer = recognizer;
    this.#open = open;
  }

  dataOf(message: StreamMessage): Float32Array | undefined {
    return message.type === 'audio' ? message.samples : undefined;
  }

  other(message: StreamMessage): void {
    if (message.type !== 'start' && message.type !== 'advance' && message.type !== 'chosen') throw unexpected(message);
    const unit = this.#units.get(message.unit);
    if (unit !== undefined) unit.receive(message);
    else if (!this.#stopped) {
      throw new AppError('protocol_error', `Field unit: unit ${message.unit} is not waiting for a search.`);
    }
  }

  stopped(error: AppError): void {
    this.#stopped = true;
    for (const unit of this.#units.values()) unit.fail(error);
  }

  async run(input: IncomingStream<Float32Array>): Promise<void> {
    const summary = await this.#transcribe(input);
    input.link.send({ type: 'summary', stream: input.id, summary });
  }

  async #transcribe(input: IncomingStream<Float32Array>): Promise<RecognizerSummary> {
    const { id, signal, credits } = input;
    const search = (source: StepwiseSource) => {
      const outcome = this.#search(source, input);
      // A transcriber that sees its signal first may never look at the outcome.
      outcome.catch(() => undefined);
      return outcome;
    };
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

  async #search(source: StepwiseSource, { id, link, signal }: IncomingStream<Float32Array>): Promise<UnitOutcome> {
    const { index } = source.unit;
    signal.throwIfAborted();
    if (this.#units.has(index)) throw new Error(`unit ${index} is searched twice`);
    if (this.#units.size >= UNITS_PENDING_MAX) throw new Error(`more than ${UNITS_PENDING_MAX} units are searched`);
    const unit = new RemoteUnitSearch(source, {
      stream: id,
      alphabetSize: this.#recognizer.alphabet.size,
      signal,
      send: (message) => link.send(message),
    });
    this.#units.set(index, unit);
    try {
      return await unit.outcome;
    } finally {
      this.#units.delete(index);
    }
  }
}

/** What an early return of the generator is given; nobody reads it. */
const NO_SUMMARY: RecognizerSummary = {
  task: 'transcribe',
  language: '',
  languageProbability: 0,
  duration: 0,
  warnings: [],
  timings: { encodeMs: 0, recognizeMs: 0 },
};
