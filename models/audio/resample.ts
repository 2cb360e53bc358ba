/**
 * Polyphase windowed-sinc resampling, streaming. The low-pass ends its stop band at the lower Nyquist frequency, so
 * nothing folds back: pass band to 91% of it, stop band 80 dB down (Kaiser's window: J. F. Kaiser, 1974; the formulas
 * for its shape and length as in Oppenheim and Schafer, Discrete-Time Signal Processing, section 7.6).
 */

/** Stop-band rejection; 16-bit audio has 96 dB, and a mel filter sums a little of it: 80 dB is out of hearing. */
const STOP_DB = 86;
/** Width of the transition, as a share of the lower Nyquist frequency. */
const TRANSITION = 0.09;
/**
 * Most phases that are tabulated. Ratios with more (odd rates such as 44,101 Hz) interpolate linearly between this many,
 * which is exact to below -100 dB, and keeps any rate's table small.
 */
const PHASES_MAX = 640;

/** Converts mono audio from one rate to another. Output does not depend on how the input is cut. */
export class Resampler {
  readonly #up: number;
  readonly #down: number;
  readonly #taps: number;
  readonly #phases: number;
  /** [phases + 1, taps]: row p is the filter for an output that lies p / phases of an input sample past its base. */
  readonly #table: Float64Array;
  /** Input from sample #base on; taps before sample 0 are zeros. */
  #window: Float64Array;
  #filled: number;
  #base: number;
  #inputFrames = 0;
  #outputFrames = 0;

  constructor(fromHz: number, toHz: number) {
    const divisor = gcd(fromHz, toHz);
    this.#up = toHz / divisor;
    this.#down = fromHz / divisor;
    const nyquist = Math.min(fromHz, toHz) / (2 * fromHz);
    const width = TRANSITION * nyquist;
    const half = Math.ceil((STOP_DB - 7.95) / (2.285 * 2 * Math.PI * width) / 2);
    this.#taps = 2 * half;
    this.#phases = Math.min(this.#up, PHASES_MAX);
    this.#table = filterTable(half, this.#phases, nyquist - width / 2);
    // The output at input time 0 needs `half` taps on either side.
    this.#base = -(half - 1);
    this.#filled = half - 1;
    this.#window = new Float64Array(Math.max(4 * this.#taps, 8192));
  }

  /** Samples that the input so far decides. */
  push(samples: Float32Array): Float32Array {
    this.#inputFrames += samples.length;
    this.#append(samples);
    const end = this.#base + this.#filled;
    const last = Math.ceil(((end - this.#taps / 2) * this.#up) / this.#down);
    return this.#produce(Math.max(0, last - this.#outputFrames));
  }

  /** The rest, as if zeros followed. In all, ceil(input frames * to / from) samples come out. */
  end(): Float32Array {
    const total = Math.ceil((this.#inputFrames * this.#up) / this.#down);
    this.#append(new Float32Array(this.#taps));
    return this.#produce(total - this.#outputFrames);
  }

  #append(samples: Float32Array): void {
    const needed = this.#filled + samples.length;
    if (needed > this.#window.length) {
      const larger = new Float64Array(needed * 2);
      larger.set(this.#window.subarray(0, this.#filled));
      this.#window = larger;
    }
    this.#window.set(samples, this.#filled);
    this.#filled = needed;
  }

  #produce(count: number): Float32Array {
    const out = new Float32Array(count);
    const taps = this.#taps;
    const window = this.#window;
    const table = this.#table;
    const exact = this.#phases === this.#up;
    let start = 0;
    for (let n = 0; n < count; n++) {
      // Exact in doubles: 12 hours of output times the largest rate stays below 2 ** 53.
      const time = (this.#outputFrames + n) * this.#down;
      const whole = Math.floor(time / this.#up);
      const part = time - whole * this.#up;
      start = whole - (taps / 2 - 1) - this.#base;
      if (exact) {
        out[n] = dot(window, start, table, part * taps, taps);
      } else {
        const place = (part / this.#up) * this.#phases;
        const phase = Math.floor(place);
        const low = dot(window, start, table, phase * taps, taps);
        const high = dot(window, start, table, (phase + 1) * taps, taps);
        out[n] = low + (high - low) * (place - phase);
      }
    }
    this.#outputFrames += count;
    this.#drop();
    return out;
  }

  /** Forgets input that no later output needs. */
  #drop(): void {
    const whole = Math.floor((this.#outputFrames * this.#down) / this.#up);
    const unused = Math.min(whole - (this.#taps / 2 - 1) - this.#base, this.#filled);
    if (unused <= 0) return;
    this.#window.copyWithin(0, unused, this.#filled);
    this.#filled -= unused;
    this.#base += unused;
  }
}

function dot(window: Float64Array, start: number, table: Float64Array, row: number, taps: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let k = 0;
  for (; k + 3 < taps; k += 4) {
    a += window[start + k]! * table[row + k]!;
    b += window[start + k + 1]! * table[row + k + 1]!;
    c += window[start + k + 2]! * table[row + k + 2]!;
    d += window[start + k + 3]! * table[row + k + 3]!;
  }
  for (; k < taps; k++) a += window[start + k]! * table[row + k]!;
  return a + b + (c + d);
}

/** Rows for offsets 0, 1 / phases .. 1; `cutoff` in cycles per input sample. Each row sums to 1. */
function filterTable(half: number, phases: number, cutoff: number): Float64Array {
  const taps = 2 * half;
  const beta = 0.1102 * (STOP_DB - 8.7);
  const scale = 1 / bessel0(beta);
  const table = new Float64Array((phases + 1) * taps);
  for (let p = 0; p <= phases; p++) {
    let sum = 0;
    for (let k = 0; k < taps; k++) {
      const x = k - (half - 1) - p / phases;
      const edge = 1 - (x / half) ** 2;
      const sinc = x === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * x) / (Math.PI * x);
      const value = edge > 0 ? sinc * bessel0(beta * Math.sqrt(edge)) * scale : 0;
      table[p * taps + k] = value;
      sum += value;
    }
    for (let k = 0; k < taps; k++) table[p * taps + k]! /= sum;
  }
  return table;
}

/** Modified Bessel function of the first kind, order 0, by its power series. */
function bessel0(x: number): number {
  const quarter = (x * x) / 4;
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= quarter / (k * k);
    sum += term;
  }
  return sum;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
