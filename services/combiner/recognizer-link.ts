import { AlphabetReceiver } from '../../fusion/protocol/alphabet-table.ts';
import { type Clock, systemClock } from '../../fusion/protocol/deadline.ts';
import type { AlphabetPart, RecognizerHello, StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { ListenOptions, LiveEvent } from '../../models/core/live.ts';
import type { ReadOptions } from '../../models/core/page.ts';
import type { RecognizerInfo } from '../../models/core/recognizer.ts';
import type { Alphabet, UnitSearch } from '../../models/core/stepwise.ts';
import type { TranscribeOptions, UnitResult } from '../../models/core/transcript.ts';
import type { Channel } from '../transport/channel.ts';
import type { OutgoingStream } from '../transport/outgoing-stream.ts';
import { type LinkMessage, PeerLink } from '../transport/peer-link.ts';
import { RemotePages } from './remote-pages.ts';
import { RemoteSpeech } from './remote-speech.ts';

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
  #streams = new Map<number, OutgoingStream<unknown>>();
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

  /** Opens a stream of speech on a recognizer that is ready. */
  openSpeech(options: TranscribeOptions, deadlineMs: number | undefined, search: UnitSearch): RemoteSpeech<UnitResult> {
    const speech = this.#openSpeech(search, (message) => (message.type === 'result' ? message.result : undefined));
    const stream = speech.stream.id;
    this.#link.send({ type: 'open', stream, options, ...(deadlineMs === undefined ? {} : { deadlineMs }) });
    return speech;
  }

  /** Opens a live stream on a recognizer that is ready. */
  openLive(options: ListenOptions, deadlineMs: number | undefined, search: UnitSearch): RemoteSpeech<LiveEvent> {
    const speech = this.#openSpeech(search, (message) => (message.type === 'live' ? message.event : undefined));
    const stream = speech.stream.id;
    this.#link.send({ type: 'listen', stream, options, ...(deadlineMs === undefined ? {} : { deadlineMs }) });
    return speech;
  }

  #openSpeech<T>(search: UnitSearch, dataOf: (message: StreamMessage) => T | undefined): RemoteSpeech<T> {
    const id = ++this.#lastStream;
    const forget = () => this.#streams.delete(id);
    const speech = new RemoteSpeech<T>(id, this.#link, {
      alphabetSize: this.#info!.alphabet.size,
      search,
      dataOf,
      forget,
    });
    this.#streams.set(id, speech.stream);
    return speech;
  }

  /** Opens a stream of pages on a recognizer that is ready. */
  openPages(options: ReadOptions, deadlineMs: number | undefined): RemotePages {
    const id = ++this.#lastStream;
    const pages = new RemotePages(id, this.#link, this.#info!.alphabet.size, () => this.#streams.delete(id));
    this.#streams.set(id, pages.stream);
    this.#link.send({ type: 'read', stream: id, options, ...(deadlineMs === undefined ? {} : { deadlineMs }) });
    return pages;
  }

  close(): void {
    this.#link.close();
  }

  #receive(message: LinkMessage, frameBytes: number): void {
    if (message.type === 'alphabet') this.#takeAlphabet(message);
    else if (
      message.type === 'open' ||
      message.type === 'read' ||
      message.type === 'listen' ||
      message.type === 'alphabet_request' ||
      message.stream === undefined
    ) {
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
