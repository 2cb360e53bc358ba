import type { Clock } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { LiveEvent, LiveFinal, LivePartial } from '../../models/core/live.ts';
import type { EngineFacts } from '../app/engine.ts';
import { wordsValue } from '../output/json.ts';
import { type AudioIntake, openIntake } from './audio-intake.ts';
import { NORMAL, toldError } from './close-code.ts';
import type { Connection } from './connection.ts';
import { EventLog } from './event-log.ts';
import type { Admission } from './gate.ts';
import * as bounds from './limits.ts';
import type { LiveSource } from './live-source.ts';
import type { LiveTiming } from './live-timing.ts';
import type { SessionRecord } from './session-record.ts';
import type { NewStream } from './stream-start.ts';

export type Facts = Pick<EngineFacts, 'recognizer' | 'llm' | 'device' | 'providers'>;

export interface StreamSessionParts {
  readonly source: LiveSource;
  readonly facts: () => Facts;
  readonly clock: Clock;
  readonly admission: Admission;
  /** Secret: whoever has it may take the session over. */
  readonly resumeToken: string;
  readonly name: string;
  readonly record: SessionRecord;
  /** Once: nothing is left of the session. */
  readonly over: () => void;
}

/** What is known of an utterance that is not closed yet. */
interface Utterance {
  readonly startS: number;
  endS: number;
  revision: number;
  language: string | undefined;
}

/**
 * One session of the native protocol (docs/streaming.md, section 2). It outlives its connection: events go into a log, and
 * whatever connection is attached reads on from where its client is. Invariant: events are logged in the order of `seq`,
 * and a connection never gets one twice.
 */
export class StreamSession {
  readonly owner: string;
  readonly resumeToken: string;
  readonly #parts: StreamSessionParts;
  readonly #start: NewStream;
  readonly #intake: AudioIntake;
  readonly #timing: LiveTiming;
  readonly #log = new EventLog();
  readonly #abort = new AbortController();
  readonly #startedMs: number;
  readonly #utterances = new Map<number, Utterance>();
  #utterancesEnded = 0;
  #seq = 0;
  #receivedBytes = 0;
  #connection: Connection | undefined;
  /** The last event that went to the connection. */
  #sentSeq = 0;
  #isFull = false;
  #inputEnded = false;
  /** Why the service, not the client, ended the input: told in place of `end`. */
  #handBack: AppError | undefined;
  /** The last event is logged. */
  #done = false;
  #failure: AppError | undefined;
  #isOver = false;
  #callOffParking: (() => void) | undefined;
  #callOffSession: () => void;

  constructor(start: NewStream, parts: StreamSessionParts) {
    this.#start = start;
    this.#parts = parts;
    this.owner = parts.admission.owner;
    this.resumeToken = parts.resumeToken;
    this.#startedMs = parts.clock.nowMs();
    parts.record.hold();
    this.#timing = parts.record.timing();
    this.#intake = openIntake(start.audio, {
      full: (isFull) => this.#full(isFull),
      heard: (seconds) => {
        parts.admission.spendAudio(seconds);
        this.#timing.heard(seconds);
      },
    });
    this.#callOffSession = parts.clock.after(bounds.SESSION_MS_MAX, () => {
      this.fail(new AppError('deadline_exceeded', `A session lasts ${bounds.SESSION_MS_MAX / 1000} s at most.`));
    });
    void this.#run();
  }

  get record(): SessionRecord {
    return this.#parts.record;
  }

  /** True while it waits for its client. */
  get isParked(): boolean {
    return this.#connection === undefined;
  }

  /** Time since its client was heard; infinite while it is parked, or its connection is not read. */
  get silentMs(): number {
    return this.#connection?.silentMs ?? Number.POSITIVE_INFINITY;
  }

  /** True where a client that has seen `seq` can go on. */
  canResume(seq: number): boolean {
    return this.#log.holdsAfter(seq);
  }

  /** Gives the session to this connection; another one that has it is closed. `seq`: what its client has seen. */
  attach(connection: Connection, seq: number | null): void {
    this.#connection?.close(NORMAL, 'resumed');
    this.#callOffParking?.();
    this.#callOffParking = undefined;
    this.#connection = connection;
    this.#sentSeq = seq ?? 0;
    if (seq === null) this.#emit('ready', this.#readyFields(false));
    else connection.send(this.#json('ready', seq, this.#readyFields(true)));
    if (this.#isFull) connection.hold();
    this.flush();
  }

  /**
   * The connection is gone. A session whose client was lost, or reads too slowly, waits for it; one whose client said
   * goodbye, or is at fault, ends.
   */
  detach(connection: Connection, error: AppError | undefined, clean: boolean): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    const isLost = error?.code === 'peer_lost' || error?.code === 'overloaded';
    const mayReturn = isLost && this.#handBack === undefined;
    if (this.#failure !== undefined || clean || !mayReturn) {
      this.#end(error ?? new AppError('canceled', 'The client has gone.'));
      return;
    }
    this.#callOffParking = this.#parts.clock.after(bounds.RESUME_MS_MAX, () => this.giveUp());
  }

  /** Ends a session whose client did not come back. */
  giveUp(): void {
    this.#end(new AppError('peer_lost', 'The client did not come back.'));
  }

  /** Throws audio_corrupt, rate_limited, invalid_option. */
  binary(data: Uint8Array): void {
    if (this.#handBack !== undefined) return;
    if (this.#inputEnded) throw new AppError('invalid_option', 'Audio came after end.');
    this.#receivedBytes += data.length;
    this.#intake.bytes(data);
  }

  control(type: 'commit' | 'clear' | 'end'): void {
    if (this.#handBack !== undefined) return;
    if (this.#inputEnded) throw new AppError('invalid_option', `${type} came after end.`, { param: 'type' });
    if (type !== 'end') {
      this.#intake.mark(type);
      return;
    }
    this.#inputEnded = true;
    this.#intake.finish();
  }

  /** As if the client had said `end` here: what came is heard to its end, what comes is not taken, and then `error` is told. */
  finish(error: AppError): void {
    if (this.#inputEnded) return;
    this.#handBack = error;
    this.#inputEnded = true;
    this.#intake.finish();
  }

  /** Sends what the connection has room for. */
  flush(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    while (connection.isOpen && !connection.congested) {
      const next = this.#log.after(this.#sentSeq);
      if (next === undefined) {
        if (this.#failure !== undefined) connection.fail(this.#failure);
        else if (this.#done) connection.close(NORMAL, 'end');
        return;
      }
      this.#sentSeq = next.seq;
      connection.send(next.text);
    }
    if (connection.isOpen && !this.#log.holdsAfter(this.#sentSeq)) {
      connection.fail(new AppError('overloaded', 'Events are read so slowly that some had to be dropped.'));
    }
  }

  /** Ends the session by an error, which the client is told: now, or when it comes back in time. */
  fail(error: AppError): void {
    if (this.#done || this.#failure !== undefined) return;
    this.#failure = error;
    this.#intake.abort(error);
    this.#abort.abort(error);
    this.flush();
  }

  /** Ends the session because its key does not let it in any more; nobody may come back for it, or reads on what waits. */
  revoke(error: AppError): void {
    if (this.#connection?.isOpen) this.#connection.fail(error);
    else this.#end(error);
  }

  async #run(): Promise<void> {
    try {
      const { source } = this.#parts;
      const { signal } = this.#abort;
      for await (const event of source.listen(this.#intake.queue, this.#start.request, { signal })) this.#take(event);
      if (this.#failure !== undefined) return;
      if (this.#handBack !== undefined) throw this.#handBack;
      this.#emit('end', { utterances: this.#utterancesEnded, audioS: this.#intake.queue.pushedS });
      this.#done = true;
      this.flush();
    } catch (error) {
      this.fail(AppError.from(error));
    }
  }

  #take(event: LiveEvent): void {
    this.#timing.take(event);
    switch (event.kind) {
      case 'speech-start': {
        const { utterance, startS } = event;
        this.#utterances.set(utterance, { startS, endS: startS, revision: 0, language: undefined });
        this.#emit('speech_start', { utterance, startS });
        break;
      }
      case 'speech-end': {
        const { utterance, endS } = event;
        this.#utterance(utterance).endS = endS;
        this.#emit('speech_end', { utterance, endS });
        break;
      }
      case 'partial':
        this.#takePartial(event);
        break;
      case 'final':
        this.#takeFinal(event);
        break;
      case 'cleared':
        if (event.utterance !== null) this.#utterances.delete(event.utterance);
        this.#emit('cleared', { utterance: event.utterance });
        break;
      case 'commit-empty':
        this.#warn('commit_empty', 'There was nothing to commit.');
        break;
      case 'lag':
        this.#emit('lag', { lagMs: Math.round(event.lagMs) }, { key: 'lag', replaces: 'lag' });
        break;
      case 'shed':
        this.#warn(`shed_${event.what}`, SHED[event.what]);
        break;
    }
  }

  #takePartial({ utterance, stage, committed, pending, heardS, words }: LivePartial): void {
    const known = this.#utterance(utterance);
    known.endS = heardS;
    this.#hypothesis(utterance, known, {
      stage,
      final: false,
      text: committed + pending,
      committed: committed.length,
      ...(words !== undefined && this.#start.wants.words ? { words: wordsValue([{ words }]) } : {}),
    });
  }

  #takeFinal(final: LiveFinal): void {
    const { utterance, stage, text, committed, result, language, degraded } = final;
    const { words, alternatives, provenance } = this.#start.wants;
    const known = this.#utterance(utterance);
    known.language = language;
    const closes = stage !== 'recognized';
    this.#hypothesis(utterance, known, {
      stage,
      final: true,
      text,
      committed: closes ? text.length : committed.length,
      ...(words ? { words: wordsValue(result.segments) } : {}),
      ...(alternatives || provenance ? { alternatives: result.hypotheses.map(alternative) } : {}),
      ...(provenance ? { changes: result.changes } : {}),
      ...(degraded ? { degraded } : {}),
    });
    if (!closes) return;
    this.#utterances.delete(utterance);
    this.#utterancesEnded++;
  }

  #hypothesis(
    utterance: number,
    known: Utterance,
    fields: { readonly final: boolean } & Record<string, unknown>,
  ): void {
    const { startS, endS, language } = known;
    const key = `hypothesis ${utterance}`;
    this.#emit(
      'hypothesis',
      {
        utterance,
        revision: known.revision++,
        ...fields,
        startS,
        endS,
        ...(language === undefined ? {} : { language }),
      },
      // Finals stay: each stage is told. A running text makes way for whatever is newer.
      { key: fields.final ? null : key, replaces: key },
    );
  }

  #utterance(utterance: number): Utterance {
    const known = this.#utterances.get(utterance);
    if (known === undefined) throw new Error(`utterance ${utterance} has not begun, or is over`);
    return known;
  }

  #warn(code: string, message: string): void {
    this.#emit('warning', { code, message });
  }

  #readyFields(resumed: boolean): Record<string, unknown> {
    const { facts, name } = this.#parts;
    const { recognizer, llm, device, providers } = facts();
    return {
      session: name,
      ...(this.#start.id === null ? {} : { id: this.#start.id }),
      resumed,
      resumeToken: this.resumeToken,
      sampleRateHz: 16_000,
      ...this.#takenFields(),
      models: {
        recognizer,
        llm,
        device,
        ...(providers && { providers: { recognizer: providers.recognizer, llm: providers.llm } }),
      },
      limits: {
        messageBytes: bounds.STREAM_MESSAGE_BYTES_MAX,
        idleMs: bounds.IDLE_MS_MAX,
        sessionMs: bounds.SESSION_MS_MAX,
        resumeMs: bounds.RESUME_MS_MAX,
      },
    };
  }

  #takenFields(): Record<string, number> {
    return { audioReceivedBytes: this.#receivedBytes, audioReceivedS: this.#intake.queue.pushedS };
  }

  #emit(
    type: string,
    fields: Record<string, unknown>,
    keys: { readonly key: string | null; readonly replaces: string | null } = { key: null, replaces: null },
  ): void {
    if (this.#isOver) return;
    this.#seq++;
    this.#log.push(this.#seq, this.#json(type, this.#seq, fields), keys);
    this.flush();
  }

  #json(type: string, seq: number, fields: Record<string, unknown>): string {
    const t = Math.round(this.#parts.clock.nowMs() - this.#startedMs);
    return JSON.stringify({ type, seq, t, ...fields });
  }

  /** An error on its way out: after the last event. */
  tell(error: AppError): string {
    this.#seq++;
    // Whoever goes on elsewhere wants to know from where; what was cut off was not heard to there.
    const taken = error === this.#handBack ? this.#takenFields() : {};
    return this.#json('error', this.#seq, { ...toldError(error), ...taken });
  }

  #full(isFull: boolean): void {
    this.#isFull = isFull;
    if (isFull) this.#connection?.hold();
    else this.#connection?.release();
  }

  #end(error: AppError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#callOffParking?.();
    this.#callOffSession();
    this.#intake.abort(error);
    this.#abort.abort(error);
    this.#parts.record.release();
    this.#parts.over();
  }
}

const SHED = {
  partials: 'The machine is too slow at present: hypotheses of running speech are left out.',
  fusion: 'The machine is too slow at present: texts are the recognizer’s alone.',
  nothing: 'The machine keeps up again.',
} as const;

function alternative({ text, recognizerLogProb, fused }: LiveFinal['result']['hypotheses'][number]) {
  return { text: text.trim(), recognizerLogProb, ...(fused === undefined ? {} : { llmLogProb: fused.llmLogProb }) };
}
