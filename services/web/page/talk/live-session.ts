/**
 * One recording over `/v1/stream`: sends audio as it comes, and survives a broken connection. The service keeps a stream
 * for a while after its socket broke; we come back with its token, get the events that we missed, and send again what it
 * did not hear. Where it no longer knows the stream, a new one goes on at the same second.
 *
 * The socket and the clock come from outside, so that tests need neither.
 */
import { AudioRing } from './audio-ring.ts';
import { ALTERNATIVES, parseStreamEvent, type StreamEvent, type StreamWish } from './stream-events.ts';

/** What is used of a WebSocket. */
export interface StreamSocket {
  send(data: string | Int16Array<ArrayBuffer>): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: (() => void) | null;
}

export interface SessionClock {
  nowMs(): number;
  /** Returns what calls it off. */
  after(ms: number, run: () => void): () => void;
}

export type SessionState = 'connecting' | 'listening' | 'reconnecting' | 'finishing' | 'ended' | 'failed';

/** Where an event belongs: `offsetS` is the second of the recording at which its stream began. */
export interface StreamPlace {
  readonly stream: number;
  readonly offsetS: number;
}

export interface SessionParts {
  open(): StreamSocket;
  readonly clock: SessionClock;
  readonly key: string | null;
  readonly wish: StreamWish;
  readonly rateHz: number;
  onState(state: SessionState): void;
  onEvent(event: StreamEvent, place: StreamPlace): void;
  /** The service no longer knows the stream: utterances of it that are open get their end from the next one. */
  onRestart(): void;
  /** Seconds that no service heard, as they fell out of what is kept here. */
  onAudioLost(lostS: number): void;
  /** The session is over. Empty texts: the connection could not be made (no answer, no room), or not be made again. */
  onFailure(code: string, message: string): void;
}

/** As long as the service keeps a stream whose socket broke (docs/streaming.md). */
const RESUME_S_MAX = 60;
const FIRST_RETRY_MS = 250;
const RETRY_MS_MAX = 5_000;
/** After `end` the service answers what is left; an utterance takes some seconds on a slow machine. */
const FINISH_MS_MAX = 60_000;
/** One message of audio when catching up: a second of it is well below what services take. */
const CATCH_UP_S = 1;

export class LiveSession {
  readonly #parts: SessionParts;
  readonly #ring: AudioRing;
  #socket: StreamSocket | null = null;
  #state: SessionState = 'connecting';
  #resume: { token: string; seq: number } | null = null;
  /** Sample of the recording at which the current stream began, and how many streams came before it. */
  #streamStart = 0;
  #stream = 0;
  /** Second of the stream up to which everything has its last text. */
  #settledS = 0;
  /** The service has said `ready` on this socket; only then does audio go out as it comes. */
  #isReady = false;
  #isEnding = false;
  #brokenAtMs: number | null = null;
  #retryMs = FIRST_RETRY_MS;
  #callOff: () => void = () => {};

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#ring = new AudioRing(parts.rateHz * RESUME_S_MAX);
    this.#connect();
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Mono PCM16 at `rateHz`; after `finish` it is left out. */
  send(samples: Int16Array<ArrayBuffer>): void {
    if (this.#isEnding || this.#isOver) return;
    this.#ring.add(samples);
    if (this.#isReady) this.#socket?.send(samples);
  }

  /** No more audio. The service answers the rest, and the state becomes `ended`. */
  finish(): void {
    if (this.#isEnding || this.#isOver) return;
    this.#isEnding = true;
    if (this.#isReady) this.#sendEnd();
  }

  /** Breaks off at once. */
  close(): void {
    if (this.#isOver) return;
    this.#settle('ended');
  }

  get #isOver(): boolean {
    return this.#state === 'ended' || this.#state === 'failed';
  }

  #connect(): void {
    const socket = this.#parts.open();
    this.#socket = socket;
    this.#isReady = false;
    socket.onopen = () => socket.send(JSON.stringify(this.#startMessage()));
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string' && socket === this.#socket) this.#receive(data);
    };
    socket.onclose = () => {
      if (socket === this.#socket && !this.#isOver) this.#reconnect();
    };
  }

  #startMessage(): object {
    const { wish, rateHz, key } = this.#parts;
    const access = key === null ? {} : { key };
    if (this.#resume !== null) return { type: 'start', ...access, resume: this.#resume };
    return {
      type: 'start',
      ...access,
      audio: { format: 'pcm16', rate: rateHz, channels: 1 },
      ...wish,
      partials: true,
      words: true,
      nBest: ALTERNATIVES,
      provenance: true,
    };
  }

  #receive(frame: string): void {
    let parsed: ReturnType<typeof parseStreamEvent>;
    try {
      parsed = parseStreamEvent(frame);
    } catch (error) {
      this.#fail('protocol_violation', error instanceof Error ? error.message : String(error));
      return;
    }
    if (parsed === null) return;
    const { seq, event } = parsed;
    if (event.type === 'ready') {
      this.#ready(event.resumeToken, seq, event.audioReceivedBytes);
      return;
    }
    // Before its number: one that refuses a resume is counted from 1 again.
    if (event.type === 'error') {
      this.#refused(event.code, event.message, event.retry);
      return;
    }
    // A replay may begin with events that were seen already.
    if (this.#resume !== null && seq <= this.#resume.seq) return;
    if (this.#resume !== null) this.#resume.seq = seq;
    if (event.type === 'hypothesis' && event.final && event.stage !== 'recognized') {
      this.#settledS = Math.max(this.#settledS, event.endS);
    }
    this.#parts.onEvent(event, { stream: this.#stream, offsetS: this.#streamStart / this.#parts.rateHz });
    if (event.type === 'end') this.#settle('ended');
  }

  #ready(token: string, seq: number, heardBytes: number): void {
    const { rateHz } = this.#parts;
    this.#resume = { token, seq: this.#resume?.seq ?? seq };
    this.#isReady = true;
    this.#brokenAtMs = null;
    this.#retryMs = FIRST_RETRY_MS;
    const from = this.#streamStart + Math.floor(heardBytes / Int16Array.BYTES_PER_ELEMENT);
    const lost = this.#ring.start - from;
    if (lost > 0) {
      // Silence in place of what is gone keeps the times of everything after it.
      this.#parts.onAudioLost(lost / rateHz);
      this.#sendInPieces(new Int16Array(lost));
    }
    this.#sendInPieces(this.#ring.since(from));
    if (this.#isEnding) this.#sendEnd();
    else this.#enter('listening');
  }

  #sendInPieces(samples: Int16Array<ArrayBuffer>): void {
    const length = this.#parts.rateHz * CATCH_UP_S;
    for (let at = 0; at < samples.length; at += length) this.#socket?.send(samples.slice(at, at + length));
  }

  #sendEnd(): void {
    this.#socket?.send(JSON.stringify({ type: 'end' }));
    this.#enter('finishing');
    this.#callOff();
    this.#callOff = this.#parts.clock.after(FINISH_MS_MAX, () => this.#settle('ended'));
  }

  #refused(code: string, message: string, retry: boolean): void {
    if (this.#resume !== null && !this.#isReady && code === 'not_found') {
      this.#restart();
      return;
    }
    // A stream that ran: the connection ends now, and is made again. One that never began is told at once.
    if (retry && (this.#resume !== null || this.#stream > 0)) return;
    this.#fail(code, message);
  }

  /** A stream of its own, from where the old one had given its last text. */
  #restart(): void {
    const { rateHz } = this.#parts;
    const from = this.#streamStart + Math.round(this.#settledS * rateHz);
    const lost = this.#ring.start - from;
    if (lost > 0) this.#parts.onAudioLost(lost / rateHz);
    this.#streamStart = Math.min(Math.max(from, this.#ring.start), this.#ring.end);
    this.#resume = null;
    this.#settledS = 0;
    this.#stream++;
    this.#parts.onRestart();
    this.#replaceSocket();
    this.#connect();
  }

  #reconnect(): void {
    const { clock } = this.#parts;
    this.#isReady = false;
    this.#callOff();
    if (this.#resume === null && this.#stream === 0) {
      this.#fail('', '');
      return;
    }
    this.#brokenAtMs ??= clock.nowMs();
    if (clock.nowMs() - this.#brokenAtMs > RESUME_S_MAX * 1000) {
      this.#fail('', '');
      return;
    }
    this.#enter('reconnecting');
    this.#callOff = clock.after(this.#retryMs, () => this.#connect());
    this.#retryMs = Math.min(RETRY_MS_MAX, this.#retryMs * 2);
  }

  #fail(code: string, message: string): void {
    this.#settle('failed');
    this.#parts.onFailure(code, message);
  }

  #settle(state: 'ended' | 'failed'): void {
    this.#callOff();
    this.#replaceSocket();
    this.#enter(state);
  }

  #replaceSocket(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#isReady = false;
    socket?.close();
  }

  #enter(state: SessionState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#parts.onState(state);
  }
}
