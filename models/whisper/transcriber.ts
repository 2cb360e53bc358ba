import { basename } from 'node:path';
import { AppError } from '../core/app-error.ts';
import { SAMPLE_RATE_HZ } from '../core/limits.ts';
import type { CommitPolicies, ListenOptions, LiveEvent, LiveInput, LiveRecognizer } from '../core/live.ts';
import type { Recognizer, RecognizerInfo, RecognizerSummary } from '../core/recognizer.ts';
import type { UnitSearch } from '../core/stepwise.ts';
import type { Segment, TranscribeOptions, UnitResult, Warning } from '../core/transcript.ts';
import type { Device } from '../session/onnx-session.ts';
import { turnsOf, type VoiceFinders } from '../vad/turns.ts';
import { type EncodedWindow, WhisperEncoder, type WindowMel } from './encoder.ts';
import { type DetectedLanguage, detectLanguage } from './language.ts';
import { checkListenOptions } from './listen-defaults.ts';
import { LiveLoad } from './live-load.ts';
import { LiveStream } from './live-stream.ts';
import { MelSpectrogram } from './mel.ts';
import { promptTokens, stepsMaxAfter } from './prompt.ts';
import { SampleBuffer } from './sample-buffer.ts';
import { convertPieces, type ScriptConverter, scriptConverter } from './script.ts';
import { type NextWindow, nextWindow, type SpeechSpan, WINDOW_SAMPLES } from './speech-gate.ts';
import { StepDecoder } from './step-decoder.ts';
import { checkTranscribeOptions } from './transcribe-defaults.ts';
import { readWhisperModelFile } from './whisper-model.ts';
import { WhisperTokens } from './whisper-tokens.ts';
import {
  type DecodedWindow,
  type DecoderParts,
  type DecodeTimings,
  decodeWindow,
  encodeWindow,
  isSilent,
} from './window-decode.ts';
import { splitWindow, type WindowPiece } from './window-split.ts';
import { timedWords, tokenTimes } from './word-timing.ts';

/** Finds speech in a stream of samples: one per recording. */
export interface SpeechFinder {
  /** Judges more samples; spans may still grow at their end until they are followed by silence. */
  push(samples: Float32Array): Promise<unknown>;
  /** The recording has ended: judges the rest. */
  end(): Promise<unknown>;
  /** Spans so far, in order, in samples from the start; the last may reach to the last sample judged. */
  readonly spans: readonly SpeechSpan[];
}

export interface WhisperOpenOptions {
  /** The shared budget by default. */
  readonly threads?: number;
  readonly device?: Device;
  /** Makes a speech finder per recording (a VoiceModel does); without it every window is decoded. */
  readonly vad?: { detector(): SpeechFinder };
  readonly live?: LiveListening;
}

/** What live streams need beside the model. */
export interface LiveListening {
  /** Decides which words of partials are settled. */
  readonly policies: CommitPolicies;
  /** Makes a voice detector per stream; without it the caller must say where turns end. */
  readonly voices?: VoiceFinders;
  readonly streamsMax?: number;
  /** Share of the recognizer's time that finals of live streams may be expected to take; newcomers beyond it are refused. */
  readonly loadMax?: number;
  /**
   * The time of day in milliseconds; null for what must not depend on the machine's speed (tests, comparisons of policies):
   * time is then that of the audio, and passes take none of it.
   */
  readonly nowMs?: (() => number) | null;
}

/** A last remainder shorter than this holds no word: it is what rounding left over. */
const REMAINDER_SECONDS_MIN = 0.25;
/** Text before a unit that a search is shown, in characters: more than any language model here uses. */
const PREVIOUS_TEXT_CHARS_MAX = 4000;
/** Tokens of previous text that are kept for prompts: more than a prompt takes. */
const PREVIOUS_TOKENS_MAX = 448;

/**
 * Whisper over a stream of audio: windows of at most 30 s, each starting where the last one's text ended. Holds one
 * window of audio at a time. Several streams may run at once; their model calls take turns.
 */
export class WhisperTranscriber implements Recognizer, LiveRecognizer {
  readonly info: RecognizerInfo;
  readonly alphabet: WhisperTokens;
  readonly #parts: DecoderParts;
  readonly #mel: MelSpectrogram;
  readonly #vad: WhisperOpenOptions['vad'];
  readonly #dispose: (() => Promise<void>) | undefined;
  readonly #live: LiveListening | undefined;
  readonly #load: LiveLoad;

  /** From parts that are open already. They stay the caller's to dispose of, unless `dispose` is given. */
  constructor(
    name: string,
    parts: DecoderParts,
    vad?: WhisperOpenOptions['vad'],
    live?: LiveListening,
    dispose?: () => Promise<void>,
  ) {
    this.info = { name, modality: 'speech', kind: 'stepwise', sampleRateHz: SAMPLE_RATE_HZ };
    this.alphabet = parts.tokens;
    this.#parts = parts;
    this.#mel = new MelSpectrogram(parts.model.dims.nMels);
    this.#vad = vad;
    this.#live = live;
    this.#load = new LiveLoad({
      streamsMax: live?.streamsMax,
      loadMax: live?.loadMax,
      nowMs: live?.nowMs ?? undefined,
    });
    this.#dispose = dispose;
  }

  /** @throws AppError `model_corrupt`, `device_unavailable` */
  static async open(modelDir: string, options: WhisperOpenOptions = {}): Promise<WhisperTranscriber> {
    const model = await readWhisperModelFile(modelDir);
    const [tokens, encoder, decoder] = await Promise.all([
      WhisperTokens.open(modelDir, model),
      WhisperEncoder.open(modelDir, model.dims, options),
      StepDecoder.open(modelDir, model.dims, options),
    ]);
    const parts = { model, tokens, encoder, decoder };
    return new WhisperTranscriber(basename(modelDir), parts, options.vad, options.live, async () => {
      await encoder.dispose();
      await decoder.dispose();
    });
  }

  /**
   * Transcribes mono samples at 16 kHz. Yields one result per window that has text; `search` chooses its hypothesis at
   * temperature 0. Windows follow each other: the audio is pulled a window at a time.
   *
   * @throws AppError `unknown_language`, `invalid_option`; the signal's reason when it aborts
   */
  async *transcribe(
    audio: AsyncIterable<Float32Array>,
    options: TranscribeOptions,
    search: UnitSearch,
    signal?: AbortSignal,
  ): AsyncGenerator<UnitResult, RecognizerSummary> {
    checkTranscribeOptions(options);
    if (options.language !== 'auto') this.#parts.tokens.languageId(options.language);
    const finder = options.vad ? this.#vad?.detector() : undefined;
    const stream = new Recording(audio, finder);
    const run = new TranscriptRun(this.#parts, options, search, await scriptConverter(options.script), signal);
    try {
      let seek = 0;
      for (;;) {
        signal?.throwIfAborted();
        await stream.fill(seek + WINDOW_SAMPLES);
        const left = stream.end - seek;
        if (left <= 0 || (seek > 0 && left < REMAINDER_SECONDS_MIN * SAMPLE_RATE_HZ)) break;
        const next = stream.next(seek);
        if (next.kind === 'silence') {
          seek = next.skippedTo;
          stream.dropBefore(seek);
          continue;
        }
        const samples = stream.slice(next.start, next.end);
        const { mel, realFrames } = this.#mel.logMel(samples, { frames: 2 * this.#parts.model.dims.audioCtx });
        const window = { mel, frames: 2 * this.#parts.model.dims.audioCtx, realFrames };
        const isLast = stream.ended && next.end >= stream.end;
        const { result, advance } = await run.window(window, next.start, next.end - next.start, isLast);
        if (result !== null) yield result;
        seek = next.start + advance;
        stream.dropBefore(seek);
      }
      return run.summary(stream.end / SAMPLE_RATE_HZ);
    } finally {
      await stream.close();
    }
  }

  /**
   * Hears a stream as it is spoken. Throws AppError: `overloaded` where there is no room for one more stream, or where this
   * one lags too far; `unknown_language`, `invalid_option`; and the signal's reason when it aborts.
   */
  async *listen(
    input: AsyncIterable<LiveInput>,
    options: ListenOptions,
    search: UnitSearch,
    signal: AbortSignal,
  ): AsyncGenerator<LiveEvent, RecognizerSummary> {
    const live = this.#live;
    if (live === undefined) throw new Error('this recognizer was opened without live parts');
    checkListenOptions(options);
    if (options.language !== 'auto') this.#parts.tokens.languageId(options.language);
    if (options.turnDetection !== null && live.voices === undefined) {
      throw new AppError('invalid_option', 'turnDetection needs a voice detector, and none is loaded here.');
    }
    signal.throwIfAborted();
    const seat = this.#load.join(options.returning);
    try {
      const parts = {
        decoder: this.#parts,
        mel: this.#mel,
        turns: turnsOf(options.turnDetection, options.utteranceSecondsMax, live.voices),
        policies: live.policies,
        seat,
        convert: await scriptConverter(options.script),
        nowMs: live.nowMs === undefined ? () => performance.now() : live.nowMs,
      };
      return yield* new LiveStream(parts, options, search, signal).run(input);
    } finally {
      seat.leave();
    }
  }

  liveRefusal(): AppError | null {
    return this.#load.refusal();
  }

  async dispose(): Promise<void> {
    await this.#dispose?.();
  }
}

/** The part of a recording that is still needed, pulled from its source as it is asked for. */
class Recording {
  readonly #source: AsyncIterator<Float32Array>;
  readonly #finder: SpeechFinder | undefined;
  readonly #buffer = new SampleBuffer();
  ended = false;

  constructor(audio: AsyncIterable<Float32Array>, finder: SpeechFinder | undefined) {
    this.#source = audio[Symbol.asyncIterator]();
    this.#finder = finder;
  }

  /** One past the last sample that came in: the length of the recording once it `ended`. */
  get end(): number {
    return this.#buffer.end;
  }

  /** Pulls until the samples up to `position` are here, or the recording ends. One sample more tells which. */
  async fill(position: number): Promise<void> {
    while (!this.ended && this.#buffer.end <= position) {
      const chunk = await this.#source.next();
      if (chunk.done === true) {
        this.ended = true;
        await this.#finder?.end();
      } else {
        this.#buffer.append(chunk.value);
        await this.#finder?.push(chunk.value);
      }
    }
  }

  next(seek: number): NextWindow {
    const end = Math.min(this.#buffer.end, seek + WINDOW_SAMPLES);
    if (this.#finder === undefined) return { kind: 'window', start: seek, end };
    return nextWindow(this.#finder.spans, seek, this.#buffer.end, this.ended);
  }

  slice(from: number, to: number): Float32Array {
    return this.#buffer.slice(from, to);
  }

  dropBefore(position: number): void {
    this.#buffer.dropBefore(position);
  }

  async close(): Promise<void> {
    if (!this.ended) await this.#source.return?.();
  }
}

/** What one transcription carries from window to window. */
class TranscriptRun {
  readonly #parts: DecoderParts;
  readonly #options: TranscribeOptions;
  readonly #search: UnitSearch;
  readonly #convert: ScriptConverter;
  readonly #signal: AbortSignal | undefined;
  readonly #timings: DecodeTimings = { encodeMs: 0, recognizeMs: 0 };
  readonly #warnings: Warning[] = [];
  #language: DetectedLanguage | null;
  #previousTokens: number[];
  #previousText = '';
  #units = 0;
  #segments = 0;

  constructor(
    parts: DecoderParts,
    options: TranscribeOptions,
    search: UnitSearch,
    convert: ScriptConverter,
    signal: AbortSignal | undefined,
  ) {
    this.#parts = parts;
    this.#options = options;
    this.#search = search;
    this.#convert = convert;
    this.#signal = signal;
    this.#language = options.language === 'auto' ? null : { language: options.language, probability: 1 };
    const prompt = options.prompt.trim();
    this.#previousTokens = prompt === '' ? [] : parts.tokens.encode(` ${prompt}`);
  }

  summary(duration: number): RecognizerSummary {
    return {
      task: this.#options.task,
      language: this.#language?.language ?? 'und',
      languageProbability: this.#language?.probability ?? 0,
      duration,
      warnings: this.#warnings,
      timings: this.#timings,
    };
  }

  /**
   * Decodes the window of `length` samples that starts at sample `start`.
   * @returns its result, null where nobody speaks in it, and how many samples on the next window starts
   */
  async window(
    mel: WindowMel,
    start: number,
    length: number,
    isLast: boolean,
  ): Promise<{ readonly result: UnitResult | null; readonly advance: number }> {
    const { model, tokens } = this.#parts;
    const options = this.#options;
    const encoded = await encodeWindow(this.#parts, mel, options.exact, this.#timings);
    this.#language ??= await this.#detect(encoded);
    // Without timestamps there is no telling where to go on, so a recording of several windows has them inside.
    const timestamps = options.timestamps !== 'none' || !isLast;
    const opening = tokens.openingOf(this.#language.language, options.task, timestamps);
    const prompt = promptTokens(tokens, {
      hotwords: options.hotwords,
      previous: this.#previousTokens,
      opening,
      textCtx: model.dims.textCtx,
    });
    const decoded = await decodeWindow(
      this.#parts,
      {
        mel,
        encoded,
        prompt,
        timestamps,
        unit: {
          language: this.#language.language,
          startMs: Math.round((start * 1000) / SAMPLE_RATE_HZ),
          endMs: Math.round(((start + length) * 1000) / SAMPLE_RATE_HZ),
          stepsMax: stepsMaxAfter(prompt.length, model.dims.textCtx),
          previousText: this.#previousText,
        },
        nextIndex: () => this.#units++,
        options,
        search: this.#search,
        signal: this.#signal,
      },
      this.#timings,
    );
    if (isSilent(decoded, options)) return { result: null, advance: length };
    const split = splitWindow(decoded.hypothesis.tokens, tokens, length / SAMPLE_RATE_HZ);
    const segments = await this.#segmentsOf(decoded, split.pieces, start / SAMPLE_RATE_HZ);
    this.#remember(decoded, split.pieces);
    const advance = Math.min(length, Math.round(split.advanceSeconds * SAMPLE_RATE_HZ));
    return { result: segments.length === 0 ? null : this.#resultOf(decoded, segments), advance };
  }

  async #detect(encoded: EncodedWindow): Promise<DetectedLanguage> {
    const { tokens, decoder } = this.#parts;
    if (!tokens.multilingual) return { language: 'en', probability: 1 };
    const tree = decoder.tree(encoded);
    try {
      return await detectLanguage(tree, tokens);
    } finally {
      tree.dispose();
    }
  }

  async #segmentsOf(decoded: DecodedWindow, pieces: readonly WindowPiece[], windowStart: number): Promise<Segment[]> {
    const { tokens } = this.#parts;
    const { hypothesis } = decoded;
    const spoken = pieces
      .map((piece) => ({ ...piece, text: tokens.decode(piece.tokens) }))
      .filter(({ text }) => text.trim() !== '');
    const words = this.#options.timestamps === 'word' ? await this.#words(decoded, spoken, windowStart) : null;
    const fused = hypothesis.fused;
    return spoken.map((piece, i): Segment => {
      const timed = words?.[i];
      const texts = timed === undefined ? [piece.text] : timed.words.map(({ word }) => word);
      const converted = convertPieces(texts, this.#convert);
      return {
        id: this.#segments++,
        seek: Math.round(windowStart * 100),
        start: timed?.start ?? roundSeconds(windowStart + piece.start),
        end: timed?.end ?? roundSeconds(windowStart + piece.end),
        text: converted.join(''),
        tokens: piece.tokens,
        temperature: decoded.temperature,
        avg_logprob: decoded.avgLogProb,
        compression_ratio: decoded.compressionRatio,
        no_speech_prob: decoded.noSpeechProb,
        ...(timed && { words: timed.words.map((word, j) => ({ ...word, word: converted[j]! })) }),
        ...(fused && {
          fused: { score: fused.score, llm_logprob: fused.llmLogProb, llm_weight: fused.llmWeight },
        }),
        ...(decoded.redone && { exact: true }),
      };
    });
  }

  async #words(decoded: DecodedWindow, pieces: readonly WindowPiece[], windowStart: number) {
    const { tokens, decoder } = this.#parts;
    const { language } = this.#language!;
    const { task } = this.#options;
    const { encoded, hypothesis } = decoded;
    const timed = pieces.map((piece) => {
      const places = piece.tokens.map((_, i) => i).filter((i) => piece.tokens[i]! < tokens.endOfText);
      return {
        start: windowStart + piece.start,
        end: windowStart + piece.end,
        tokens: places.map((i) => piece.tokens[i]!),
        logProbs: places.map((i) => hypothesis.tokenLogProbs[piece.offset + i]!),
      };
    });
    if (timed.length === 0) return [];
    const tree = decoder.tree(encoded);
    const started = performance.now();
    try {
      const frames = { kept: encoded.frames, real: encoded.realFrames };
      const text = timed.flatMap((segment) => segment.tokens);
      const times = await tokenTimes(tree, tokens, frames, language, task, text);
      return timedWords(timed, times, windowStart, tokens, task === 'translate' ? 'en' : language);
    } finally {
      this.#timings.recognizeMs += performance.now() - started;
      tree.dispose();
    }
  }

  /** What the next window is shown of this one. */
  #remember(decoded: DecodedWindow, pieces: readonly WindowPiece[]): void {
    const said = pieces.flatMap((piece) => piece.tokens);
    const text = this.#previousText + this.#parts.tokens.decode(said);
    this.#previousText = text.slice(-PREVIOUS_TEXT_CHARS_MAX);
    if (!this.#options.conditionOnPreviousText || decoded.doubtful) this.#previousTokens = [];
    else this.#previousTokens = [...this.#previousTokens, ...said].slice(-PREVIOUS_TOKENS_MAX);
  }

  #resultOf(decoded: DecodedWindow, segments: readonly Segment[]): UnitResult {
    const { outcome } = decoded;
    for (const warning of outcome.warnings ?? []) {
      if (!this.#warnings.some(({ code }) => code === warning.code)) this.#warnings.push(warning);
    }
    return {
      segments,
      hypotheses: outcome.hypotheses.slice(0, this.#options.nBest).map((hypothesis) => ({
        ...hypothesis,
        text: this.#convert(this.#parts.tokens.decode(hypothesis.tokens)),
      })),
      changes: outcome.changes,
      stats: outcome.stats,
    };
  }
}

function roundSeconds(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
