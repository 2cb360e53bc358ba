/**
 * Lines cut out of a page, straight and at the height that the networks want. Cutting and resizing are one step: each
 * pixel of the strip is taken from where it lies on the page.
 */
import type { Quad, Raster } from '../core/page.ts';
import { LINE_WIDTH_MAX } from './limits.ts';
import { quadHeightPx, quadLengthPx } from './quad.ts';

/** Height of every line input of PP-OCR. */
export const LINE_HEIGHT = 48;

/** A line that can draw itself. */
export interface LineStrip {
  /** Width at LINE_HEIGHT that keeps the proportions; at most LINE_WIDTH_MAX. */
  readonly width: number;
  /**
   * Draws the strip `width` pixels wide into planes blue, green, red with values -1..1: pixel (x, y) of plane p goes to
   * out[offset + p * planeSize + y * rowSize + x]. What lies beside is left alone.
   */
  draw(out: Float32Array, offset: number, planeSize: number, rowSize: number, width: number): void;
}

/** The strip of a quad, which begins at the text's own top left. */
export function quadStrip(page: Raster, quad: Quad): LineStrip {
  // As RapidOCR cuts: whole pixels, at least one.
  const length = Math.max(1, Math.trunc(quadLengthPx(quad)));
  const height = Math.max(1, Math.trunc(quadHeightPx(quad)));
  const map = homography(length, height, quad);
  return {
    width: Math.min(LINE_WIDTH_MAX, Math.max(1, Math.ceil((LINE_HEIGHT * length) / height))),
    draw(out, offset, planeSize, rowSize, width) {
      drawMapped(page, map, { length, height, width }, out, offset, planeSize, rowSize);
    },
  };
}

/**
 * The projective map from a rectangle (0, 0) .. (length, height) to a quad (Heckbert 1989, section 2.2.3):
 * x = (a u + b v + c) / (g u + h v + 1), y = (d u + e v + f) / (g u + h v + 1).
 *
 * @returns a, b, c, d, e, f, g, h
 */
export function homography(length: number, height: number, quad: Quad): Float64Array {
  const [x0, y0, x1, y1, x2, y2, x3, y3] = quad;
  const dx1 = x1 - x2;
  const dx2 = x3 - x2;
  const dy1 = y1 - y2;
  const dy2 = y3 - y2;
  const sx = x0 - x1 + x2 - x3;
  const sy = y0 - y1 + y2 - y3;
  const cross = dx1 * dy2 - dx2 * dy1;
  // A quad without area maps to its own line; nothing can be read there, and nothing must break.
  const g = cross === 0 ? 0 : (sx * dy2 - dx2 * sy) / cross;
  const h = cross === 0 ? 0 : (dx1 * sy - sx * dy1) / cross;
  return Float64Array.of(
    (x1 - x0 + g * x1) / length,
    (x3 - x0 + h * x3) / height,
    x0,
    (y1 - y0 + g * y1) / length,
    (y3 - y0 + h * y3) / height,
    y0,
    g / length,
    h / height,
  );
}

/** Size of the cut at the page's own resolution, and how wide it is drawn. */
interface StripSize {
  readonly length: number;
  readonly height: number;
  readonly width: number;
}

/** At most that many samples per output pixel and direction: beyond, letters of a poster are smooth enough. */
const SAMPLES_MAX = 4;

/** Bilinear samples, averaged where the strip is smaller than its source. Pixels outside the page repeat its border. */
function drawMapped(
  page: Raster,
  map: Float64Array,
  { length, height, width }: StripSize,
  out: Float32Array,
  offset: number,
  planeSize: number,
  rowSize: number,
): void {
  const samplesX = Math.min(SAMPLES_MAX, Math.max(1, Math.round(length / width)));
  const samplesY = Math.min(SAMPLES_MAX, Math.max(1, Math.round(height / LINE_HEIGHT)));
  const stepU = length / width / samplesX;
  const stepV = height / LINE_HEIGHT / samplesY;
  const scale = 2 / 255 / (samplesX * samplesY);
  const row = new Float32Array(3 * width);
  for (let y = 0; y < LINE_HEIGHT; y++) {
    row.fill(0);
    for (let sample = 0; sample < samplesY; sample++) {
      const v = (y * samplesY + sample + 0.5) * stepV - 0.5;
      addMappedRow(page, map, v, stepU, samplesX, width, row);
    }
    const at = offset + y * rowSize;
    for (let x = 0; x < width; x++) {
      out[at + 2 * planeSize + x] = row[3 * x]! * scale - 1;
      out[at + planeSize + x] = row[3 * x + 1]! * scale - 1;
      out[at + x] = row[3 * x + 2]! * scale - 1;
    }
  }
}

function addMappedRow(
  page: Raster,
  map: Float64Array,
  v: number,
  stepU: number,
  samplesX: number,
  width: number,
  row: Float32Array,
): void {
  const { rgb } = page;
  const maxX = page.width - 1;
  const maxY = page.height - 1;
  const stride = 3 * page.width;
  const stepX = map[0]!;
  const stepY = map[3]!;
  const stepW = map[6]!;
  const atX = map[1]! * v + map[2]!;
  const atY = map[4]! * v + map[5]!;
  const atW = map[7]! * v + 1;
  const samples = width * samplesX;
  let u = 0.5 * stepU - 0.5;
  let slot = 0;
  let left = samplesX;
  for (let i = 0; i < samples; i++, u += stepU) {
    const w = 1 / (stepW * u + atW);
    const x = Math.min(Math.max((stepX * u + atX) * w, 0), maxX);
    const y = Math.min(Math.max((stepY * u + atY) * w, 0), maxY);
    const x0 = x | 0;
    const y0 = y | 0;
    const fx = x - x0;
    const fy = y - y0;
    const a = y0 * stride + 3 * x0;
    const b = x0 < maxX ? a + 3 : a;
    const down = y0 < maxY ? stride : 0;
    const wb = fx * (1 - fy);
    const wa = 1 - fy - wb;
    const wd = fx * fy;
    const wc = fy - wd;
    row[slot]! += wa * rgb[a]! + wb * rgb[b]! + wc * rgb[a + down]! + wd * rgb[b + down]!;
    row[slot + 1]! += wa * rgb[a + 1]! + wb * rgb[b + 1]! + wc * rgb[a + down + 1]! + wd * rgb[b + down + 1]!;
    row[slot + 2]! += wa * rgb[a + 2]! + wb * rgb[b + 2]! + wc * rgb[a + down + 2]! + wd * rgb[b + down + 2]!;
    if (--left === 0) {
      left = samplesX;
      slot += 3;
    }
  }
}
