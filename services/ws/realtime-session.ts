import { randomBytes } from 'node:crypto';
import type { Clock } from '../../fusion/protocol/deadline.ts';
import { boolean, map, oneOf, optional, text } from '../../fusion/protocol/schema.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { LiveEvent, LiveFinal } from '../../models/core/live.ts';
import type { Alphabet } from '../../models/core/stepwise.ts';
import { type AudioIntake, openIntake } from './audio-intake.ts';
import { checked, parsedObject } from './checked.ts';
import { toldError, UNSUPPORTED_DATA } from './close-code.ts';
import { Connection, type ConnectionLimits } from './connection.ts';
import type { Admission } from './gate.ts';
import { APPEND_CHARS_MAX, EPOCHS_WAITING_MAX, ID_CHARS_MAX, SESSION_MS_MAX } from './limits.ts';
import type { LiveSource } from './live-source.ts';
import type { LiveTiming } from './live-timing.ts';
import {
  type Dialect,
  initialConfig,
  listenRequest,
  pcmShape,
  type RealtimeConfig,
  type RealtimeRules,
  sessionObject,
  updatedConfig,
} from './realtime-config.ts';
import { type Item, RealtimeItems, type SendEvent } from './realtime-items.ts';
import type { SessionRecord } from './session-record.ts';
import type { Socket } from './socket.ts';

export interface RealtimeParts {
  readonly source: LiveSource;
  readonly clock: Clock;
  readonly admission: Admission;
  readonly rules: RealtimeRules;
  /** Spells the recognizer's tokens, for logprobs; null where they are not known here. */
  readonly pieces: () => Pick<Alphabet, 'bytesOf'> | null;
  /** Of the query. */
  readonly model: string | null;
  readonly language: string | null;
  readonly dialect: Dialect;
  /** Seconds since 1970, for `expires_at`. */
  readonly nowS: () => number;
  readonly record: SessionRecord;
  readonly limits?: Partial<ConnectionLimits>;
  /** Once. */
  readonly closed: () => void;
}

/** Audio under one set of settings: one stream of the recognizer. They run one after another. */
interface Epoch {
  readonly config: RealtimeConfig;
  readonly intake: AudioIntake;
  readonly timing: LiveTiming;
  /** Seconds of the session before it. */
  readonly offsetS: number;
  readonly items: Map<number, Item>;
}

/** A commit needs so much audio. */
const COMMIT_SECONDS_MIN = 0.1;
/** Streams of the recognizer that may fail one after another; then the session is not going to recover. */
const FAILURES_MAX = 3;
/** Commits whose answer is not there yet; a few, unless somebody plays with it. */
const COMMITS_KEPT = 64;

/**
 * One session of the OpenAI Realtime API in transcription mode (docs/streaming.md, section 3). Errors are told as events
 * and leave the session open. Invariant: deltas of an item, joined, are its transcript, for only committed text is sent.
 */
export class RealtimeSession {
  readonly #parts: RealtimeParts;
  readonly #connection: Connection;
  readonly #id = `sess_${randomBytes(9).toString('base64url')}`;
  readonly #expiresAtS: number;
  readonly #items: RealtimeItems;
  readonly #abort = new AbortController();
  readonly #epochs: Epoch[] = [];
  readonly #full = new Set<Epoch>();
  #dialect: Dialect;
  #config: RealtimeConfig;
  /** Takes the audio that comes; null until some does, and after a change of settings. */
  #current: Epoch | null = null;
  #running = false;
  #failures = 0;
  /** The service ends: nothing more is taken, and this is told once all items are done. */
  #handBack: AppError | undefined;
  #events = 0;
  #audioS = 0;
  #sinceCommitS = 0;
  #commits: { readonly eventId: string | null; readonly atS: number }[] = [];
  #speaking = false;
  /** Where speech was last, or a timeout: idle time is counted from here. */
  #activeToS = 0;

  /** Throws model_unknown. */
  constructor(socket: Socket, parts: RealtimeParts) {
    this.#parts = parts;
    parts.record.admitted(parts.admission.owner, this.#id);
    this.#dialect = parts.dialect;
    this.#config = initialConfig(parts.rules, parts);
    this.#expiresAtS = Math.floor(parts.nowS() + SESSION_MS_MAX / 1000);
    this.#items = new RealtimeItems(
      (type, fields) => this.#send(type, fields),
      () => this.#dialect,
      parts.pieces,
    );
    this.#connection = new Connection(
      socket,
      {
        text: (data) => this.#receive(data),
        binary: () => {
          this.#sendError(new AppError('invalid_option', 'Events are text messages with JSON.'), null);
          this.#connection.close(UNSUPPORTED_DATA, 'invalid_option');
        },
        drained: () => this.#items.catchUp(),
        finish: (error) => this.#finish(error),
        tell: (error) => this.#event('error', { error: errorFields(error, null) }),
        closed: (error) => {
          const reason = error ?? new AppError('canceled', 'The client has gone.');
          this.#abort.abort(reason);
          for (const epoch of this.#epochs) epoch.intake.abort(reason);
          parts.closed();
        },
      },
      parts.clock,
      parts.limits,
    );
    this.#sendSession('created');
  }

  get connection(): Connection {
    return this.#connection;
  }

  #finish(error: AppError): void {
    this.#handBack = error;
    this.#current?.intake.finish();
    this.#current = null;
    if (!this.#running) this.#connection.fail(error);
  }

  #receive(data: string): void {
    if (this.#handBack !== undefined) return;
    let eventId: string | null = null;
    try {
      const event = parsedObject(data, 'An event');
      eventId = typeof event['event_id'] === 'string' ? event['event_id'].slice(0, ID_CHARS_MAX) : null;
      if (event['type'] !== 'input_audio_buffer.append' || event['audio'] === '') this.#connection.countControl();
      this.#take(event, eventId);
    } catch (error) {
      const known = AppError.from(error);
      // Rates and budgets end the session: whoever goes on sending would hear nothing else.
      if (known.code === 'rate_limited' || known.code === 'internal') throw known;
      this.#sendError(known, eventId);
    }
  }

  #take(event: Record<string, unknown>, eventId: string | null): void {
    const { type } = event;
    switch (type) {
      case 'input_audio_buffer.append':
        this.#append(checked(append, event).audio);
        break;
      case 'input_audio_buffer.commit':
        checked(bare, event);
        this.#commit(eventId);
        break;
      case 'input_audio_buffer.clear':
        checked(bare, event);
        this.#clear();
        break;
      case 'session.update':
      case 'transcription_session.update':
        this.#update(event, type === 'session.update' ? 'current' : 'beta');
        break;
      default: {
        const message = `Events of type ${String(type).slice(0, 80)} are not taken in a transcription session.`;
        throw new AppError('unsupported_parameter', message, { param: 'type' });
      }
    }
  }

  #update(event: Record<string, unknown>, dialect: Dialect): void {
    const { type: _, event_id: __, session, ...rest } = event;
    const odd = Object.keys(rest)[0];
    if (odd !== undefined) {
      throw new AppError('unsupported_parameter', `Field ${odd} is not known here.`, { param: odd });
    }
    const config = updatedConfig(this.#config, session, dialect, this.#parts.rules);
    if (this.#current !== null) {
      if (this.#epochs.length >= EPOCHS_WAITING_MAX) {
        const message = `${EPOCHS_WAITING_MAX} changes of settings wait for the audio before them.`;
        throw new AppError('overloaded', message);
      }
      // What was said so far is finished under the settings it was said under.
      this.#current.intake.finish();
      this.#current = null;
      this.#sinceCommitS = 0;
    }
    this.#config = config;
    this.#dialect = dialect;
    this.#sendSession('updated');
  }

  #append(audio: string): void {
    const bytes = base64Bytes(audio);
    this.#current ??= this.#openEpoch();
    const { intake } = this.#current;
    const beforeS = intake.queue.pushedS;
    intake.bytes(bytes);
    const addedS = intake.queue.pushedS - beforeS;
    this.#audioS += addedS;
    this.#sinceCommitS += addedS;
    this.#lookForTimeout(this.#current);
  }

  #commit(eventId: string | null): void {
    if (this.#current === null || this.#sinceCommitS < COMMIT_SECONDS_MIN) {
      this.#sendCommitEmpty(this.#sinceCommitS, eventId);
      return;
    }
    this.#commits.push({ eventId, atS: this.#audioS });
    if (this.#commits.length > COMMITS_KEPT) this.#commits.shift();
    this.#sinceCommitS = 0;
    this.#current.intake.mark('commit');
  }

  #clear(): void {
    this.#sinceCommitS = 0;
    if (this.#current === null) this.#send('input_audio_buffer.cleared', {});
    else this.#current.intake.mark('clear');
  }

  #openEpoch(): Epoch {
    const config = this.#config;
    const epoch: Epoch = {
      config,
      offsetS: this.#audioS,
      items: new Map(),
      timing: this.#parts.record.timing(),
      intake: openIntake(pcmShape(config), {
        full: (isFull) => {
          if (isFull) this.#full.add(epoch);
          else this.#full.delete(epoch);
          if (this.#full.size > 0) this.#connection.hold();
          else this.#connection.release();
        },
        heard: (seconds) => {
          this.#parts.admission.spendAudio(seconds);
          epoch.timing.heard(seconds);
        },
      }),
    };
    this.#epochs.push(epoch);
    if (!this.#running) void this.#run();
    return epoch;
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let epoch = this.#epochs[0]; epoch !== undefined; epoch = this.#epochs[0]) {
      try {
        const call = { signal: this.#abort.signal };
        for await (const event of this.#parts.source.listen(epoch.intake.queue, listenRequest(epoch.config), call)) {
          this.#takeLive(epoch, event);
        }
      } catch (error) {
        this.#failed(epoch, AppError.from(error));
      }
      this.#full.delete(epoch);
      if (this.#full.size === 0) this.#connection.release();
      if (this.#current === epoch) this.#current = null;
      this.#epochs.shift();
    }
    this.#running = false;
    if (this.#handBack !== undefined) this.#connection.fail(this.#handBack);
  }

  /** A stream of the recognizer ended early: its items are lost, later audio begins another one. */
  #failed(epoch: Epoch, error: AppError): void {
    epoch.intake.abort(error);
    if (!this.#connection.isOpen) return;
    this.#speaking = false;
    for (const item of epoch.items.values()) this.#items.fail(item, errorFields(error, null));
    this.#failures++;
    const hopeless = error.code === 'overloaded' || error.code === 'rate_limited' || this.#failures >= FAILURES_MAX;
    if (hopeless) this.#connection.fail(error);
    else this.#sendError(error, null);
  }

  #takeLive(epoch: Epoch, event: LiveEvent): void {
    epoch.timing.take(event);
    const hasVad = epoch.config.turnDetection !== null;
    switch (event.kind) {
      case 'speech-start': {
        const item = this.#items.begin(epoch.offsetS + event.startS);
        epoch.items.set(event.utterance, item);
        this.#speaking = true;
        if (hasVad) {
          this.#send('input_audio_buffer.speech_started', { audio_start_ms: ms(item.startS), item_id: item.id });
        }
        break;
      }
      case 'speech-end': {
        const item = itemOf(epoch, event.utterance);
        item.endS = epoch.offsetS + event.endS;
        this.#speaking = false;
        this.#activeToS = item.endS;
        if (hasVad) {
          this.#send('input_audio_buffer.speech_stopped', { audio_end_ms: ms(item.endS), item_id: item.id });
        }
        this.#items.commit(item);
        break;
      }
      case 'partial':
        this.#items.grow(itemOf(epoch, event.utterance), event.committed, this.#connection.congested);
        break;
      case 'final':
        this.#takeFinal(epoch, event);
        break;
      case 'cleared': {
        if (event.utterance !== null) {
          const error = new AppError('canceled', 'The audio of this item was cleared.');
          this.#items.drop(itemOf(epoch, event.utterance), errorFields(error, null));
          epoch.items.delete(event.utterance);
        }
        this.#speaking = false;
        this.#send('input_audio_buffer.cleared', {});
        break;
      }
      case 'commit-empty':
        this.#sendCommitEmpty(0, this.#answeredCommit(epoch.offsetS + event.atS));
        break;
      case 'lag':
      case 'shed':
        // This protocol has no word for it: text comes later, or fewer deltas.
        break;
    }
  }

  #takeFinal(epoch: Epoch, final: LiveFinal): void {
    // The recognizer's own text may still change beyond what is committed, and no delta can be taken back.
    if (final.stage === 'recognized') return;
    const item = itemOf(epoch, final.utterance);
    epoch.items.delete(final.utterance);
    this.#complete(item, final, epoch.config.logprobs);
    this.#failures = 0;
  }

  /** `final` null: nobody spoke. */
  #complete(item: Item, final: LiveFinal | null, logprobs: boolean): void {
    this.#items.complete(item, final, logprobs);
    const limits = this.#parts.admission.rateLimits();
    if (limits.length === 0) return;
    this.#send('rate_limits.updated', {
      rate_limits: limits.map(({ name, limit, remaining, resetSeconds }) => ({
        name,
        limit,
        remaining: thousandths(remaining),
        reset_seconds: thousandths(resetSeconds),
      })),
    });
  }

  /** Silence since the last speech, in audio that the recognizer has taken. */
  #lookForTimeout({ config, intake, offsetS }: Epoch): void {
    const idleMs = config.turnDetection?.idleTimeoutMs ?? null;
    const heardS = offsetS + intake.queue.pushedS - intake.queue.waitingS;
    if (idleMs === null || this.#speaking || heardS - this.#activeToS < idleMs / 1000) return;
    const item = this.#items.begin(this.#activeToS);
    item.endS = heardS;
    this.#activeToS = heardS;
    this.#send('input_audio_buffer.timeout_triggered', {
      audio_start_ms: ms(item.startS),
      audio_end_ms: ms(item.endS),
      item_id: item.id,
    });
    this.#items.commit(item);
    this.#complete(item, null, false);
  }

  /** The event that asked for the commit at this place in the audio; those before it were answered by items. */
  #answeredCommit(atS: number): string | null {
    let best = -1;
    for (const [i, commit] of this.#commits.entries()) {
      const nearest = best < 0 ? Number.POSITIVE_INFINITY : Math.abs(this.#commits[best]!.atS - atS);
      if (Math.abs(commit.atS - atS) < nearest) best = i;
    }
    const [found] = this.#commits.splice(0, best + 1).slice(-1);
    return found?.eventId ?? null;
  }

  #sendSession(what: 'created' | 'updated'): void {
    const name = this.#dialect === 'beta' ? 'transcription_session' : 'session';
    const session = sessionObject(this.#id, this.#expiresAtS, this.#config, this.#dialect);
    this.#send(`${name}.${what}`, { session });
  }

  #sendCommitEmpty(seconds: number, eventId: string | null): void {
    const have = `${(seconds * 1000).toFixed(2)}ms`;
    const message = `Error committing input audio buffer: it has ${have} of audio; 100ms with sound in them are needed.`;
    const error = { type: 'invalid_request_error', code: 'input_audio_buffer_commit_empty', message, param: null };
    this.#send('error', { error: { ...error, event_id: eventId } });
  }

  #sendError(error: AppError, eventId: string | null): void {
    this.#send('error', { error: errorFields(error, eventId) });
  }

  #send: SendEvent = (type, fields) => this.#connection.send(this.#event(type, fields));

  #event(type: string, fields: Record<string, unknown>): string {
    return JSON.stringify({ type, event_id: `event_${this.#id.slice(5)}_${++this.#events}`, ...fields });
  }
}

const append = map({
  type: oneOf('input_audio_buffer.append'),
  event_id: optional(text(ID_CHARS_MAX)),
  audio: text(APPEND_CHARS_MAX),
});
const bare = map({
  type: oneOf('input_audio_buffer.commit', 'input_audio_buffer.clear'),
  event_id: optional(text(ID_CHARS_MAX)),
  // Another service's way to say that nothing follows; true here, for what is committed is finished at once.
  final: optional(boolean),
});

/** Throws invalid_option. */
function base64Bytes(audio: string): Uint8Array {
  const bytes = Buffer.from(audio, 'base64');
  // Node passes over what is no base64; a client that sends it has a fault that should show.
  const digits = audio.length - (audio.endsWith('==') ? 2 : audio.endsWith('=') ? 1 : 0);
  if (Math.floor((digits * 3) / 4) !== bytes.length) {
    throw new AppError('invalid_option', 'Field audio is no base64.', { param: 'audio' });
  }
  return bytes;
}

function itemOf({ items }: Epoch, utterance: number): Item {
  const item = items.get(utterance);
  if (item === undefined) throw new Error(`utterance ${utterance} has not begun, or is over`);
  return item;
}

function errorFields(error: AppError, eventId: string | null): Record<string, unknown> {
  const { code, message, param } = toldError(error);
  const type =
    error.kind.status === 429
      ? 'rate_limit_error'
      : error.kind.status >= 500
        ? 'server_error'
        : 'invalid_request_error';
  return { type, code, message, param: param ?? null, event_id: eventId };
}

function thousandths(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function ms(seconds: number): number {
  return Math.round(seconds * 1000);
}
