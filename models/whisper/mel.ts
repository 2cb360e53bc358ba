import { HOP_SAMPLES, SAMPLE_RATE_HZ } from '../core/limits.ts';

/** Window of the short-time Fourier transform: 25 ms. */
const FFT_SAMPLES = 400;
/** Bins of a real transform. */
const BINS = FFT_SAMPLES / 2 + 1;
/** Floor of a mel power before its logarithm, as in the reference. */
const POWER_MIN = 1e-10;

export interface LogMel {
  /** [nMels, frames] row-major. */
  readonly mel: Float32Array;
  /** Frames whose transform window touches a sample that was given; the rest hold `padding`. */
  readonly realFrames: number;
  /** The value of a frame of pure padding. */
  readonly padding: number;
}

export interface LogMelOptions {
  /** Frames of 10 ms wanted; Whisper's window has 3000. */
  readonly frames: number;
  /**
   * What stands behind the audio. `silence` (default): what zero samples give, as in training and in the reference's
   * single-window decoding. `zero`: the value 0 from the last whole frame on, as the reference's and faster-whisper's
   * long-form loops pad a last window.
   */
  readonly padding?: 'silence' | 'zero';
}

/**
 * Log-mel spectrogram as Whisper was trained on (openai/whisper, `whisper/audio.py`): periodic Hann window of 400, hop
 * 160, reflected at the ends, power, Slaney's mel filters, log10 floored at 1e-10, then at 8 below the maximum, then
 * (x + 4) / 4. Reuses its buffers: one instance per thread.
 */
export class MelSpectrogram {
  readonly nMels: number;
  readonly #filters: SparseFilters;
  readonly #hann: Float64Array;
  readonly #fft = new Fft400();
  readonly #power = new Float64Array(2 * BINS);

  /** 80 or 128 in known models; any number is computed. */
  constructor(nMels: number) {
    this.nMels = nMels;
    this.#filters = melFilters(nMels);
    this.#hann = Float64Array.from(
      { length: FFT_SAMPLES },
      (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / FFT_SAMPLES),
    );
  }

  /**
   * `samples`: 16 kHz mono, at most frames * 160 (more is cut off). The result equals the reference's for the samples
   * padded with zeros to frames * 160; frames that see padding alone are filled, not computed.
   */
  logMel(samples: Float32Array, options: LogMelOptions): LogMel {
    const { frames } = options;
    const { nMels } = this;
    const used = Math.min(samples.length, frames * HOP_SAMPLES);
    const padded = this.#padded(samples, used, frames);
    // Frame t covers samples t * 160 - 200 .. t * 160 + 199.
    const realFrames = used === 0 ? 0 : Math.min(frames, Math.floor((used - 1 + FFT_SAMPLES / 2) / HOP_SAMPLES) + 1);
    const mel = new Float32Array(nMels * frames);
    let max = Math.log10(POWER_MIN);
    for (let t = 0; t < realFrames; t += 2) {
      this.#powers(padded, t);
      max = Math.max(max, this.#column(mel, frames, t, 0));
      if (t + 1 < realFrames) max = Math.max(max, this.#column(mel, frames, t + 1, BINS));
    }
    const floor = max - 8;
    const zeros = options.padding === 'zero';
    const padding = zeros ? 0 : (Math.max(Math.log10(POWER_MIN), floor) + 4) / 4;
    const kept = zeros ? Math.min(realFrames, Math.floor(used / HOP_SAMPLES)) : realFrames;
    for (let m = 0; m < nMels; m++) {
      const row = mel.subarray(m * frames, (m + 1) * frames);
      for (let t = 0; t < kept; t++) row[t] = (Math.max(row[t]!, floor) + 4) / 4;
      row.fill(padding, kept);
    }
    return { mel, realFrames: kept, padding };
  }

  /** Samples with 200 reflected before, and behind them zeros, or their reflection where they fill the window. */
  #padded(samples: Float32Array, used: number, frames: number): Float64Array {
    const half = FFT_SAMPLES / 2;
    const total = frames * HOP_SAMPLES;
    const needed = Math.min(total + 2 * half, used + half + 3 * FFT_SAMPLES);
    const padded = new Float64Array(needed);
    for (let i = 0; i < used; i++) padded[half + i] = samples[i]!;
    const at = (i: number): number => (i < used ? samples[i]! : 0);
    for (let i = 1; i <= half; i++) {
      padded[half - i] = at(i);
      const behind = half + total - 1 + i;
      if (behind < needed) padded[behind] = at(total - 1 - i);
    }
    return padded;
  }

  /** Powers of frames t and t + 1, by one complex transform of both. */
  #powers(padded: Float64Array, t: number): void {
    const { re, im } = this.#fft;
    const hann = this.#hann;
    const start = t * HOP_SAMPLES;
    for (let i = 0; i < FFT_SAMPLES; i++) {
      const w = hann[i]!;
      const next = start + HOP_SAMPLES + i;
      re[i] = padded[start + i]! * w;
      im[i] = next < padded.length ? padded[next]! * w : 0;
    }
    this.#fft.transform();
    const out = this.#fft;
    const power = this.#power;
    for (let k = 0; k < BINS; k++) {
      const j = k === 0 ? 0 : FFT_SAMPLES - k;
      const a = out.re[k]!;
      const b = out.im[k]!;
      const c = out.re[j]!;
      const d = out.im[j]!;
      // For x + iy with real x, y: X = (Z[k] + conj Z[-k]) / 2, Y = (Z[k] - conj Z[-k]) / 2i.
      power[k] = ((a + c) * (a + c) + (b - d) * (b - d)) / 4;
      power[BINS + k] = ((a - c) * (a - c) + (b + d) * (b + d)) / 4;
    }
  }

  /** Writes log10 mel powers of one frame; returns the largest. */
  #column(mel: Float32Array, frames: number, t: number, powerAt: number): number {
    const { starts, ends, offsets, weights } = this.#filters;
    const power = this.#power;
    let max = Number.NEGATIVE_INFINITY;
    for (let m = 0; m < starts.length; m++) {
      const start = starts[m]!;
      const end = ends[m]!;
      const offset = offsets[m]! - start;
      let sum = 0;
      for (let k = start; k < end; k++) sum += power[powerAt + k]! * weights[offset + k]!;
      const log = Math.log10(Math.max(sum, POWER_MIN));
      if (log > max) max = log;
      mel[m * frames + t] = log;
    }
    return max;
  }
}

/** Nonzero part of each filter: bins starts[m] .. ends[m] - 1, weights from offsets[m]. */
interface SparseFilters {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly offsets: Int32Array;
  readonly weights: Float64Array;
}

/** Triangular filters with equal areas on Slaney's mel scale (Auditory Toolbox, 1998), 0 to 8 kHz. */
function melFilters(nMels: number): SparseFilters {
  const starts = new Int32Array(nMels);
  const ends = new Int32Array(nMels);
  const offsets = new Int32Array(nMels);
  const weights: number[] = [];
  const top = hzToMel(SAMPLE_RATE_HZ / 2);
  const edge = (i: number): number => melToHz((top * i) / (nMels + 1));
  for (let m = 0; m < nMels; m++) {
    const [low, center, high] = [edge(m), edge(m + 1), edge(m + 2)];
    offsets[m] = weights.length;
    let start = -1;
    let end = 0;
    for (let k = 0; k < BINS; k++) {
      const hz = (k * SAMPLE_RATE_HZ) / FFT_SAMPLES;
      const weight = Math.min((hz - low) / (center - low), (high - hz) / (high - center));
      if (weight <= 0) continue;
      if (start < 0) start = k;
      end = k + 1;
      weights.push(Math.fround((weight * 2) / (high - low)));
    }
    starts[m] = Math.max(start, 0);
    ends[m] = end;
  }
  return { starts, ends, offsets, weights: Float64Array.from(weights) };
}

/** Slaney's scale: linear below 1 kHz (15 mels), logarithmic above (27 steps to 6.4 kHz). */
const HZ_PER_MEL = 200 / 3;
const LOG_STEP = Math.log(6.4) / 27;

function hzToMel(hz: number): number {
  return hz < 1000 ? hz / HZ_PER_MEL : 15 + Math.log(hz / 1000) / LOG_STEP;
}

function melToHz(mel: number): number {
  return mel < 15 ? mel * HZ_PER_MEL : 1000 * Math.exp((mel - 15) * LOG_STEP);
}

/**
 * Complex Fourier transform of 400 points = 4 * 4 * 5 * 5, Stockham's order (each pass reads one buffer in order of the
 * next), so nothing is permuted. Input and output stand in `re` and `im`.
 */
class Fft400 {
  re = new Float64Array(FFT_SAMPLES);
  im = new Float64Array(FFT_SAMPLES);
  #re2 = new Float64Array(FFT_SAMPLES);
  #im2 = new Float64Array(FFT_SAMPLES);
  readonly #cos = Float64Array.from({ length: FFT_SAMPLES }, (_, i) => Math.cos((2 * Math.PI * i) / FFT_SAMPLES));
  readonly #sin = Float64Array.from({ length: FFT_SAMPLES }, (_, i) => -Math.sin((2 * Math.PI * i) / FFT_SAMPLES));

  transform(): void {
    // n points in each of s interleaved transforms; n * s = 400.
    pass4(this.re, this.im, this.#re2, this.#im2, 400, 1, this.#cos, this.#sin);
    pass4(this.#re2, this.#im2, this.re, this.im, 100, 4, this.#cos, this.#sin);
    pass5(this.re, this.im, this.#re2, this.#im2, 25, 16, this.#cos, this.#sin);
    pass5(this.#re2, this.#im2, this.re, this.im, 5, 80, this.#cos, this.#sin);
  }
}

type Reals = Float64Array;

/** One radix-4 pass: s interleaved transforms of n points become 4 s of n / 4. */
function pass4(xr: Reals, xi: Reals, yr: Reals, yi: Reals, n: number, s: number, cos: Reals, sin: Reals): void {
  const m = n / 4;
  for (let p = 0; p < m; p++) {
    // Twiddles w^p, w^2p, w^3p with w = exp(-2 pi i / n); s = 400 / n.
    const c1 = cos[p * s]!;
    const s1 = sin[p * s]!;
    const c2 = cos[2 * p * s]!;
    const s2 = sin[2 * p * s]!;
    const c3 = cos[3 * p * s]!;
    const s3 = sin[3 * p * s]!;
    for (let q = 0; q < s; q++) {
      const i0 = q + s * p;
      const i1 = i0 + s * m;
      const i2 = i1 + s * m;
      const i3 = i2 + s * m;
      const ar = xr[i0]! + xr[i2]!;
      const ai = xi[i0]! + xi[i2]!;
      const br = xr[i0]! - xr[i2]!;
      const bi = xi[i0]! - xi[i2]!;
      const cr = xr[i1]! + xr[i3]!;
      const ci = xi[i1]! + xi[i3]!;
      const dr = xi[i1]! - xi[i3]!;
      const di = xr[i3]! - xr[i1]!;
      const o = q + s * 4 * p;
      yr[o] = ar + cr;
      yi[o] = ai + ci;
      const ur = br + dr;
      const ui = bi + di;
      yr[o + s] = ur * c1 - ui * s1;
      yi[o + s] = ur * s1 + ui * c1;
      const vr = ar - cr;
      const vi = ai - ci;
      yr[o + 2 * s] = vr * c2 - vi * s2;
      yi[o + 2 * s] = vr * s2 + vi * c2;
      const wr = br - dr;
      const wi = bi - di;
      yr[o + 3 * s] = wr * c3 - wi * s3;
      yi[o + 3 * s] = wr * s3 + wi * c3;
    }
  }
}

const C1 = Math.cos((2 * Math.PI) / 5);
const C2 = Math.cos((4 * Math.PI) / 5);
const S1 = Math.sin((2 * Math.PI) / 5);
const S2 = Math.sin((4 * Math.PI) / 5);

/** One radix-5 pass, as pass4. */
function pass5(xr: Reals, xi: Reals, yr: Reals, yi: Reals, n: number, s: number, cos: Reals, sin: Reals): void {
  const m = n / 5;
  for (let p = 0; p < m; p++) {
    for (let q = 0; q < s; q++) {
      const i0 = q + s * p;
      const i1 = i0 + s * m;
      const i2 = i1 + s * m;
      const i3 = i2 + s * m;
      const i4 = i3 + s * m;
      const ar = xr[i1]! + xr[i4]!;
      const ai = xi[i1]! + xi[i4]!;
      const br = xr[i1]! - xr[i4]!;
      const bi = xi[i1]! - xi[i4]!;
      const cr = xr[i2]! + xr[i3]!;
      const ci = xi[i2]! + xi[i3]!;
      const dr = xr[i2]! - xr[i3]!;
      const di = xi[i2]! - xi[i3]!;
      const er = xr[i0]! + C1 * ar + C2 * cr;
      const ei = xi[i0]! + C1 * ai + C2 * ci;
      const fr = xr[i0]! + C2 * ar + C1 * cr;
      const fi = xi[i0]! + C2 * ai + C1 * ci;
      const gr = S1 * bi + S2 * di;
      const gi = -(S1 * br + S2 * dr);
      const hr = S2 * bi - S1 * di;
      const hi = -(S2 * br - S1 * dr);
      const o = q + s * 5 * p;
      yr[o] = xr[i0]! + ar + cr;
      yi[o] = xi[i0]! + ai + ci;
      turn(yr, yi, o + s, er + gr, ei + gi, cos[p * s]!, sin[p * s]!);
      turn(yr, yi, o + 2 * s, fr + hr, fi + hi, cos[2 * p * s]!, sin[2 * p * s]!);
      turn(yr, yi, o + 3 * s, fr - hr, fi - hi, cos[3 * p * s]!, sin[3 * p * s]!);
      turn(yr, yi, o + 4 * s, er - gr, ei - gi, cos[4 * p * s]!, sin[4 * p * s]!);
    }
  }
}

/** y[at] = (re + i im) * (c + i s). */
function turn(yr: Reals, yi: Reals, at: number, re: number, im: number, c: number, s: number): void {
  yr[at] = re * c - im * s;
  yi[at] = re * s + im * c;
}
