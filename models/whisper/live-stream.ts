import { AppError } from '../core/app-error.ts';
import { LIVE_FINALS_PENDING_MAX, SAMPLE_RATE_HZ } from '../core/limits.ts';
import {
  type CommitPolicies,
  type CommittedText,
  type ListenOptions,
  type LiveEvent,
  type LiveFinal,
  type LiveInput,
  LLM_UNAVAILABLE,
} from '../core/live.ts';
import type { RecognizerSummary } from '../core/recognizer.ts';
import { ReplayedUtterances } from '../core/replayed-utterances.ts';
import type { UnitSearch } from '../core/stepwise.ts';
import type { Warning } from '../core/transcript.ts';
import type { SpeechSpan } from '../vad/speech-segments.ts';
import type { TurnEnd, TurnEvent, Turns } from '../vad/turns.ts';
import { committedBeginning } from './committed-beginning.ts';
import { type HeardText, heardAlone } from './heard-text.ts';
import { LiveContext } from './live-context.ts';
import { LiveEvents } from './live-events.ts';
import { LiveInbox, WAITING_SAMPLES_MAX } from './live-inbox.ts';
import { LiveLag } from './live-lag.ts';
import type { LiveSeat } from './live-load.ts';
import { type HeardPass, LivePasses, type Recognized, type Stretch } from './live-passes.ts';
import { LiveUtterance } from './live-utterance.ts';
import type { MelSpectrogram } from './mel.ts';
import { SampleBuffer } from './sample-buffer.ts';
import type { ScriptConverter } from './script.ts';
import { type DecoderParts, isSilent } from './window-decode.ts';

export interface LiveStreamParts {
  readonly decoder: DecoderParts;
  readonly mel: MelSpectrogram;
  readonly turns: Turns;
  readonly policies: CommitPolicies;
  readonly seat: LiveSeat;
  readonly convert: ScriptConverter;
  /** Null: time is that of the audio, and the input waits for every pass, so that events do not depend on the machine. */
  readonly nowMs: (() => number) | null;
}

/**
 * On the audio's clock samples are taken in steps of a voice detector's window, so that cutting the stream otherwise changes
 * nothing. In real time all that are here are taken together, up to half a second: each step waits for its turn between the
 * passes.
 */
const STEP_SAMPLES = 512;
const HEARD_AT_ONCE_SAMPLES = SAMPLE_RATE_HZ / 2;
/** Audio of an utterance before its first partial, its padding included: about half a second of speech. */
const FIRST_PARTIAL_MS = 800;
/** What a partial may wait for the language model. */
const LIGHT_MS_MAX = 400;
/** Partials that were left out come back no sooner: a machine on which one pass is too slow must not try all the time. */
const RESUME_SAMPLES = 2 * SAMPLE_RATE_HZ;
/** Dropping audio moves what is kept, so it waits until it is worth that. */
const FORGET_SAMPLES = 2 * SAMPLE_RATE_HZ;

/** Work on the recognized final of a span, begun before the span was certain to end. */
interface EarlyFinal {
  readonly span: SpeechSpan;
  readonly abort: AbortController;
  readonly done: Promise<Recognized>;
}

/**
 * One live stream at the recognizer. Audio is taken as it comes; beside it run at most one partial pass over the utterance
 * that is open, and the finals of those that have ended, in their order. Once a pause is long enough for its utterance's
 * span to be certain *if* it goes on, the recognized final is begun: it is out as soon as the pause is.
 */
export class LiveStream {
  readonly #parts: LiveStreamParts;
  readonly #options: ListenOptions;
  readonly #search: UnitSearch;
  readonly #signal: AbortSignal;
  readonly #abort = new AbortController();
  readonly #events = new LiveEvents();
  readonly #buffer = new SampleBuffer();
  readonly #lag: LiveLag;
  readonly #context: LiveContext;
  readonly #passes: LivePasses;
  readonly #replayed: ReplayedUtterances<CommittedText>;
  readonly #warnings: Warning[] = [];
  #open: LiveUtterance | null = null;
  #utterances = 0;
  /** One past the last sample that a partial of the open utterance was made from. */
  #passEnd = 0;
  /** Sample at which something was left out, or taken up again, last. */
  #shedAt = 0;
  #passing: Promise<void> | null = null;
  #early: EarlyFinal | null = null;
  /** False once the language model took no part in a partial of the utterance that is open. */
  #light = true;
  /** Utterances whose recognized final is not out. */
  #pending = new Set<LiveUtterance>();
  /** Settled once the recognized, and the fused, finals of all ended utterances are out. */
  #recognized: Promise<void> = Promise.resolve();
  #fused: Promise<void> = Promise.resolve();

  constructor(parts: LiveStreamParts, options: ListenOptions, search: UnitSearch, signal: AbortSignal) {
    this.#parts = parts;
    this.#options = options;
    this.#search = search;
    this.#signal = AbortSignal.any([signal, this.#abort.signal]);
    this.#lag = new LiveLag(parts.nowMs);
    this.#context = new LiveContext(parts.decoder.tokens, options);
    this.#passes = new LivePasses(parts.decoder, parts.mel, options, this.#context);
    this.#replayed = new ReplayedUtterances(options.committed);
  }

  /** Throws what the input throws, the signal's reason, and what passes throw; frees all work on an early return. */
  async *run(input: AsyncIterable<LiveInput>): AsyncGenerator<LiveEvent, RecognizerSummary> {
    const onAbort = () => this.#events.fail(this.#signal.reason);
    this.#signal.addEventListener('abort', onAbort);
    if (this.#signal.aborted) onAbort();
    const source = input[Symbol.asyncIterator]();
    const waitingMax = this.#parts.nowMs === null ? 0 : WAITING_SAMPLES_MAX;
    const inbox = new LiveInbox(source, (position) => this.#lag.arrived(position), waitingMax);
    this.#pump(inbox).then(
      () => this.#events.finish(),
      (error: unknown) => this.#fail(error),
    );
    try {
      yield* this.#events;
      return this.#summary();
    } finally {
      this.#signal.removeEventListener('abort', onAbort);
      this.#abort.abort(new AppError('canceled', 'The live stream is over.'));
      // A source that waits (a microphone) is let go at once, not at its next chunk.
      if (!inbox.drained) void Promise.resolve(source.return?.()).catch(() => undefined);
      // What runs sees the signal at its next step.
      await Promise.allSettled([this.#passing, this.#early?.done, this.#recognized, this.#fused]);
    }
  }

  #fail(error: unknown): void {
    this.#events.fail(error);
    this.#abort.abort(error);
  }

  #summary(): RecognizerSummary {
    const { language, timings } = this.#passes;
    return {
      task: this.#options.task,
      language: language?.language ?? 'und',
      languageProbability: language?.probability ?? 0,
      duration: this.#buffer.end / SAMPLE_RATE_HZ,
      warnings: this.#warnings,
      timings,
    };
  }

  async #pump(inbox: LiveInbox): Promise<void> {
    for (let item = await inbox.take(); item !== null; item = await inbox.take()) {
      this.#signal.throwIfAborted();
      if (item === 'commit') await this.#commit();
      else if (item === 'clear') await this.#clear();
      else await this.#hear(item);
    }
    for (const event of await this.#parts.turns.end()) this.#turn(event);
    this.#close();
    await this.#recognized;
    await this.#fused;
    await this.#passing;
  }

  async #hear(samples: Float32Array): Promise<void> {
    const stepwise = this.#parts.nowMs === null;
    for (let from = 0; from < samples.length; ) {
      const room = stepwise ? STEP_SAMPLES - (this.#buffer.end % STEP_SAMPLES) : HEARD_AT_ONCE_SAMPLES;
      const piece = samples.subarray(from, from + room);
      from += piece.length;
      this.#buffer.append(piece);
      for (const event of await this.#parts.turns.push(piece)) this.#turn(event);
      if (!stepwise || this.#buffer.end % STEP_SAMPLES === 0) this.#advance();
      if (stepwise) await this.#idle();
      while (this.#pending.size >= LIVE_FINALS_PENDING_MAX) await this.#recognized;
      this.#signal.throwIfAborted();
      this.#forget();
    }
  }

  async #commit(): Promise<void> {
    const events = await this.#parts.turns.commit();
    if (events.length === 0) this.#events.push({ kind: 'commit-empty', atS: seconds(this.#buffer.end) });
    for (const event of events) this.#turn(event);
    if (this.#parts.nowMs === null) await this.#idle();
  }

  async #clear(): Promise<void> {
    await this.#parts.turns.clear();
    const utterance = this.#open?.index ?? null;
    this.#close();
    this.#events.push({ kind: 'cleared', utterance, atS: seconds(this.#buffer.end) });
  }

  /** Waits until nothing is under way that an event may come of. */
  async #idle(): Promise<void> {
    await this.#passing;
    await this.#early?.done.catch(() => undefined);
    await this.#recognized;
    await this.#fused;
  }

  #turn(event: TurnEvent): void {
    if (event.kind === 'start') {
      const { decoder, convert, policies, seat } = this.#parts;
      const context = { tokens: decoder.tokens, options: this.#options, convert };
      const known = this.#replayed.take(seconds(event.start)) ?? UNKNOWN;
      const given = committedBeginning(known.text, decoder.tokens, decoder.model);
      this.#open = new LiveUtterance(this.#utterances++, event.start, policies(this.#options), context, given);
      // Where less is heard than what the given text was made from, a pass would go on from words that are still to come.
      this.#passEnd = Math.max(event.start, Math.round(known.heardS * SAMPLE_RATE_HZ));
      this.#light = true;
      seat.talking = true;
      this.#events.push({ kind: 'speech-start', utterance: this.#open.index, startS: seconds(event.start) });
      return;
    }
    const utterance = this.#open!;
    const early = this.#early?.span.end === event.end ? this.#early : null;
    if (early !== null) this.#early = null;
    this.#close();
    this.#events.push({ kind: 'speech-end', utterance: utterance.index, endS: seconds(event.end) });
    this.#finish(utterance, event, early);
  }

  /** No utterance is open any more; what was begun early for it is dropped. */
  #close(): void {
    this.#open = null;
    this.#parts.seat.talking = false;
    this.#dropEarly();
  }

  #dropEarly(): void {
    this.#early?.abort.abort(new AppError('canceled', 'Speech went on.'));
    this.#early = null;
  }

  /** After each step of audio: begins what is due. */
  #advance(): void {
    const utterance = this.#open;
    if (utterance === null) return;
    const { turns, seat } = this.#parts;
    const { ending } = turns;
    if (ending !== null && ending.end <= this.#buffer.end) {
      if (this.#early?.span.end !== ending.end) this.#beginEarly(utterance, ending);
      return;
    }
    this.#dropEarly();
    const { partialIntervalMs } = this.#options;
    if (this.#passing !== null || partialIntervalMs === 0 || !turns.heard) return;
    const first = this.#passEnd === utterance.start;
    const newMs = 1000 * seconds(this.#buffer.end - this.#passEnd);
    if (newMs < (first ? FIRST_PARTIAL_MS : seat.intervalMs(partialIntervalMs))) return;
    if (this.#lag.shed !== 'nothing') {
      const caughtUp = seat.idle && this.#pending.size === 0;
      if (!caughtUp || this.#buffer.end - this.#shedAt < RESUME_SAMPLES) return;
      this.#noteLag(0);
    }
    this.#passing = this.#partial(utterance)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#passing = null;
      });
  }

  async #partial(utterance: LiveUtterance): Promise<void> {
    const { seat, nowMs } = this.#parts;
    const heard = await seat.run('partial', async () => {
      // The newest audio, not that of the time when the pass was asked for.
      if (this.#open !== utterance || this.#early !== null || this.#signal.aborted) return null;
      const started = performance.now();
      const first = this.#passEnd === utterance.start;
      const end = this.#buffer.end;
      this.#passEnd = end;
      const stretch = this.#stretch(utterance, end);
      const pass = await this.#passes.partial(stretch, utterance.prefix, utterance.draft, this.#signal);
      if (nowMs !== null) seat.notePass(performance.now() - started);
      return { pass, end, first };
    });
    if (heard === null) return;
    const { pass, end, first } = heard;
    // The first one is to be soon, and half a second of speech has no context yet.
    const text = (!first && this.#isLight ? await this.#fuseLightly(utterance, pass) : null) ?? heardAlone(pass.pass);
    // A final that was begun in the meantime begins with what was committed then.
    if (this.#open !== utterance || this.#early !== null) return;
    const partial = utterance.take(text, end, pass.language, this.#passes.languageKnown);
    if (partial !== null) this.#events.push(partial);
    this.#noteLag(this.#lag.lagMs(end));
  }

  /** True where a partial may have light fusion: nobody waits for the recognizer or for a fused final. */
  get #isLight(): boolean {
    const { lightFusion, llmWeight } = this.#options;
    return lightFusion && llmWeight !== 0 && this.#light && this.#lag.shed === 'nothing' && this.#parts.seat.isCalm;
  }

  /** Null where no language model took part: partials of the utterance go on without it. */
  async #fuseLightly(utterance: LiveUtterance, pass: HeardPass): Promise<HeardText | null> {
    let text: HeardText | null = null;
    const { seat, nowMs } = this.#parts;
    const cut = seat.beginLight();
    const timer = nowMs === null ? undefined : setTimeout(() => cut.abort(), LIGHT_MS_MAX);
    try {
      text = await this.#passes.refine(pass, this.#search, cut.signal, this.#signal);
    } catch {
      // The final tells why: it asks the same model.
      this.#signal.throwIfAborted();
    } finally {
      clearTimeout(timer);
      seat.endLight(cut);
    }
    if (text === null && this.#open === utterance) this.#light = false;
    return text;
  }

  #stretch({ index, start }: LiveUtterance, end: number): Stretch {
    return { utterance: index, start, samples: this.#buffer.slice(start, end) };
  }

  #beginEarly(utterance: LiveUtterance, span: SpeechSpan): void {
    this.#dropEarly();
    const abort = new AbortController();
    const done = this.#recognize(utterance, span.end, AbortSignal.any([abort.signal, this.#signal]));
    // Speech may go on: then nobody asks for it.
    done.catch(() => undefined);
    this.#early = { span, abort, done };
  }

  #recognize(utterance: LiveUtterance, end: number, signal: AbortSignal): Promise<Recognized> {
    return this.#parts.seat.run('final', async () => {
      signal.throwIfAborted();
      return this.#passes.recognize(this.#stretch(utterance, end), utterance.prefix, signal);
    });
  }

  /** The utterance has ended: its finals follow, after those of the utterances before it. */
  #finish(utterance: LiveUtterance, { end, heard }: TurnEnd, early: EarlyFinal | null): void {
    this.#pending.add(utterance);
    const spoken = heard || utterance.committedText !== '';
    const work = spoken ? (early?.done ?? this.#recognize(utterance, end, this.#signal)) : Promise.resolve(null);
    work.catch(() => undefined);
    const done = this.#recognized.then(async () => {
      const recognized = await work;
      const final = await this.#finalOf(utterance, end, recognized, 'recognized');
      this.#events.push(final);
      this.#pending.delete(utterance);
      if (recognized !== null) this.#context.remember(utterance.index, recognized.decoded, final.text);
      this.#noteLag(this.#lag.lagMs(end));
      this.#fused = this.#fused.then(async () => {
        const busyMs = await this.#fuse(utterance, end, recognized, final);
        this.#parts.seat.noteCost(1000 * seconds(end - utterance.start), busyMs);
      });
      this.#fused.catch((error: unknown) => this.#fail(error));
    });
    done.catch((error: unknown) => this.#fail(error));
    this.#recognized = done;
  }

  /**
   * The fused final: the same window and the same forced beginning, with the language model beside it. Returns what all
   * finals of the utterance took of the recognizer, in milliseconds.
   */
  async #fuse(utterance: LiveUtterance, end: number, recognized: Recognized | null, plain: LiveFinal): Promise<number> {
    if (recognized === null || this.#options.llmWeight === 0 || plain.text === '') {
      this.#events.push({ ...plain, stage: 'fused' });
      return recognized?.busyMs ?? 0;
    }
    if (this.#lag.shed === 'fusion') {
      this.#events.push({ ...plain, stage: 'fused', degraded: true });
      return recognized.busyMs;
    }
    let final: LiveFinal;
    let { busyMs } = recognized;
    const { seat } = this.#parts;
    seat.isFusing = true;
    try {
      const fused = await this.#passes.searchAgain(recognized, this.#search, this.#signal);
      busyMs = fused.busyMs;
      final = await this.#finalOf(utterance, end, fused, 'fused');
      this.#context.remember(utterance.index, fused.decoded, final.text);
    } catch (error) {
      this.#signal.throwIfAborted();
      const { message } = AppError.from(error);
      this.#warn({ code: LLM_UNAVAILABLE, message: `The text is the recognizer's alone: ${message}` });
      final = { ...plain, stage: 'fused', degraded: true };
    } finally {
      seat.isFusing = false;
    }
    this.#events.push(final);
    return busyMs;
  }

  /** `recognized` null: nobody was heard. */
  async #finalOf(
    utterance: LiveUtterance,
    end: number,
    recognized: Recognized | null,
    stage: 'recognized' | 'fused',
  ): Promise<LiveFinal> {
    const head = { kind: 'final', utterance: utterance.index, stage, committed: utterance.committedText } as const;
    if (recognized === null) {
      const language = this.#passes.language?.language ?? 'und';
      return { ...head, text: '', language, result: { segments: [], hypotheses: [], changes: [], stats: NO_STATS } };
    }
    const { decoded, language } = recognized;
    const silent = isSilent(decoded, this.#options);
    const timed = this.#options.timestamps === 'word' && !silent && decoded.hypothesis.tokens.length > 0;
    const times = timed ? await this.#passes.times(recognized) : null;
    const warnings = decoded.outcome.warnings ?? [];
    for (const warning of warnings) this.#warn(warning);
    const degraded = warnings.some(({ code }) => code === LLM_UNAVAILABLE);
    const { text, result } = utterance.result(decoded, silent, end, times, language);
    return { ...head, text, language, result, ...(degraded && { degraded }) };
  }

  #noteLag(lagMs: number): void {
    this.#parts.seat.noteLag(lagMs);
    for (const event of this.#lag.note(lagMs)) {
      if (event.kind === 'shed') this.#shedAt = this.#buffer.end;
      this.#events.push(event);
    }
  }

  #warn(warning: Warning): void {
    if (!this.#warnings.some(({ code }) => code === warning.code)) this.#warnings.push(warning);
  }

  /** Audio that no final needs, nor the utterance that runs or may have begun. */
  #forget(): void {
    const starts = [...this.#pending].map(({ start }) => start);
    const keep = Math.min(this.#parts.turns.from, ...starts);
    if (keep - this.#buffer.start >= FORGET_SAMPLES) this.#buffer.dropBefore(keep);
    this.#lag.forget(this.#buffer.start);
  }
}

/** An utterance that no process knew before. */
const UNKNOWN = { heardS: 0, text: '' } satisfies Partial<CommittedText>;

const NO_STATS = { steps: 0, llmRows: 0, llmRowsEager: 0, llmRowsFloor: 0, llmCalls: 0, llmMs: 0 };

function seconds(samples: number): number {
  return samples / SAMPLE_RATE_HZ;
}
