import { Deadline } from '../../fusion/protocol/deadline.ts';
import type { FinalSummary, Open, StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { UnitSearch } from '../../models/core/stepwise.ts';
import { FrameQueue } from '../transport/frame-queue.ts';
import { errorMessage, type PeerLink, type StreamCredits } from '../transport/peer-link.ts';
import type { SearchFactory } from './combiner-service.ts';
import type { RemoteStream } from './recognizer-link.ts';
import type { RecognizerPool } from './recognizer-pool.ts';

/** One stream of an application: its audio goes to a recognizer, what the search chose comes back. */
export class CombinerStream {
  /** Resolves once the stream is over; never rejects. */
  readonly ended: Promise<void>;
  #link: PeerLink;
  #pool: RecognizerPool;
  #searchFor: SearchFactory;
  #open: Open;
  #credits: StreamCredits;
  #audio: FrameQueue<Float32Array>;
  #abort = new AbortController();
  #deadline: Deadline;
  #remote: RemoteStream | undefined;
  #partials = 0;
  #llmMs = 0;

  constructor(link: PeerLink, pool: RecognizerPool, searchFor: SearchFactory, open: Open) {
    this.#link = link;
    this.#pool = pool;
    this.#searchFor = searchFor;
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
        this.stop(new AppError('canceled', 'The stream was canceled by the application.'));
        break;
      case 'credit':
        this.#credits.out.grant(message.bytes);
        break;
      default:
        throw new AppError('protocol_error', `Field type: a combiner takes no ${message.type} from an application.`);
    }
  }

  /** Ends the stream at once: cancel, deadline, application lost. */
  stop(error: AppError): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort(error);
    this.#audio.abort(error);
    this.#credits.out.close(error);
    this.#remote?.cancel(error);
  }

  async #run(): Promise<void> {
    const { stream } = this.#open;
    const startMs = this.#link.clock.nowMs();
    try {
      const summary = await this.#transcribe(startMs);
      this.#link.send({ type: 'final', stream, partials: this.#partials, summary });
    } catch (error) {
      const { signal } = this.#abort;
      this.#link.send(errorMessage(stream, signal.aborted ? signal.reason : error));
      this.stop(AppError.from(error));
    } finally {
      this.#deadline.dispose();
    }
  }

  async #transcribe(startMs: number): Promise<FinalSummary> {
    const { stream, options } = this.#open;
    const { signal } = this.#abort;
    const recognizer = await this.#pool.acquire(signal);
    const { name, kind, modality } = recognizer.info!;
    if (kind !== 'stepwise' || modality !== 'speech') {
      throw new AppError(
        'protocol_error',
        `${name} is a ${kind} recognizer for ${modality}; stepwise speech is needed.`,
      );
    }
    // Begun at once, so that a language model loads while the recognizer hears its first window.
    const search = Promise.resolve(
      this.#searchFor({
        options,
        recognizer: recognizer.info!,
        alphabet: () => this.#pool.alphabet(recognizer),
        signal,
      }),
    );
    search.catch((error: unknown) => this.stop(AppError.from(error)));
    const searchUnit: UnitSearch = async (source, unitSignal) => (await search)(source, unitSignal);

    const remote = recognizer.openStream(options, this.#deadline.leftMs, searchUnit);
    this.#remote = remote;
    this.#sendAudio(remote);
    for await (const result of remote.results) {
      this.#llmMs += result.stats.llmMs;
      await this.#credits.send({ type: 'partial', stream, index: this.#partials, result });
      this.#partials++;
    }
    const { timings, ...summary } = await remote.summary;
    const totalMs = this.#link.clock.nowMs() - startMs;
    return { ...summary, timings: { totalMs, ...timings, llmMs: this.#llmMs } };
  }

  /** Runs beside the results. Credit goes back to the application only as the recognizer takes the audio. */
  #sendAudio(remote: RemoteStream): void {
    const pump = async () => {
      for await (const samples of this.#audio) await remote.sendAudio(samples);
      remote.closeAudio();
    };
    // The end of the stream reaches the pump as well, and is told through the results.
    pump().catch((error: unknown) => remote.cancel(AppError.from(error)));
  }
}
