import { SAMPLE_RATE_HZ } from '../core/limits.ts';
import type { ListenOptions } from '../core/live.ts';
import type { UnitSearch } from '../core/stepwise.ts';
import { tokenLogProbs } from './committed-beginning.ts';
import type { EncodedWindow, WindowMel } from './encoder.ts';
import { type HeardText, heardAlone, heardTogether } from './heard-text.ts';
import { type DetectedLanguage, detectLanguage } from './language.ts';
import type { LiveContext } from './live-context.ts';
import { type LivePass, livePass, passRules } from './live-pass.ts';
import type { MelSpectrogram } from './mel.ts';
import { plainBeam } from './plain-beam.ts';
import { promptTokens, stepsMaxAfter } from './prompt.ts';
import {
  type DecodedWindow,
  type DecoderParts,
  type DecodeTimings,
  decodeWindow,
  encodeWindow,
  type ForcedPrefix,
} from './window-decode.ts';
import { WindowSource } from './window-source.ts';
import { tokenTimes } from './word-timing.ts';

/** A stretch of a stream. */
export interface Stretch {
  /** Number of its utterance. */
  readonly utterance: number;
  /** First sample, counted from the start of the stream. */
  readonly start: number;
  /** A view is enough: it is read before anything is waited for. */
  readonly samples: Float32Array;
}

/** A recognized utterance with all that a second search over it needs. */
export interface Recognized {
  readonly decoded: DecodedWindow;
  readonly language: string;
  readonly mel: WindowMel;
  readonly prompt: readonly number[];
  readonly prefix: ForcedPrefix;
  /** Milliseconds that the model was busy for it, all searches together. */
  readonly busyMs: number;
  readonly place: Place;
}

/** A pass with all that a search over it needs. */
export interface HeardPass {
  readonly pass: LivePass;
  readonly language: string;
  readonly encoded: EncodedWindow;
  readonly prompt: readonly number[];
  readonly prefix: ForcedPrefix;
  readonly place: Place;
}

interface Place {
  readonly utterance: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** A token this likely is not searched for again. */
const SURE = Math.log(0.9);
/** Beams of light fusion. */
const LIGHT_BEAMS = 3;
/** Tokens that it may find more than the pass did. */
const LIGHT_STEPS_MORE = 8;
/** A guess of the language is taken for good from this probability on, or once so much was heard. */
const LANGUAGE_SURE = 0.8;
const LANGUAGE_HEARD_S = 3;
/** Tokens that so much speech can have at most, for passes: a loop costs no more than this. */
const TOKENS_PER_SECOND_MAX = 12;
const TOKENS_MIN = 16;

/** What a live stream asks of the model: passes over what runs, and searches over what has ended. */
export class LivePasses {
  readonly timings: DecodeTimings = { encodeMs: 0, recognizeMs: 0 };
  readonly #parts: DecoderParts;
  readonly #mel: MelSpectrogram;
  readonly #options: ListenOptions;
  readonly #context: LiveContext;
  #language: DetectedLanguage | null;
  #guess: DetectedLanguage | null = null;
  #units = 0;

  constructor(parts: DecoderParts, mel: MelSpectrogram, options: ListenOptions, context: LiveContext) {
    this.#parts = parts;
    this.#mel = mel;
    this.#options = options;
    this.#context = context;
    this.#language = options.language === 'auto' ? null : { language: options.language, probability: 1 };
  }

  /** The language asked for or detected; before that the latest guess. */
  get language(): DetectedLanguage | null {
    return this.#language ?? this.#guess;
  }

  /** False while the language is a guess: text in the wrong one must not be committed. */
  get languageKnown(): boolean {
    return this.#language !== null;
  }

  /** A quick pass over an utterance that goes on. */
  async partial(
    stretch: Stretch,
    standing: ForcedPrefix,
    draft: readonly number[],
    signal: AbortSignal,
  ): Promise<HeardPass> {
    const { mel, encoded } = await this.#encode(stretch, this.timings);
    const language = await this.#languageOf(encoded, stretch.samples.length / SAMPLE_RATE_HZ);
    const prompt = this.#promptFor(language);
    const prefix = await this.#scored(standing, encoded, prompt, this.timings);
    const { textCtx } = this.#parts.model.dims;
    const spoken = Math.ceil(TOKENS_MIN + (mel.realFrames / 100) * TOKENS_PER_SECOND_MAX);
    const room = stepsMaxAfter(prompt.length + prefix.tokens.length, textCtx);
    const tokensMax = prefix.tokens.length + Math.min(spoken, room);
    const started = performance.now();
    const pass = await livePass(this.#parts, { encoded, prompt, prefix, draft, tokensMax, signal });
    this.timings.recognizeMs += performance.now() - started;
    return { pass, language, encoded, prompt, prefix, place: placeOf(stretch) };
  }

  /**
   * Light fusion: from the first character on that the pass is not sure of, the text is searched for once more, with few beams
   * and the language model beside them, which can make nothing of the rest of a character. The pass itself where it is sure of
   * all, and where the outcome is not wanted any more (`cut`); null where no language model took part.
   */
  async refine(heard: HeardPass, search: UnitSearch, cut: AbortSignal, signal: AbortSignal): Promise<HeardText | null> {
    const { pass, prefix, prompt, language, encoded, place } = heard;
    const { decoder, tokens, model } = this.#parts;
    let from = pass.logProbs.findIndex((logProb, i) => i >= prefix.tokens.length && logProb < SURE);
    while (from > prefix.tokens.length && isWithinCharacter(tokens.bytesOf(pass.tokens[from]!))) from--;
    const stepsLeft = stepsMaxAfter(prompt.length + from, model.dims.textCtx);
    if (from < 0 || pass.looped || stepsLeft < 1) return heardAlone(pass);
    const sure = pass.tokens.slice(0, from);
    const stepsMax = Math.min(pass.tokens.length - from + LIGHT_STEPS_MORE, stepsLeft);
    const unit = { ...this.#unitAt(place, language, sure), stepsMax, beams: LIGHT_BEAMS, index: this.#units++ };
    const source = new WindowSource(unit, decoder.tree(encoded), passRules(model, tokens), prompt, sure);
    const onCut = () => source.cut();
    cut.addEventListener('abort', onCut);
    try {
      const { hypotheses } = await search(source, signal);
      if (cut.aborted) return heardAlone(pass);
      const best = hypotheses[0]!;
      if (best.fused === undefined) return null;
      const rest = best.tokens;
      if (
        rest.length === 0 ||
        (pass.tokens.length === from + rest.length && rest.every((token, i) => token === pass.tokens[from + i]))
      ) {
        return heardTogether(pass, pass);
      }
      const attention = pass.attention.fork(from + 1);
      const align = await source.attention(rest);
      for (let row = 0; row < rest.length; row++) attention.add(align, rest.length, row);
      const logProbs = [...pass.logProbs.slice(0, from), ...best.tokenLogProbs.slice(0, rest.length)];
      const endLogProb = best.ended ? best.tokenLogProbs[rest.length]! : 0;
      return heardTogether(pass, { tokens: [...sure, ...rest], logProbs, endLogProb, attention });
    } finally {
      cut.removeEventListener('abort', onCut);
      this.timings.recognizeMs += source.busyMs;
      source.dispose();
    }
  }

  /** The recognizer's own search over an utterance that has ended. */
  async recognize(stretch: Stretch, standing: ForcedPrefix, signal: AbortSignal): Promise<Recognized> {
    const { beams, nBest } = this.#options;
    const timings = { encodeMs: 0, recognizeMs: 0 };
    const { mel, encoded } = await this.#encode(stretch, timings);
    const language = await this.#languageOf(encoded, Number.POSITIVE_INFINITY);
    const prompt = this.#promptFor(language);
    const prefix = await this.#scored(standing, encoded, prompt, timings);
    const unit = { mel, prompt, prefix, language, place: placeOf(stretch) };
    const decoded = await this.#decode(unit, encoded, plainBeam({ beams, nBest }), signal, timings);
    return { ...unit, decoded, busyMs: this.#count(timings) };
  }

  /** Another search over the same utterance, with its encoder output and its forced beginning. */
  async searchAgain(recognized: Recognized, search: UnitSearch, signal: AbortSignal): Promise<Recognized> {
    const timings = { encodeMs: 0, recognizeMs: 0 };
    const decoded = await this.#decode(recognized, recognized.decoded.encoded, search, signal, timings);
    return { ...recognized, decoded, busyMs: recognized.busyMs + this.#count(timings) };
  }

  /** Times of the tokens of a result, as `tokenTimes` gives them. */
  async times({ decoded, language }: Recognized): Promise<Float64Array> {
    const { encoded, hypothesis } = decoded;
    const { decoder, tokens } = this.#parts;
    const tree = decoder.tree(encoded);
    const started = performance.now();
    try {
      const frames = { kept: encoded.frames, real: encoded.realFrames };
      return await tokenTimes(tree, tokens, frames, language, this.#options.task, hypothesis.tokens);
    } finally {
      this.timings.recognizeMs += performance.now() - started;
      tree.dispose();
    }
  }

  /** With the log-probabilities that a beginning from another process comes without. */
  async #scored(
    prefix: ForcedPrefix,
    encoded: EncodedWindow,
    prompt: readonly number[],
    timings: DecodeTimings,
  ): Promise<ForcedPrefix> {
    if (prefix.logProbs.length === prefix.tokens.length) return prefix;
    const { decoder, tokens } = this.#parts;
    const tree = decoder.tree(encoded);
    const started = performance.now();
    try {
      return { ...prefix, logProbs: await tokenLogProbs(tree, tokens, prompt, prefix.tokens) };
    } finally {
      timings.recognizeMs += performance.now() - started;
      tree.dispose();
    }
  }

  #count({ encodeMs, recognizeMs }: DecodeTimings): number {
    this.timings.encodeMs += encodeMs;
    this.timings.recognizeMs += recognizeMs;
    return encodeMs + recognizeMs;
  }

  #decode(
    { mel, prompt, prefix, language, place }: Omit<Recognized, 'decoded' | 'busyMs'>,
    encoded: EncodedWindow,
    search: UnitSearch,
    signal: AbortSignal,
    timings: DecodeTimings,
  ): Promise<DecodedWindow> {
    const stepsMax = stepsMaxAfter(prompt.length + prefix.tokens.length, this.#parts.model.dims.textCtx);
    const unit = { ...this.#unitAt(place, language, prefix.tokens), stepsMax };
    const nextIndex = () => this.#units++;
    const request = { mel, encoded, prompt, prefix, timestamps: false, unit, nextIndex, search, signal };
    return decodeWindow(this.#parts, { ...request, options: this.#options }, timings);
  }

  /** The language model goes on from what stands already. */
  #unitAt({ utterance, startMs, endMs }: Place, language: string, standing: readonly number[]) {
    const previousText = this.#context.textBefore(utterance) + this.#parts.tokens.decode(standing);
    return { language, startMs, endMs, previousText };
  }

  async #encode(
    { samples }: Stretch,
    timings: DecodeTimings,
  ): Promise<{ readonly mel: WindowMel; readonly encoded: EncodedWindow }> {
    const frames = 2 * this.#parts.model.dims.audioCtx;
    const { mel, realFrames } = this.#mel.logMel(samples, { frames });
    const window = { mel, frames, realFrames };
    return { mel: window, encoded: await encodeWindow(this.#parts, window, this.#options.exact, timings) };
  }

  async #languageOf(encoded: EncodedWindow, heardS: number): Promise<string> {
    if (this.#language !== null) return this.#language.language;
    const { tokens, decoder } = this.#parts;
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
    const { model, tokens } = this.#parts;
    return promptTokens(tokens, {
      hotwords: this.#options.hotwords,
      previous: this.#context.tokensBefore(),
      opening: tokens.openingOf(language, this.#options.task, false),
      textCtx: model.dims.textCtx,
    });
  }
}

/** True for bytes that begin within a character of UTF-8. */
function isWithinCharacter(bytes: Uint8Array): boolean {
  return (bytes[0]! & 0xc0) === 0x80;
}

function placeOf({ utterance, start, samples }: Stretch): Place {
  return { utterance, startMs: samplesMs(start), endMs: samplesMs(start + samples.length) };
}

function samplesMs(samples: number): number {
  return Math.round((samples * 1000) / SAMPLE_RATE_HZ);
}
