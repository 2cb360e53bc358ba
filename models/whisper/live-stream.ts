import { AppError } from '../core/app-error.ts';
import {
  LIVE_FINALS_PENDING_MAX,
  LIVE_LAG_END_MS,
  LIVE_LAG_FUSION_MS,
  LIVE_LAG_PARTIALS_MS,
  SAMPLE_RATE_HZ,
} from '../core/limits.ts';
import type { CommitPolicies, ListenOptions, LiveEvent, LiveFinal, LiveInput } from '../core/live.ts';
import type { RecognizerSummary } from '../core/recognizer.ts';
import type { UnitSearch } from '../core/stepwise.ts';
import type { Warning } from '../core/transcript.ts';
import type { SpeechEvent, SpeechSpan } from '../vad/speech-segments.ts';
import type { Turns } from '../vad/turns.ts';
import type { EncodedWindow, WindowMel } from './encoder.ts';
import { type DetectedLanguage, detectLanguage } from './language.ts';
import { LiveContext } from './live-context.ts';
import { LiveEvents } from './live-events.ts';
import type { LiveSeat } from './live-load.ts';
import { livePass } from './live-pass.ts';
import { LiveTimeline } from './live-timeline.ts';
import { LiveUtterance } from './live-utterance.ts';
import type { MelSpectrogram } from './mel.ts';
import { plainBeam } from './plain-beam.ts';
import { promptTokens, stepsMaxAfter } from './prompt.ts';
import { SampleBuffer } from './sample-buffer.ts';
import type { ScriptConverter } from './script.ts';
import {
  type DecodedWindow,
  type DecoderParts,
  type DecodeTimings,
  decodeWindow,
  encodeWindow,
  type ForcedPrefix,
  isSilent,
} from './window-decode.ts';
import { tokenTimes } from './word-timing.ts';

export interface LiveStreamParts {
  readonly decoder: DecoderParts;
  readonly mel: MelSpectrogram;
  readonly turns: Turns;
  readonly policies: CommitPolicies;
  readonly seat: LiveSeat;
  readonly convert: ScriptConverter;
  /** `audio`: time is that of the audio, and the input waits for every pass, so that events do not depend on the machine. */
  readonly pace: 'real-time' | 'audio';
}

/** Samples are taken in steps of a voice detector's window, so that cutting the stream otherwise changes nothing. */
const STEP_SAMPLES = 512;
/** Audio of an utterance before its first partial, its padding included: about half a second of speech. */
const FIRST_PARTIAL_MS = 800;
/** A guess of the language is taken for good from this probability on, or once so much was heard. */
const LANGUAGE_SURE = 0.8;
const LANGUAGE_HEARD_S = 3;
/** Tokens that so much speech can have at most, for passes: a loop costs no more than this. */
const TOKENS_PER_SECOND_MAX = 12;
const TOKENS_MIN = 16;
/** A change of lag worth an event. */
const LAG_STEP_MS = 300;

/** Work on the recognized final of a span, begun before the span was certain to end. */
interface EarlyFinal {
  readonly span: SpeechSpan;
  readonly abort: AbortController;
  readonly done: Promise<Recognized>;
}

interface Recognized {
  readonly mel: WindowMel;
  readonly prompt: readonly number[];
  readonly prefix: ForcedPrefix;
  readonly language: string;
  readonly decoded: DecodedWindow;
}

/** One live stream at the recognizer. */
export class LiveStream {
  readonly #parts: LiveStreamParts;
  readonly #options: ListenOptions;
  readonly #search: UnitSearch;
  readonly #signal: AbortSignal;
  readonly #abort = new AbortController();
  readonly #events = new LiveEvents();
  readonly #buffer = new SampleBuffer();
  readonly #timeline: LiveTimeline;
  readonly #context: LiveContext;
  readonly #timings: DecodeTimings = { encodeMs: 0, recognizeMs: 0 };
  readonly #warnings: Warning[] = [];
  #language: DetectedLanguage | null;
  #guess: DetectedLanguage | null = null;
  #open: LiveUtterance | null = null;
  #utterances = 0;
  #units = 0;
  /** One past the last sample that a partial of the open utterance was made from. */
  #passEnd = 0;
  #passing: Promise<void> | null = null;
  #early: EarlyFinal | null = null;
  /** Utterances whose recognized final is not out. */
  #pending = new Set<LiveUtterance>();
  #recognized: Promise<void> = Promise.resolve();
  #fused: Promise<void> = Promise.resolve();
  #shed: 'partials' | 'fusion' | 'nothing' = 'nothing';
  #lagTold = 0;

  constructor(parts: LiveStreamParts, options: ListenOptions, search: UnitSearch, signal: AbortSignal) {
    this.#parts = parts;
    this.#options = options;
    this.#search = search;
    this.#signal = AbortSignal.any([signal, this.#abort.signal]);
    this.#timeline = new LiveTimeline(parts.pace);
    this.#context = new LiveContext(parts.decoder.tokens, options);
    this.#language = options.language === 'auto' ? null : { language: options.language, probability: 1 };
  }

  /** Throws what the input throws, the signal's reason, and what passes throw; frees all work on an early return. */
  async *run(input: AsyncIterable<LiveInput>): AsyncGenerator<LiveEvent, RecognizerSummary> {
    const onAbort = () => this.#events.fail(this.#signal.reason);
    this.#signal.addEventListener('abort', onAbort);
    if (this.#signal.aborted) onAbort();
    const source = input[Symbol.asyncIterator]();
    let ended = false;
    const pumped = this.#pump({ [Symbol.asyncIterator]: () => source }).then(
      () => {
        ended = true;
        this.#events.finish();
      },
      (error: unknown) => this.#fail(error),
    );
    try {
      yield* this.#events;
      return this.#summary();
    } finally {
      this.#signal.removeEventListener('abort', onAbort);
      this.#abort.abort(new AppError('canceled', 'The live stream is over.'));
      if (!ended) void Promise.resolve(source.return?.()).catch(() => undefined);
      // What runs sees the signal at its next step; the seat is free once it has.
      await Promise.allSettled([this.#passing, this.#early?.done, this.#recognized, this.#fused]);
      void pumped;
    }
  }

  #fail(error: unknown): void {
    this.#events.fail(error);
    this.#abort.abort(error);
  }

  #summary(): RecognizerSummary {
    const language = this.#language ?? this.#guess;
    return {
      task: this.#options.task,
      language: language?.language ?? 'und',
      languageProbability: language?.probability ?? 0,
      duration: this.#buffer.end / SAMPLE_RATE_HZ,
      warnings: this.#warnings,
      timings: this.#timings,
    };
  }

  async #pump(input: AsyncIterable<LiveInput>): Promise<void> {
    const { turns } = this.#parts;
    for await (const item of input) {
      this.#signal.throwIfAborted();
      if (item === 'commit') await this.#commit();
      else if (item === 'clear') await this.#clear();
      else await this.#hear(item);
    }
    for (const event of await turns.end()) this.#turn(event);
    this.#close();
    await this.#idle();
    await this.#fused;
  }

  async #hear(samples: Float32Array): Promise<void> {
    for (let from = 0; from < samples.length; ) {
      const room = STEP_SAMPLES - (this.#buffer.end % STEP_SAMPLES);
      const piece = samples.subarray(from, from + room);
      from += piece.length;
      this.#buffer.append(piece);
      this.#timeline.arrived(this.#buffer.end);
      for (const event of await this.#parts.turns.push(piece)) this.#turn(event);
      this.#advance();
      if (this.#parts.pace === 'audio') await this.#idle();
      while (this.#pending.size >= LIVE_FINALS_PENDING_MAX) await this.#recognized;
      this.#signal.throwIfAborted();
      this.#forget();
    }
  }

  async #commit(): Promise<void> {
    const events = await this.#parts.turns.commit();
    if (events.length === 0) this.#events.push({ kind: 'commit-empty', atS: this.#buffer.end / SAMPLE_RATE_HZ });
    for (const event of events) this.#turn(event);
    if (this.#parts.pace === 'audio') await this.#idle();
  }

  async #clear(): Promise<void> {
    await this.#parts.turns.clear();
    const utterance = this.#open?.index ?? null;
    this.#close();
    this.#events.push({ kind: 'cleared', utterance, atS: this.#buffer.end / SAMPLE_RATE_HZ });
  }

  /** Waits until nothing is under way that an event may come of, fused finals apart unless time is the audio's. */
  async #idle(): Promise<void> {
    await this.#passing;
    await this.#early?.done.catch(() => undefined);
    await this.#recognized;
    if (this.#parts.pace === 'audio') await this.#fused;
  }

  #turn(event: SpeechEvent): void {
    if (event.kind === 'start') {
      const { decoder, convert, policies } = this.#parts;
      const context = { tokens: decoder.tokens, options: this.#options, convert };
      this.#open = new LiveUtterance(this.#utterances++, event.start, policies(this.#options), context);
      this.#passEnd = event.start;
      this.#parts.seat.talking = true;
      const startS = event.start / SAMPLE_RATE_HZ;
      this.#events.push({ kind: 'speech-start', utterance: this.#open.index, startS });
      return;
    }
    const utterance = this.#open!;
    const early = this.#early?.span.end === event.end ? this.#early : null;
    if (early !== null) this.#early = null;
    const heard = this.#parts.turns.heard || utterance.committedText !== '';
    this.#close();
    this.#events.push({ kind: 'speech-end', utterance: utterance.index, endS: event.end / SAMPLE_RATE_HZ });
    this.#finish(utterance, event.end, early, heard);
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
    const ending = turns.ending;
    if (ending !== null && ending.end <= this.#buffer.end) {
      if (this.#early?.span.end !== ending.end) this.#beginEarly(utterance, ending);
      return;
    }
    this.#dropEarly();
    const { partialIntervalMs } = this.#options;
    if (this.#passing !== null || partialIntervalMs === 0 || !turns.heard) return;
    const heardMs = samplesMs(this.#buffer.end - utterance.start);
    const newMs = samplesMs(this.#buffer.end - this.#passEnd);
    const first = this.#passEnd === utterance.start;
    if (first ? heardMs < FIRST_PARTIAL_MS : newMs < seat.intervalMs(partialIntervalMs)) return;
    if (this.#shed !== 'nothing') {
      // Nothing waits any more: the recognizer has caught up.
      if (!seat.idle || this.#pending.size > 0) return;
      this.#noteLag(0);
    }
    this.#passing = this.#partial(utterance)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#passing = null;
      });
  }

  async #partial(utterance: LiveUtterance): Promise<void> {
    const { seat } = this.#parts;
    await seat.run('partial', async () => {
      // The newest audio, not that of the time when the pass was asked for.
      if (this.#open !== utterance || this.#early !== null || this.#signal.aborted) return;
      const started = performance.now();
      const end = this.#buffer.end;
      this.#passEnd = end;
      const { mel, encoded } = await this.#encode(utterance.start, end);
      const language = await this.#languageOf(encoded, samplesMs(end - utterance.start) / 1000);
      const prompt = this.#promptFor(language);
      const { prefix, draft } = utterance;
      const pass = await livePass(this.#parts.decoder, {
        encoded,
        prompt,
        prefix,
        draft,
        tokensMax: this.#tokensMax(mel, prompt, prefix),
        signal: this.#signal,
      });
      this.#timings.recognizeMs += performance.now() - started;
      if (this.#parts.pace === 'real-time') seat.notePass(performance.now() - started);
      if (this.#open !== utterance) return;
      const partial = utterance.take(pass, end, language, this.#language !== null);
      if (partial !== null) this.#events.push(partial);
      this.#noteLag(this.#timeline.lagMs(end));
    });
  }

  #beginEarly(utterance: LiveUtterance, span: SpeechSpan): void {
    this.#dropEarly();
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, this.#signal]);
    const done = this.#recognize(utterance, span.end, signal);
    // Speech may go on: then nobody asks for it.
    done.catch(() => undefined);
    this.#early = { span, abort, done };
  }

  /** The recognized final's search. Runs in the recognizer's turn. */
  #recognize(utterance: LiveUtterance, end: number, signal: AbortSignal): Promise<Recognized> {
    const { beams, nBest } = this.#options;
    return this.#parts.seat.run('final', async () => {
      signal.throwIfAborted();
      const { mel, encoded } = await this.#encode(utterance.start, end);
      const language = await this.#languageOf(encoded, Number.POSITIVE_INFINITY);
      const prompt = this.#promptFor(language);
      const prefix = utterance.prefix;
      const search = plainBeam({ beams, nBest });
      const decoded = await this.#decode(utterance, end, { mel, encoded, prompt, prefix, language, search, signal });
      return { mel, prompt, prefix, language, decoded };
    });
  }

  #finish(utterance: LiveUtterance, end: number, early: EarlyFinal | null, heard: boolean): void {
    this.#pending.add(utterance);
    const busyBefore = this.#busyMs;
    const work = heard ? (early?.done ?? this.#recognize(utterance, end, this.#signal)) : Promise.resolve(null);
    work.catch(() => undefined);
    this.#recognized = this.#recognized
      .then(async () => {
        const recognized = await work;
        const final =
          recognized === null
            ? this.#silentFinal(utterance)
            : await this.#finalOf(utterance, end, recognized, 'recognized');
        this.#events.push(final);
        this.#pending.delete(utterance);
        if (recognized !== null) this.#context.remember(utterance.index, recognized.decoded, final.text);
        this.#noteLag(this.#timeline.lagMs(end));
        const fused = this.#fused.then(() => this.#fuse(utterance, end, recognized, final));
        this.#fused = fused.then(() => {
          this.#parts.seat.noteCost(samplesMs(end - utterance.start), this.#busyMs - busyBefore);
        });
        this.#fused.catch((error: unknown) => this.#fail(error));
      })
      .catch((error: unknown) => {
        this.#fail(error);
        throw error;
      });
    this.#recognized.catch(() => undefined);
  }

  get #busyMs(): number {
    return this.#timings.encodeMs + this.#timings.recognizeMs;
  }

  /** The fused final: the same search space, the same beginning, the language model beside it. */
  async #fuse(utterance: LiveUtterance, end: number, recognized: Recognized | null, plain: LiveFinal): Promise<void> {
    const { llmWeight } = this.#options;
    if (recognized === null || llmWeight === 0 || plain.result.segments.length === 0) {
      this.#events.push({ ...plain, stage: 'fused' });
      return;
    }
    if (this.#shed === 'fusion') {
      this.#events.push({ ...plain, stage: 'fused', degraded: true });
      return;
    }
    const { mel, prompt, prefix, language } = recognized;
    let degraded = false;
    const search: UnitSearch = async (source, signal) => {
      const outcome = await this.#search(source, signal);
      degraded ||= outcome.warnings?.some(({ code }) => code === 'llm_unavailable') ?? false;
      return outcome;
    };
    let final: LiveFinal;
    try {
      const { encoded } = recognized.decoded;
      const request = { mel, encoded, prompt, prefix, language, search, signal: this.#signal };
      const decoded = await this.#decode(utterance, end, request);
      final = await this.#finalOf(utterance, end, { ...recognized, decoded }, 'fused');
      this.#context.remember(utterance.index, decoded, final.text);
      if (degraded) final = { ...final, degraded: true };
    } catch (error) {
      this.#signal.throwIfAborted();
      const { message } = AppError.from(error);
      this.#warn({ code: 'llm_unavailable', message: `Finals are the recognizer's alone: ${message}` });
      final = { ...plain, stage: 'fused', degraded: true };
    }
    this.#events.push(final);
  }

  #decode(
    utterance: LiveUtterance,
    end: number,
    request: {
      readonly mel: WindowMel;
      readonly encoded: EncodedWindow;
      readonly prompt: readonly number[];
      readonly prefix: ForcedPrefix;
      readonly language: string;
      readonly search: UnitSearch;
      readonly signal: AbortSignal;
    },
  ): Promise<DecodedWindow> {
    const { decoder } = this.#parts;
    const { language, ...rest } = request;
    const unit = {
      language,
      startMs: Math.round(samplesMs(utterance.start)),
      endMs: Math.round(samplesMs(end)),
      stepsMax: stepsMaxAfter(request.prompt.length + request.prefix.tokens.length, decoder.model.dims.textCtx),
      // The language model goes on from what is committed.
      previousText: this.#context.textBefore(utterance.index) + decoder.tokens.decode(request.prefix.tokens),
    };
    const nextIndex = () => this.#units++;
    const options = this.#options;
    return decodeWindow(decoder, { ...rest, timestamps: false, unit, nextIndex, options }, this.#timings);
  }

  async #finalOf(
    utterance: LiveUtterance,
    end: number,
    { decoded, language }: Recognized,
    stage: 'recognized' | 'fused',
  ): Promise<LiveFinal> {
    const silent = isSilent(decoded, this.#options);
    const text = decoded.hypothesis.tokens;
    const timed = this.#options.timestamps === 'word' && !silent && text.length > 0;
    const times = timed ? await this.#times(decoded, language) : null;
    for (const warning of decoded.outcome.warnings ?? []) this.#warn(warning);
    return {
      kind: 'final',
      utterance: utterance.index,
      stage,
      committed: utterance.committedText,
      language,
      ...utterance.result(decoded, silent, end, times, language),
    };
  }

  async #times({ encoded, hypothesis }: DecodedWindow, language: string): Promise<Float64Array> {
    const { decoder, tokens } = this.#parts.decoder;
    const tree = decoder.tree(encoded);
    const started = performance.now();
    try {
      const frames = { kept: encoded.frames, real: encoded.realFrames };
      return await tokenTimes(tree, tokens, frames, language, this.#options.task, hypothesis.tokens);
    } finally {
      this.#timings.recognizeMs += performance.now() - started;
      tree.dispose();
    }
  }

  #silentFinal(utterance: LiveUtterance): LiveFinal {
    const result = { segments: [], hypotheses: [], changes: [], stats: NO_STATS };
    const language = (this.#language ?? this.#guess)?.language ?? 'und';
    const { index } = utterance;
    return { kind: 'final', utterance: index, stage: 'recognized', text: '', committed: '', result, language };
  }

  async #encode(start: number, end: number): Promise<{ readonly mel: WindowMel; readonly encoded: EncodedWindow }> {
    const { decoder, mel: spectrogram } = this.#parts;
    const frames = 2 * decoder.model.dims.audioCtx;
    const { mel, realFrames } = spectrogram.logMel(this.#buffer.slice(start, end), { frames });
    const window = { mel, frames, realFrames };
    return { mel: window, encoded: await encodeWindow(decoder, window, this.#options.exact, this.#timings) };
  }

  /** What was asked for, what the stream is known to be in, or a guess that may still change. */
  async #languageOf(encoded: EncodedWindow, heardS: number): Promise<string> {
    if (this.#language !== null) return this.#language.language;
    const { tokens, decoder } = this.#parts.decoder;
    let guess: DetectedLanguage = { language: 'en', probability: 1 };
    if (tokens.multilingual) {
      const tree = decoder.tree(encoded);
      try {
        guess = await detectLanguage(tree, tokens);
      } finally {
        tree.dispose();
      }
    }
    this.#guess = guess;
    if (guess.probability >= LANGUAGE_SURE || heardS >= LANGUAGE_HEARD_S) this.#language = guess;
    return guess.language;
  }

  #promptFor(language: string): number[] {
    const { model, tokens } = this.#parts.decoder;
    return promptTokens(tokens, {
      hotwords: this.#options.hotwords,
      previous: this.#context.tokensBefore(),
      opening: tokens.openingOf(language, this.#options.task, false),
      textCtx: model.dims.textCtx,
    });
  }

  #tokensMax({ realFrames }: WindowMel, prompt: readonly number[], prefix: ForcedPrefix): number {
    const { textCtx } = this.#parts.decoder.model.dims;
    const spoken = TOKENS_MIN + (realFrames / 100) * TOKENS_PER_SECOND_MAX;
    const room = stepsMaxAfter(prompt.length + prefix.tokens.length, textCtx);
    return Math.min(Math.ceil(spoken), prefix.tokens.length + room);
  }

  #noteLag(lagMs: number): void {
    this.#parts.seat.noteLag(lagMs);
    if (lagMs > LIVE_LAG_END_MS) {
      throw new AppError('overloaded', `The stream lags ${Math.round(lagMs)} ms behind its audio; it ends here.`);
    }
    const shed =
      lagMs > LIVE_LAG_FUSION_MS
        ? 'fusion'
        : lagMs > LIVE_LAG_PARTIALS_MS || (this.#shed !== 'nothing' && lagMs > LIVE_LAG_PARTIALS_MS / 2)
          ? 'partials'
          : 'nothing';
    if (Math.abs(lagMs - this.#lagTold) >= LAG_STEP_MS || shed !== this.#shed) {
      this.#lagTold = lagMs;
      this.#events.push({ kind: 'lag', lagMs: Math.round(lagMs) });
    }
    if (shed !== this.#shed) this.#events.push({ kind: 'shed', what: shed, lagMs: Math.round(lagMs) });
    this.#shed = shed;
  }

  #warn(warning: Warning): void {
    if (!this.#warnings.some(({ code }) => code === warning.code)) this.#warnings.push(warning);
  }

  /** Audio that neither an open utterance nor a final needs; the padding before speech that may come is kept. */
  #forget(): void {
    const paddingMs = (this.#options.turnDetection?.prefixPaddingMs ?? 0) + CERTAIN_MS;
    const starts = [...this.#pending].map(({ start }) => start);
    const keep = Math.min(
      this.#open?.start ?? Number.POSITIVE_INFINITY,
      this.#buffer.end - (paddingMs * SAMPLE_RATE_HZ) / 1000,
      ...starts,
    );
    if (keep > this.#buffer.start + FORGET_SAMPLES) this.#buffer.dropBefore(Math.floor(keep));
    this.#timeline.forget(this.#buffer.start);
  }
}

/** Speech begins in the past: it must last to be certain, and the detector's windows have a length. */
const CERTAIN_MS = 500;
/** Dropping moves what is kept, so it waits until it is worth that. */
const FORGET_SAMPLES = 2 * SAMPLE_RATE_HZ;

const NO_STATS = { steps: 0, llmRows: 0, llmRowsEager: 0, llmRowsFloor: 0, llmCalls: 0, llmMs: 0 };

function samplesMs(samples: number): number {
  return (samples * 1000) / SAMPLE_RATE_HZ;
}
