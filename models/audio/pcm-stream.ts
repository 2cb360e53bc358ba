import { AppError } from '../core/app-error.ts';
import type { Warning } from '../core/transcript.ts';
import type { ByteReader } from './byte-reader.ts';

export type AudioFormat = 'wav' | 'flac' | 'mp3' | 'ogg' | 'webm' | 'm4a' | 'aac';

/** Samples of one container, at its own rate, mixed to one channel. Between a container's reader and the resampler. */
export interface PcmStream {
  readonly format: AudioFormat;
  readonly codec: string;
  readonly sampleRateHz: number;
  /** Channels in the file; the blocks hold their mean. */
  readonly channels: number;
  /** Frames (samples per channel) that the container promises; null where it promises nothing. */
  readonly declaredFrames: number | null;
  /** How many frames fewer than declared are still no loss (encoder delay, rounded durations). */
  readonly slackFrames: number;
  /** Mono samples in -1..1, in order; runs once. */
  blocks(): AsyncIterable<Float32Array>;
  /** Ends decoders and child processes; may be called at any time, more than once. */
  free(): void;
}

/** What a container's reader works with. */
export interface OpenContext {
  readonly reader: ByteReader;
  readonly allowTruncated: boolean;
  readonly warnings: Warning[];
  readonly signal: AbortSignal | undefined;
  readonly ffmpegPath: string;
}

/** Fails with audio_truncated, or records it as a warning where the caller allows cut files. */
export function reportTruncated(context: OpenContext, message: string): void {
  if (!context.allowTruncated) throw new AppError('audio_truncated', message);
  warnOnce(context, 'audio_truncated', message);
}

export function warnOnce(context: OpenContext, code: string, message: string): void {
  if (!context.warnings.some((warning) => warning.code === code)) context.warnings.push({ code, message });
}

export function corrupt(context: OpenContext, what: string, cause?: unknown): AppError {
  return new AppError('audio_corrupt', `${context.reader.name}: ${what}`, cause === undefined ? {} : { cause });
}

export function unsupported(context: OpenContext, what: string): AppError {
  return new AppError('audio_unsupported', `${context.reader.name}: ${what}`);
}

/** Lowest and highest sample rates that any recorder writes; outside them a header is damaged or made up. */
export const RATE_MIN_HZ = 1_000;
export const RATE_MAX_HZ = 768_000;
/** Most channels: 64 covers every ambisonic and stage recorder; beyond it a header is damaged. */
export const CHANNELS_MAX = 64;

/** Throws audio_corrupt for a rate or channel count that no recording has. */
export function checkShape(context: OpenContext, sampleRateHz: number, channels: number): void {
  if (channels < 1 || channels > CHANNELS_MAX) {
    throw corrupt(context, `${channels} channels (1 to ${CHANNELS_MAX} can be read)`);
  }
  if (!(sampleRateHz >= RATE_MIN_HZ && sampleRateHz <= RATE_MAX_HZ)) {
    throw corrupt(context, `a sample rate of ${sampleRateHz} Hz (${RATE_MIN_HZ} to ${RATE_MAX_HZ} Hz can be read)`);
  }
}

/** Mean over channels. `frames` may be below the arrays' length. */
export function mixDown(channels: readonly Float32Array[], frames: number, gain = 1): Float32Array {
  const first = channels[0];
  if (!first) return new Float32Array(0);
  if (channels.length === 1 && gain === 1) return first.subarray(0, frames);
  const mono = new Float32Array(frames);
  const scale = gain / channels.length;
  for (let i = 0; i < frames; i++) {
    let sum = 0;
    for (let c = 0; c < channels.length; c++) sum += channels[c]![i]!;
    mono[i] = sum * scale;
  }
  return mono;
}

/**
 * Runs a decoder's synchronous call without its printing: the WASM decoders write to console.error on damaged input,
 * and hand back the same errors as values.
 */
export function quietly<T>(call: () => T): T {
  const print = console.error;
  console.error = () => {};
  try {
    return call();
  } finally {
    console.error = print;
  }
}

/** `12.34 s`, for messages. */
export function seconds(frames: number, sampleRateHz: number): string {
  return `${(frames / sampleRateHz).toFixed(2)} s`;
}
