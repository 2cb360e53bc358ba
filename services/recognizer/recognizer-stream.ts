import { Deadline } from '../../fusion/protocol/deadline.ts';
import { UNITS_PENDING_MAX } from '../../fusion/protocol/limits.ts';
import type { Open, StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { Recognizer, RecognizerSummary } from '../../models/core/recognizer.ts';
import type { StepwiseSource, UnitOutcome } from '../../models/core/stepwise.ts';
import { FrameQueue } from '../transport/frame-queue.ts';
import { errorMessage, type PeerLink, type StreamCredits } from '../transport/peer-link.ts';
import { RemoteUnitSearch } from './remote-search.ts';

/** One stream at the recognizer's end. */
export class RecognizerStream {
  /** Resolves once the stream is over and its work freed; never rejects. */
  readonly ended: Promise<void>;
  #link: PeerLink;
  #recognizer: Recognizer;
  #open: Open;
  #credits: StreamCredits;
  #audio: FrameQueue<Float32Array>;
  #units = new Map<number, RemoteUnitSearch>();
  #abort = new AbortController();
  #deadline: Deadline;

  constructor(link: PeerLink, recognizer: Recognizer, open: Open) {
    this.#link = link;
    this.#recognizer = recognizer;
    this.#open = open;
    this.#credits = link.openCredits();
    this.#audio = new FrameQueue((bytes) => this.#credits.consumed(open.stream, bytes));
    this.#deadline = new Deadline(open.deadlineMs, (error) => this.stop(error), link.clock);
    this.ended = this.#run();
  }

  /** Throws protocol_error for what does not belong here. */
  receive(message: StreamMessage, frameBytes: number): void {
    switch (message.type) {
      case 'audio':
        if (this.#audio.ended && !this.#abort.signal.aborted) {
          throw new AppError('protocol_error', 'Field type: audio after close.');
        }
        this.#credits.received(frameBytes);
        this.#audio.push(message.samples, frameBytes);
        break;
      case 'close':
        this.#audio.finish();
        break;
      case 'cancel':
        this.stop(new AppError('canceled', 'The stream was canceled by the combiner.'));
        break;
      case 'credit':
        this.#credits.out.grant(message.bytes);
        break;
      case 'start':
      case 'advance':
      case 'chosen': {
        const unit = this.#units.get(message.unit);
        if (unit === undefined) {
          if (this.#abort.signal.aborted) return;
          throw new AppError('protocol_error', `Field unit: unit ${message.unit} is not waiting for a search.`);
        }
        unit.receive(message);
        break;
      }
      default:
        throw new AppError('protocol_error', `Field type: a recognizer takes no ${message.type} message.`);
    }
  }

  /** Ends the stream from outside: cancel, deadline, peer lost. The transcriber sees its signal and frees its cache. */
  stop(error: AppError): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort(error);
    this.#audio.abort(error);
    this.#credits.out.close(error);
    for (const unit of this.#units.values()) unit.fail(error);
  }

  async #run(): Promise<void> {
    const { stream } = this.#open;
    try {
      const summary = await this.#transcribe();
      this.#link.send({ type: 'summary', stream, summary });
    } catch (error) {
      const { signal } = this.#abort;
      this.#link.send(errorMessage(stream, signal.aborted ? signal.reason : error));
      this.stop(AppError.from(error));
    } finally {
      this.#deadline.dispose();
    }
  }

  async #transcribe(): Promise<RecognizerSummary> {
    const { signal } = this.#abort;
    const search = (source: StepwiseSource) => {
      const outcome = this.#search(source);
      // A transcriber that sees its signal first may never look at the outcome.
      outcome.catch(() => undefined);
      return outcome;
    };
    const results = this.#recognizer.transcribe(this.#audio, this.#open.options, search, signal);
    try {
      for (;;) {
        const next = await results.next();
        if (next.done) return next.value;
        signal.throwIfAborted();
        await this.#credits.send({ type: 'result', stream: this.#open.stream, result: next.value });
      }
    } catch (error) {
      // The generator is suspended where it was not it that threw: let it free what it holds.
      await results.return(NO_SUMMARY);
      throw error;
    }
  }

  async #search(source: StepwiseSource): Promise<UnitOutcome> {
    const { index } = source.unit;
    const { signal } = this.#abort;
    signal.throwIfAborted();
    if (this.#units.has(index)) throw new Error(`unit ${index} is searched twice`);
    if (this.#units.size >= UNITS_PENDING_MAX) throw new Error(`more than ${UNITS_PENDING_MAX} units are searched`);
    const unit = new RemoteUnitSearch(source, {
      stream: this.#open.stream,
      alphabetSize: this.#recognizer.alphabet.size,
      signal,
      send: (message) => this.#link.send(message),
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
