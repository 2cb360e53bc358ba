/**
 * The library: open once, transcribe and read many times, close. The command line uses nothing else.
 *
 * ```ts
 * const bytefuse = await openBytefuse({ modalities: ['speech', 'page'] });
 * const { text } = await bytefuse.transcribe('speech.wav', { language: 'en' });
 * for await (const { page } of bytefuse.read('scan.pdf', { language: 'tr' })) pages.push(page);
 * await bytefuse.close();
 * ```
 */

import { type AudioOptions, type AudioSource, openAudio } from '../../models/audio/audio-file.ts';
import type { ByteInput } from '../../models/audio/byte-reader.ts';
import { AppError } from '../../models/core/app-error.ts';
import { SAMPLE_RATE_HZ, WINDOW_SECONDS } from '../../models/core/limits.ts';
import type { ListenOptions, LiveEvent, LiveInput } from '../../models/core/live.ts';
import type { ReadOptions } from '../../models/core/page.ts';
import type { TranscribeOptions, Transcript, UnitResult } from '../../models/core/transcript.ts';
import { checkListenOptions, defaultListenOptions } from '../../models/whisper/listen-defaults.ts';
import { checkTranscribeOptions, defaultTranscribeOptions } from '../../models/whisper/transcribe-defaults.ts';
import { DocumentIntake, type DocumentLimits, type OpenDocument } from '../intake/document-intake.ts';
import type { DocumentInput } from '../intake/document-source.ts';
import { type BytefuseOptions, composeEngine } from './compose.ts';
import { type ReadResult, readImages } from './document-reading.ts';
import type { Engine, EngineFacts } from './engine.ts';
import { checkReadOptions, defaultReadOptions } from './read-defaults.ts';
import { repeatableAudio } from './repeatable-input.ts';

export { AppError, ERRORS, type ErrorCode, type ErrorKind } from '../../models/core/app-error.ts';
export type { DocumentPage, DocumentText } from '../../models/core/document.ts';
export type { ListenOptions, LiveEvent, LiveInput, TurnDetection } from '../../models/core/live.ts';
export type { ReadOptions } from '../../models/core/page.ts';
export type {
  Segment,
  TranscribeOptions,
  Transcript,
  TranscriptTimings,
  UnitResult,
  Warning,
  Word,
} from '../../models/core/transcript.ts';
export {
  DOCUMENT_FORMATS,
  type DocumentFormat,
  openDocumentWriter,
  writeDocument,
} from '../output/document/document-writer.ts';
export { OUTPUT_FORMATS, type OutputFormat, writeTranscript } from '../output/format.ts';
export type { BytefuseOptions } from './compose.ts';
export type { ReadResult } from './document-reading.ts';
export type { EngineFacts } from './engine.ts';

/** A path, the bytes of a file, a stream of them; or samples that are decoded already. */
export type TranscribeInput = ByteInput | DecodedAudio;

/** Mono samples, -1..1, at 16 kHz. */
export interface DecodedAudio {
  readonly samples: Float32Array | AsyncIterable<Float32Array>;
}

export type TranscribeRequest = Partial<TranscribeOptions> & Omit<AudioOptions, 'signal'>;

export interface TranscribeCall {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TranscribeProgress) => void;
  /** Called as each unit (window) is done, in order. */
  readonly onUnit?: (unit: UnitResult) => void;
}

export interface TranscribeProgress {
  /** Seconds of the recording that are done; they only grow. */
  readonly doneSeconds: number;
  /** Null until the length is known: some formats do not say it. */
  readonly totalSeconds: number | null;
  readonly elapsedMs: number;
}

export interface Bytefuse {
  readonly facts: EngineFacts;
  /**
   * Transcribes one recording. Several calls may run at once. Throws AppError: the codes of opening audio (file_not_found,
   * audio_corrupt, ...), invalid_option, unknown_language, canceled (the signal aborted), deadline_exceeded (it timed
   * out: AbortSignal.timeout), peer_lost (a worker died), input_crashes (with `processes`: it did so twice on this input).
   */
  transcribe(input: TranscribeInput, request?: TranscribeRequest, call?: TranscribeCall): Promise<Transcript>;
  /**
   * Hears speech as it is spoken (mono samples at 16 kHz, -1..1, as they come): partials whose beginning is committed word by
   * word, then finals by the recognizer and by the fused search (models/core/live.ts says what holds). Throws AppError:
   * invalid_option, unknown_language, overloaded, canceled, deadline_exceeded, peer_lost; and what `audio` throws.
   */
  listen(audio: AsyncIterable<LiveInput>, request?: ListenRequest, call?: ListenCall): AsyncGenerator<LiveEvent, void>;
  /** Why `listen` would refuse one more stream now (`overloaded`); null where it would not (Engine.liveRefusal). */
  readonly liveRefusal?: Engine['liveRefusal'];
  /** Takes a recognizer that brings its own input and wants its text back (docs/streaming.md, section 4), where this can be. */
  readonly fuse?: Engine['fuse'];
  /**
   * Reads one document, a page at a time, each as it is done: images, or a PDF. Throws AppError: the codes of opening a
   * document (file_not_found, document_unrecognized, image_corrupt, pdf_encrypted, ...), invalid_option, canceled,
   * deadline_exceeded, peer_lost, input_crashes.
   */
  read(input: DocumentInput, request?: ReadRequest, call?: ReadCall): AsyncGenerator<ReadResult, void>;
  /** True while a part is away and results lack its work; absent where parts cannot be away. */
  isDegraded?(): boolean;
  /** Ends the workers; what is under way fails. May be called twice. */
  close(): Promise<void>;
}

export type ListenRequest = Partial<ListenOptions>;

export interface ListenCall {
  readonly signal?: AbortSignal;
}

export interface ReadCall {
  readonly signal?: AbortSignal;
  /** Called once, before the first page. */
  readonly onOpen?: (document: Pick<OpenDocument, 'format' | 'pageCount' | 'pageNumbers'>) => void;
}

export type ReadRequest = Partial<ReadOptions> & { readonly limits?: Partial<DocumentLimits> };

/**
 * Brings the models in where they are missing, starts the workers and waits until they are ready. Throws AppError: the
 * codes of the models room (model_unknown, model_missing, source_unavailable, disk_full, ...), device_unavailable,
 * canceled.
 */
export async function openBytefuse(options: BytefuseOptions = {}): Promise<Bytefuse> {
  return bytefuseOver(await composeEngine(options));
}

/** What a file says of itself, without any model: for checks before the work. Throws as `transcribe` does on opening. */
export async function inspectAudio(input: ByteInput, options: Omit<AudioOptions, 'signal'> = {}): Promise<AudioFacts> {
  const source = await openAudio(input, options);
  await source.close();
  const { format, codec, sampleRateHz, channels, declaredSeconds } = source;
  return { format, codec, sampleRateHz, channels, declaredSeconds };
}

export type AudioFacts = Pick<AudioSource, 'format' | 'codec' | 'sampleRateHz' | 'channels' | 'declaredSeconds'>;

/** The same over any engine: tests give a toy one. */
export function bytefuseOver(engine: Engine): Bytefuse {
  const closing = new AbortController();
  let closed: Promise<void> | null = null;
  const intake = new DocumentIntake();
  return {
    facts: engine.facts,
    ...(engine.isDegraded === undefined ? {} : { isDegraded: () => engine.isDegraded!() }),
    read: (input, request = {}, call = {}) => read(engine, intake, input, request, call, closing.signal),
    liveRefusal: engine.liveRefusal && (() => engine.liveRefusal!()),
    fuse: engine.fuse && ((recognizer, openers) => engine.fuse!(recognizer, openers)),
    listen: (audio, request = {}, call = {}) => listen(engine, audio, request, call, closing.signal),
    transcribe: (input, request = {}, call = {}) => transcribe(engine, input, request, call, closing.signal),
    close: () => {
      closing.abort(new AppError('canceled', 'Bytefuse was closed.'));
      closed ??= Promise.all([engine.close(), intake.close()]).then(() => undefined);
      return closed;
    },
  };
}

async function transcribe(
  engine: Engine,
  input: TranscribeInput,
  request: TranscribeRequest,
  call: TranscribeCall,
  closing: AbortSignal,
): Promise<Transcript> {
  const startedMs = performance.now();
  const { allowTruncated, secondsMax, ffmpegPath, ...given } = request;
  const options: TranscribeOptions = { ...defaultTranscribeOptions, ...given };
  checkTranscribeOptions(options);
  checkFusionOptions(options);
  const signal = withClosing(call.signal, closing);
  let source: AudioSource | null = null;
  try {
    signal.throwIfAborted();
    const audioOptions: AudioOptions = {
      signal,
      ...(allowTruncated === undefined ? {} : { allowTruncated }),
      ...(secondsMax === undefined ? {} : { secondsMax }),
      ...(ffmpegPath === undefined ? {} : { ffmpegPath }),
    };
    if (!isDecoded(input)) source = await openAudio(input, audioOptions);
    const meter = new ProgressMeter(source?.declaredSeconds ?? null, startedMs, call.onProgress);
    const audio = meter.listen(isDecoded(input) ? chunksOf(input) : source!.chunks());
    const onPartial = (unit: UnitResult): void => {
      meter.unitDone(unit);
      call.onUnit?.(unit);
    };
    const repeatable = repeatableAudio(input, audioOptions);
    const transcript = await engine.transcribe(audio, options, { signal, onPartial, repeatable });
    meter.end(transcript.duration);
    const totalMs = performance.now() - startedMs;
    return {
      ...transcript,
      warnings: [...(source?.warnings ?? []), ...transcript.warnings],
      timings: { ...transcript.timings, totalMs },
    };
  } catch (error) {
    throw translateAbort(error, signal);
  } finally {
    await source?.close();
  }
}

async function* listen(
  engine: Engine,
  audio: AsyncIterable<LiveInput>,
  request: ListenRequest,
  call: ListenCall,
  closing: AbortSignal,
): AsyncGenerator<LiveEvent, void> {
  const options: ListenOptions = { ...defaultListenOptions, ...request };
  checkListenOptions(options);
  checkFusionOptions(options);
  const signal = withClosing(call.signal, closing);
  try {
    signal.throwIfAborted();
    yield* engine.listen(audio, options, { signal });
  } catch (error) {
    throw translateAbort(error, signal);
  }
}

async function* read(
  engine: Engine,
  intake: DocumentIntake,
  input: DocumentInput,
  { limits, ...given }: ReadRequest,
  call: ReadCall,
  closing: AbortSignal,
): AsyncGenerator<ReadResult, void> {
  const signal = withClosing(call.signal, closing);
  const options: ReadOptions = { ...defaultReadOptions, ...given };
  checkReadOptions(options);
  let document: OpenDocument | null = null;
  try {
    signal.throwIfAborted();
    const { pages, dpi, textLayer } = options;
    document = await intake.open(input, { pages, dpi, textLayer, signal, ...(limits === undefined ? {} : { limits }) });
    call.onOpen?.(document);
    yield* readImages(engine, document.pages(), options, signal);
  } catch (error) {
    throw translateAbort(error, signal);
  } finally {
    await document?.close();
  }
}

function withClosing(signal: AbortSignal | undefined, closing: AbortSignal): AbortSignal {
  return signal ? AbortSignal.any([signal, closing]) : closing;
}

function isDecoded(input: TranscribeInput): input is DecodedAudio {
  return typeof input === 'object' && 'samples' in input;
}

async function* chunksOf({ samples }: DecodedAudio): AsyncGenerator<Float32Array> {
  if (samples instanceof Float32Array) yield samples;
  else yield* samples;
}

/** The recognizer's own options are checked where its defaults live; these are the fusion's. */
function checkFusionOptions({ llmWeight, llmContextCharsMax }: TranscribeOptions): void {
  if (llmWeight !== undefined && !(llmWeight >= 0 && llmWeight <= 1)) {
    throw new AppError('invalid_option', `llmWeight is ${llmWeight}; it must lie between 0 and 1.`);
  }
  if (!Number.isInteger(llmContextCharsMax) || llmContextCharsMax < 0) {
    throw new AppError('invalid_option', `llmContextCharsMax is ${llmContextCharsMax}; it must be 0 or more.`);
  }
}

/** Whatever a stage threw once the signal fired, the caller hears why it fired. */
function translateAbort(error: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted) return error;
  const { reason } = signal;
  if (reason instanceof AppError) return reason;
  if (reason instanceof DOMException && reason.name === 'TimeoutError') {
    return new AppError('deadline_exceeded', 'The work took longer than its deadline.', { cause: error });
  }
  return new AppError('canceled', 'The work was canceled.', { cause: error });
}

/** Turns what goes in and what comes out into progress. */
class ProgressMeter {
  #total: number | null;
  readonly #startedMs: number;
  readonly #report: TranscribeCall['onProgress'];
  #heardSamples = 0;
  #doneSeconds = 0;

  constructor(totalSeconds: number | null, startedMs: number, report: TranscribeCall['onProgress']) {
    this.#total = totalSeconds;
    this.#startedMs = startedMs;
    this.#report = report;
  }

  async *listen(audio: AsyncIterable<Float32Array>): AsyncGenerator<Float32Array> {
    for await (const chunk of audio) {
      this.#heardSamples += chunk.length;
      yield chunk;
      // Audio is pulled as it is needed, so what lies a window behind is done, spoken or silent.
      this.#advance(this.#heardSamples / SAMPLE_RATE_HZ - WINDOW_SECONDS);
    }
    this.#total = this.#heardSamples / SAMPLE_RATE_HZ;
  }

  unitDone(unit: UnitResult): void {
    this.#advance(unit.segments.at(-1)?.end ?? 0);
  }

  end(seconds: number): void {
    this.#total = seconds;
    this.#doneSeconds = Math.min(this.#doneSeconds, seconds);
    this.#advance(seconds, true);
  }

  #advance(seconds: number, always = false): void {
    if (seconds <= this.#doneSeconds && !always) return;
    this.#doneSeconds = seconds;
    this.#report?.({
      doneSeconds: seconds,
      totalSeconds: this.#total,
      elapsedMs: performance.now() - this.#startedMs,
    });
  }
}
