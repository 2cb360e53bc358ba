import { Resampler } from '../../models/audio/resample.ts';
import { WAV_ALAW, WAV_FLOAT, WAV_MULAW, WAV_PCM, type WavDecoder, wavDecoder } from '../../models/audio/wav-codec.ts';
import { AppError } from '../../models/core/app-error.ts';
import { SAMPLE_RATE_HZ } from '../../models/core/limits.ts';

export type PcmFormat = 'pcm16' | 'float32' | 'pcmu' | 'pcma';

export interface PcmShape {
  readonly format: PcmFormat;
  readonly rateHz: number;
  readonly channels: number;
}

/** Sample types as WAV files name them. */
const CODECS: Readonly<Record<PcmFormat, readonly [format: number, bits: number]>> = {
  pcm16: [WAV_PCM, 16],
  float32: [WAV_FLOAT, 32],
  pcmu: [WAV_MULAW, 8],
  pcma: [WAV_ALAW, 8],
};

/** Beyond this a float is no audio, but integers that were not scaled, or noise. */
const SAMPLE_MAX = 2 ** 16;

/**
 * Bytes of raw audio to mono samples at 16 kHz. What comes out does not depend on how the bytes are cut, not even within a
 * sample.
 */
export class PcmDecoder {
  readonly #decoder: WavDecoder;
  readonly #resampler: Resampler | null;
  #rest: Uint8Array = new Uint8Array(0);
  #frames = 0;

  constructor({ format, rateHz, channels }: PcmShape) {
    const [code, bits] = CODECS[format];
    this.#decoder = wavDecoder(code, bits, channels, (bits / 8) * channels, true)!;
    this.#resampler = rateHz === SAMPLE_RATE_HZ ? null : new Resampler(rateHz, SAMPLE_RATE_HZ);
  }

  /** Throws audio_corrupt for a float that is no sample. */
  push(bytes: Uint8Array): Float32Array {
    const { unitBytes } = this.#decoder;
    const joined = this.#rest.length === 0 ? bytes : joinBytes(this.#rest, bytes);
    const whole = joined.length - (joined.length % unitBytes);
    this.#rest = joined.slice(whole);
    const mono = this.#decoder.decode(joined.subarray(0, whole));
    for (let i = 0; i < mono.length; i++) {
      // NaN fails the comparison as well.
      if (!(Math.abs(mono[i]!) <= SAMPLE_MAX)) {
        throw new AppError('audio_corrupt', `Sample ${this.#frames + i} is ${mono[i]}, which is no audio.`);
      }
    }
    this.#frames += mono.length;
    return this.#resampler === null ? mono : this.#resampler.push(mono);
  }

  /** The rest of the resampler's window, as if silence followed. */
  end(): Float32Array {
    return this.#resampler?.end() ?? new Float32Array(0);
  }
}

function joinBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
