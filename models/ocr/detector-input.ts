import type { Raster } from '../core/page.ts';
import { DETECT_SIDE_MAX } from './limits.ts';

/** The network halves its input five times. */
const SIDE_STEP = 32;
/** Pages with a shorter side below it are enlarged to it: RapidOCR's `limit_side_len` with `limit_type: min`. */
const SHORT_SIDE_MIN = 736;

/**
 * Size at which a page is shown to the detector: the shorter side at least 736, then the longer side at most
 * DETECT_SIDE_MAX, both rounded to multiples of 32 (so pages of one scanner share a tensor shape).
 */
export function detectSize(page: { readonly width: number; readonly height: number }): {
  readonly width: number;
  readonly height: number;
} {
  const short = Math.min(page.width, page.height);
  const long = Math.max(page.width, page.height);
  const scale = Math.min(Math.max(1, SHORT_SIDE_MIN / short), DETECT_SIDE_MAX / long);
  const step = (side: number): number => Math.max(SIDE_STEP, Math.round((side * scale) / SIDE_STEP) * SIDE_STEP);
  return { width: step(page.width), height: step(page.height) };
}

/**
 * The page at `width` x `height` as the models want it: planes blue, green, red, values -1..1. A triangle filter whose
 * width grows with the reduction: equal to bilinear interpolation where the page is enlarged, and an average without
 * aliasing where it is reduced.
 *
 * @param out [3 * height * width], overwritten
 */
export function fillDetectorInput(page: Raster, width: number, height: number, out: Float32Array): void {
  const columns = triangleTaps(page.width, width);
  const rows = triangleTaps(page.height, height);
  const rowLength = 3 * width;
  // Source rows, reduced sideways once each, wait in a ring until no output row needs them.
  const ring = new Float32Array(rows.count * rowLength);
  const plane = width * height;
  const sum = new Float32Array(rowLength);
  let ready = 0;
  for (let y = 0; y < height; y++) {
    const first = rows.first[y]!;
    const end = Math.min(page.height, first + rows.count);
    for (ready = Math.max(ready, first); ready < end; ready++) {
      squeezeRow(page, ready, columns, width, ring, (ready % rows.count) * rowLength);
    }
    sum.fill(0);
    for (let source = first; source < end; source++) {
      const weight = rows.weights[y * rows.count + source - first]!;
      if (weight === 0) continue;
      const at = (source % rows.count) * rowLength;
      for (let i = 0; i < rowLength; i++) sum[i]! += weight * ring[at + i]!;
    }
    const row = y * width;
    for (let x = 0; x < width; x++) {
      out[2 * plane + row + x] = sum[3 * x]! * TO_UNIT - 1;
      out[plane + row + x] = sum[3 * x + 1]! * TO_UNIT - 1;
      out[row + x] = sum[3 * x + 2]! * TO_UNIT - 1;
    }
  }
}

/** 0..255 to 0..2: (value / 255 - 0.5) / 0.5 is this minus 1. */
const TO_UNIT = 2 / 255;

/** Weights of one direction: output i is the sum of weights[i * count + j] * source[first[i] + j]. */
interface Taps {
  readonly count: number;
  readonly first: Int32Array;
  readonly weights: Float32Array;
}

function triangleTaps(from: number, to: number): Taps {
  const scale = from / to;
  const half = Math.max(1, scale);
  const count = Math.min(from, Math.ceil(2 * half) + 1);
  const first = new Int32Array(to);
  const weights = new Float32Array(to * count);
  for (let i = 0; i < to; i++) {
    const center = (i + 0.5) * scale - 0.5;
    const start = Math.min(Math.max(0, Math.ceil(center - half)), from - count);
    first[i] = start;
    let total = 0;
    for (let j = 0; j < count; j++) {
      const weight = Math.max(0, 1 - Math.abs(start + j - center) / half);
      weights[i * count + j] = weight;
      total += weight;
    }
    for (let j = 0; j < count; j++) weights[i * count + j]! /= total;
  }
  return { count, first, weights };
}

function squeezeRow(page: Raster, y: number, columns: Taps, width: number, out: Float32Array, at: number): void {
  const { count, first, weights } = columns;
  const { rgb } = page;
  const row = y * page.width * 3;
  for (let x = 0; x < width; x++) {
    let source = row + 3 * first[x]!;
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let j = x * count; j < (x + 1) * count; j++) {
      const weight = weights[j]!;
      red += weight * rgb[source]!;
      green += weight * rgb[source + 1]!;
      blue += weight * rgb[source + 2]!;
      source += 3;
    }
    out[at++] = red;
    out[at++] = green;
    out[at++] = blue;
  }
}
