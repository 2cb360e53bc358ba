import { AUDIO_FRAME_SAMPLES_MAX, UNITS_PENDING_MAX } from '../../fusion/protocol/limits.ts';
import type { StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { RecognizerSummary } from '../../models/core/recognizer.ts';
import type { UnitOutcome, UnitSearch } from '../../models/core/stepwise.ts';
import type { FrameQueue } from '../transport/frame-queue.ts';
import { unexpected } from '../transport/incoming-stream.ts';
import { OutgoingStream } from '../transport/outgoing-stream.ts';
import type { PeerLink } from '../transport/peer-link.ts';
import { RemoteSource } from './remote-source.ts';

/** One stream of speech at a recognizer elsewhere. T: what it gives, results or live events. */
export class RemoteSpeech<T> {
  readonly stream: OutgoingStream<T>;
  /** Resolves after the last result. Rejects with the error that ended the stream. */
  readonly summary: Promise<RecognizerSummary>;
  #alphabetSize: number;
  #search: UnitSearch;
  #sources = new Map<number, RemoteSource>();
  #abort = new AbortController();
  #settle!: { resolve: (summary: RecognizerSummary) => void; reject: (error: unknown) => void };

  constructor(
    id: number,
    link: PeerLink,
    parts: {
      readonly alphabetSize: number;
      readonly search: UnitSearch;
      readonly dataOf: (message: StreamMessage) => T | undefined;
      readonly forget: () => void;
    },
  ) {
    const { alphabetSize, search, dataOf, forget } = parts;
    this.#alphabetSize = alphabetSize;
    this.#search = search;
    this.summary = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.summary.catch(() => undefined);
    this.stream = new OutgoingStream<T>(id, link, {
      dataOf,
      other: (message) => this.#receive(message),
      ended: (error) => {
        forget();
        const reason = error ?? new AppError('canceled', 'The stream is over.');
        this.#settle.reject(reason);
        for (const source of this.#sources.values()) source.fail(reason);
        this.#abort.abort(reason);
      },
    });
  }

  /** Results in order. */
  get results(): FrameQueue<T> {
    return this.stream.data;
  }

  /** Sends samples as the recognizer has room for them. */
  async sendAudio(samples: Float32Array): Promise<void> {
    for (let at = 0; at < samples.length; at += AUDIO_FRAME_SAMPLES_MAX) {
      const piece = samples.subarray(at, at + AUDIO_FRAME_SAMPLES_MAX);
      await this.stream.send({ type: 'audio', stream: this.stream.id, samples: piece });
    }
  }

  #receive(message: StreamMessage): void {
    switch (message.type) {
      case 'unit':
        this.#startUnit(
          new RemoteSource(message.unit, {
            stream: this.stream.id,
            alphabetSize: this.#alphabetSize,
            send: (request) => this.stream.link.send(request),
          }),
        );
        break;
      case 'candidates': {
        const source = this.#sources.get(message.unit);
        if (source === undefined) throw new AppError('protocol_error', `Field unit: ${message.unit} is not searched.`);
        source.receive(message);
        break;
      }
      case 'summary':
        this.#settle.resolve(message.summary);
        this.stream.end(undefined);
        break;
      default:
        throw unexpected(message);
    }
  }

  #startUnit(source: RemoteSource): void {
    const { index } = source.unit;
    if (this.#sources.has(index)) throw new AppError('protocol_error', `Field unit.index: ${index} came twice.`);
    if (this.#sources.size >= UNITS_PENDING_MAX) {
      throw new AppError('protocol_error', `Field unit: more than ${UNITS_PENDING_MAX} units wait for their search.`);
    }
    this.#sources.set(index, source);
    this.#search(source, this.#abort.signal)
      .then((outcome: UnitOutcome) => {
        this.#sources.delete(index);
        const { id, link, over } = this.stream;
        if (!over) link.send({ type: 'chosen', stream: id, unit: index, outcome });
      })
      .catch((error: unknown) => this.stream.cancel(AppError.from(error)));
  }
}
