import { AppError } from '../core/app-error.ts';
import { AUDIO_SECONDS_MAX, SAMPLE_RATE_HZ } from '../core/limits.ts';
import type { Warning } from '../core/transcript.ts';
import { type ByteInput, ByteReader } from './byte-reader.ts';
import { openAac, openM4a } from './ffmpeg-reader.ts';
import { openFlac } from './flac-reader.ts';
import { openMp3 } from './mp3-reader.ts';
import { openOgg } from './ogg-reader.ts';
import { type AudioFormat, corrupt, type OpenContext, type PcmStream, reportTruncated, seconds } from './pcm-stream.ts';
import { Resampler } from './resample.ts';
import { sniff } from './sniff.ts';
import { openWav } from './wav-reader.ts';
import { openWebm } from './webm-reader.ts';

export interface AudioOptions {
  /** Go on with a file that ends early, and warn, where it would fail otherwise. */
  readonly allowTruncated?: boolean;
  /** Longest audio, in decoded seconds. */
  readonly secondsMax?: number;
  readonly signal?: AbortSignal;
  /** The user's own ffmpeg, for AAC and M4A. */
  readonly ffmpegPath?: string;
}

export interface AudioSource {
  readonly format: AudioFormat;
  readonly codec: string;
  /** Rate and channels in the file; chunks are 16 kHz mono in any case. Opus has no rate, and is decoded at 16 kHz. */
  readonly sampleRateHz: number;
  readonly channels: number;
  /** Length that the file itself promises; null where it promises none. */
  readonly declaredSeconds: number | null;
  /** Grows while chunks are read. Codes: audio_truncated, audio_damaged, audio_extra_bytes. */
  readonly warnings: readonly Warning[];
  /**
   * 16 kHz mono samples in -1..1, in pieces of any length; can be read once. Throws AppError audio_corrupt,
   * audio_truncated, audio_empty, audio_too_long, canceled.
   */
  chunks(): AsyncIterable<Float32Array>;
  /** Lets go of file, decoder and child process. Reading all chunks, or leaving their loop, does so as well. */
  close(): Promise<void>;
}

/** A sample beyond this is no audio: float files may overshoot 1, and some hold 16- or 32-bit integers unscaled. */
const SAMPLE_MAX = 2 ** 32;

/**
 * Opens audio of any kind by its content: WAV, FLAC, MP3, Ogg (Opus, Vorbis, FLAC), WebM (Opus), and AAC or M4A through
 * the user's ffmpeg. Memory stays bounded whatever the length. Throws AppError file_not_found, file_is_directory,
 * file_unreadable, file_empty, audio_unrecognized, audio_unsupported, audio_corrupt, audio_truncated, audio_empty,
 * audio_too_long, ffmpeg_missing, canceled.
 */
export async function openAudio(input: ByteInput, options: AudioOptions = {}): Promise<AudioSource> {
  checkSignal(options.signal);
  const reader = await ByteReader.open(input, options.signal);
  try {
    const context: OpenContext = {
      reader,
      allowTruncated: options.allowTruncated ?? false,
      warnings: [],
      signal: options.signal,
      ffmpegPath: options.ffmpegPath ?? 'ffmpeg',
    };
    const stream = await openStream(context);
    const secondsMax = options.secondsMax ?? AUDIO_SECONDS_MAX;
    const declaredSeconds = stream.declaredFrames === null ? null : stream.declaredFrames / stream.sampleRateHz;
    if (declaredSeconds !== null && declaredSeconds > secondsMax) {
      stream.free();
      throw tooLong(context, secondsMax, `says it is ${declaredSeconds.toFixed(1)} s long`);
    }
    let started = false;
    const close = async (): Promise<void> => {
      stream.free();
      await reader.close();
    };
    return {
      format: stream.format,
      codec: stream.codec,
      sampleRateHz: stream.sampleRateHz,
      channels: stream.channels,
      declaredSeconds,
      warnings: context.warnings,
      chunks() {
        if (started) throw new Error('the chunks of an audio source can be read once');
        started = true;
        return resampled(context, stream, secondsMax, close);
      },
      close,
    };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

async function openStream(context: OpenContext): Promise<PcmStream> {
  const { reader } = context;
  const kind = await sniff(reader);
  const atEnd = (await reader.peek(1)).length === 0;
  if (atEnd && reader.position === 0) throw new AppError('file_empty', `${reader.name} holds no bytes`);
  try {
    if (kind === 'wav') return await openWav(context);
    if (kind === 'flac') return await openFlac(context);
    if (kind === 'mp3') return await openMp3(context);
    if (kind === 'ogg') return await openOgg(context);
    if (kind === 'webm') return await openWebm(context);
    if (kind === 'm4a') return await openM4a(context);
    if (kind === 'aac') return await openAac(context);
  } catch (error) {
    throw AppError.from(error, 'audio_corrupt');
  }
  const found = kind === 'text' ? 'is text, not audio' : 'is no audio that can be read here';
  throw new AppError('audio_unrecognized', `${reader.name} ${found}`);
}

async function* resampled(
  context: OpenContext,
  stream: PcmStream,
  secondsMax: number,
  close: () => Promise<void>,
): AsyncGenerator<Float32Array> {
  const rate = stream.sampleRateHz;
  const resampler = rate === SAMPLE_RATE_HZ ? null : new Resampler(rate, SAMPLE_RATE_HZ);
  const framesMax = secondsMax * rate;
  let frames = 0;
  try {
    for await (const block of stream.blocks()) {
      checkSignal(context.signal);
      checkSamples(context, block, frames);
      frames += block.length;
      if (frames > framesMax) throw tooLong(context, secondsMax, 'goes on');
      const out = resampler ? resampler.push(block) : block;
      if (out.length > 0) yield out;
    }
    checkSignal(context.signal);
    checkLength(context, stream, frames);
    const rest = resampler?.end();
    if (rest && rest.length > 0) yield rest;
  } catch (error) {
    throw AppError.from(error, 'audio_corrupt');
  } finally {
    await close();
  }
}

function checkLength(context: OpenContext, stream: PcmStream, frames: number): void {
  const { declaredFrames, sampleRateHz, slackFrames } = stream;
  if (declaredFrames !== null && frames + slackFrames < declaredFrames) {
    reportTruncated(
      context,
      `${context.reader.name} is not whole: it promises ${seconds(declaredFrames, sampleRateHz)}, ` +
        `${seconds(frames, sampleRateHz)} could be decoded`,
    );
  }
  if (frames > 0) return;
  if ((declaredFrames ?? 0) > 0 || context.warnings.length > 0) throw corrupt(context, 'no audio in it can be decoded');
  throw new AppError('audio_empty', `${context.reader.name} has no samples`);
}

function checkSamples(context: OpenContext, block: Float32Array, framesBefore: number): void {
  for (let i = 0; i < block.length; i++) {
    const sample = block[i]!;
    // NaN fails the comparison as well.
    if (!(sample <= SAMPLE_MAX && sample >= -SAMPLE_MAX)) {
      throw corrupt(context, `sample ${framesBefore + i} is ${sample}, which is no audio`);
    }
  }
}

function tooLong(context: OpenContext, secondsMax: number, what: string): AppError {
  return new AppError('audio_too_long', `${context.reader.name} ${what}; the limit is ${secondsMax} s`);
}

function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AppError('canceled', 'Reading the audio was canceled', { cause: signal.reason });
}
