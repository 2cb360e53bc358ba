import { AlphabetReceiver } from '../../fusion/protocol/alphabet-table.ts';
import { type Clock, systemClock } from '../../fusion/protocol/deadline.ts';
import { AUDIO_FRAME_SAMPLES_MAX, UNITS_PENDING_MAX } from '../../fusion/protocol/limits.ts';
import type { AlphabetPart, RecognizerHello, StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { RecognizerInfo, RecognizerSummary } from '../../models/core/recognizer.ts';
import type { Alphabet, UnitOutcome, UnitSearch } from '../../models/core/stepwise.ts';
import type { TranscribeOptions, UnitResult } from '../../models/core/transcript.ts';
import type { Channel } from '../transport/channel.ts';
import { FrameQueue } from '../transport/frame-queue.ts';
import { errorOf, type LinkMessage, PeerLink, type StreamCredits } from '../transport/peer-link.ts';
import { RemoteSource } from './remote-source.ts';

/** What a recognizer said of itself. */
export interface RemoteRecognizer extends RecognizerInfo {
  readonly alphabet: RecognizerHello['alphabet'];
}

/** A recognizer as the combiner sees it: one channel, many streams. */
export class RecognizerLink {
  /** Resolves at the recognizer's hello; rejects where the channel ends before it. */
  readonly ready: Promise<RemoteRecognizer>;
  /** Resolves, with why, when the channel has ended. */
  readonly closed: Promise<AppError>;
  #link: PeerLink;
  #info: RemoteRecognizer | undefined;
  #streams = new Map<number, RemoteStream>();
  #lastStream = 0;
  #alphabet:
    | { receiver: AlphabetReceiver; resolve: (table: Alphabet) => void; reject: (e: unknown) => void }
    | undefined;

  constructor(channel: Channel, clock: Clock = systemClock, helloMsMax?: number) {
    let closed: (error: AppError) => void;
    this.closed = new Promise((resolve) => {
      closed = resolve;
    });
    this.#link = new PeerLink(
      channel,
      {
        role: 'combiner',
        name: 'bytefuse',
        expected: ['recognizer'],
        ...(helloMsMax === undefined ? {} : { helloMsMax }),
      },
      {
        message: (message, frameBytes) => this.#receive(message, frameBytes),
        closed: (error) => {
          const lost = new AppError('peer_lost', `The recognizer went away: ${error.message}`, { cause: error });
          for (const stream of this.#streams.values()) stream.end(lost);
          this.#streams.clear();
          this.#alphabet?.reject(lost);
          closed(error);
        },
      },
      clock,
    );
    this.ready = this.#link.ready.then(({ name, recognizer }) => {
      // The handshake refuses a recognizer that does not say what it is.
      this.#info = { name, ...recognizer! };
      return this.#info;
    });
    this.ready.catch(() => undefined);
  }

  get ended(): boolean {
    return this.#link.ended;
  }

  /** Undefined until `ready`. */
  get info(): RemoteRecognizer | undefined {
    return this.#info;
  }

  get streamsOpen(): number {
    return this.#streams.size;
  }

  /** Asks for the table; call once (the combiner keeps tables by hash). */
  fetchAlphabet(): Promise<Alphabet> {
    const { alphabet } = this.#info!;
    return new Promise((resolve, reject) => {
      this.#alphabet = { receiver: new AlphabetReceiver(alphabet), resolve, reject };
      this.#link.send({ type: 'alphabet_request', hash: alphabet.hash });
    });
  }

  /** Opens a stream on a recognizer that is ready. */
  openStream(options: TranscribeOptions, deadlineMs: number | undefined, search: UnitSearch): RemoteStream {
    const id = ++this.#lastStream;
    const stream = new RemoteStream(id, this.#link, this.#info!.alphabet.size, search, () => this.#streams.delete(id));
    this.#streams.set(id, stream);
    this.#link.send({ type: 'open', stream: id, options, ...(deadlineMs === undefined ? {} : { deadlineMs }) });
    return stream;
  }

  close(): void {
    this.#link.close();
  }

  #receive(message: LinkMessage, frameBytes: number): void {
    if (message.type === 'alphabet') this.#takeAlphabet(message);
    else if (message.type === 'open' || message.type === 'alphabet_request' || message.stream === undefined) {
      throw new AppError('protocol_error', `Field type: a combiner takes no ${message.type} from a recognizer.`);
    } else if (message.stream > this.#lastStream) {
      throw new AppError('protocol_error', `Field stream: ${message.stream} was never opened.`);
    } else {
      // A stream that was canceled may still get what was under way.
      this.#streams.get(message.stream)?.receive(message, frameBytes);
    }
  }

  #takeAlphabet(part: AlphabetPart): void {
    if (this.#alphabet === undefined) throw new AppError('protocol_error', 'Field type: an alphabet came unasked.');
    const table = this.#alphabet.receiver.take(part);
    if (table === undefined) return;
    this.#alphabet.resolve(table);
    this.#alphabet = undefined;
  }
}

/** One stream at a recognizer elsewhere. */
export class RemoteStream {
  /** Results in order; ends with the stream, by its error where it has one. Pulling gives credit back. */
  readonly results: FrameQueue<UnitResult>;
  /** Resolves after the last result. Rejects with the error that ended the stream. */
  readonly summary: Promise<RecognizerSummary>;
  #id: number;
  #link: PeerLink;
  #alphabetSize: number;
  #search: UnitSearch;
  #credits: StreamCredits;
  #sources = new Map<number, RemoteSource>();
  #abort = new AbortController();
  #settle!: { resolve: (summary: RecognizerSummary) => void; reject: (error: unknown) => void };
  #forget: () => void;
  #over = false;

  constructor(id: number, link: PeerLink, alphabetSize: number, search: UnitSearch, forget: () => void) {
    this.#id = id;
    this.#link = link;
    this.#alphabetSize = alphabetSize;
    this.#search = search;
    this.#forget = forget;
    this.#credits = link.openCredits();
    this.results = new FrameQueue((bytes) => {
      if (!this.#over) this.#credits.consumed(id, bytes);
    });
    this.summary = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.summary.catch(() => undefined);
  }

  /** Sends samples as the recognizer has room for them. */
  async sendAudio(samples: Float32Array): Promise<void> {
    for (let at = 0; at < samples.length; at += AUDIO_FRAME_SAMPLES_MAX) {
      if (this.#over) return;
      const piece = samples.subarray(at, at + AUDIO_FRAME_SAMPLES_MAX);
      await this.#credits.send({ type: 'audio', stream: this.#id, samples: piece });
    }
  }

  /** No more audio. */
  closeAudio(): void {
    if (!this.#over) this.#link.send({ type: 'close', stream: this.#id });
  }

  /** Ends the stream from this side, with `reason` for whoever waits here; the recognizer is told. */
  cancel(reason: AppError): void {
    if (this.#over) return;
    this.#link.send({ type: 'cancel', stream: this.#id });
    this.end(reason);
  }

  receive(message: StreamMessage, frameBytes: number): void {
    switch (message.type) {
      case 'credit':
        this.#credits.out.grant(message.bytes);
        break;
      case 'unit':
        this.#startUnit(
          new RemoteSource(message.unit, {
            stream: this.#id,
            alphabetSize: this.#alphabetSize,
            send: (request) => this.#link.send(request),
          }),
        );
        break;
      case 'candidates': {
        const source = this.#sources.get(message.unit);
        if (source === undefined) throw new AppError('protocol_error', `Field unit: ${message.unit} is not searched.`);
        source.receive(message);
        break;
      }
      case 'result':
        this.#credits.received(frameBytes);
        this.results.push(message.result, frameBytes);
        break;
      case 'summary':
        this.#settle.resolve(message.summary);
        this.end(undefined);
        break;
      case 'error':
        this.end(errorOf(message));
        break;
      default:
        throw new AppError('protocol_error', `Field type: a combiner takes no ${message.type} from a recognizer.`);
    }
  }

  /** The stream is over; results that came are still delivered. */
  end(error: AppError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#forget();
    const reason = error ?? new AppError('canceled', 'The stream is over.');
    if (error === undefined) this.results.finish();
    else this.results.fail(error);
    this.#settle.reject(reason);
    this.#credits.out.close(reason);
    for (const source of this.#sources.values()) source.fail(reason);
    this.#abort.abort(reason);
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
        if (!this.#over) this.#link.send({ type: 'chosen', stream: this.#id, unit: index, outcome });
      })
      .catch((error: unknown) => this.cancel(AppError.from(error)));
  }
}
