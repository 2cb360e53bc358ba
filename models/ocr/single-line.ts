import type { Raster } from '../core/page.ts';

/** Taller images are searched, however wide: close crops of the development data have up to 122 pixels. */
const HEIGHT_MAX = 128;
/** Narrower ones may be a stamp, a sign or a column. */
const RATIO_MIN = 1.3;
/** A row holds ink where its contrast is above this share of the strongest row's. */
const INK_SHARE = 0.2;
/** Bands of ink lower than this share of the image are dots, accents and strokes, not lines of their own. */
const BAND_SHARE = 0.15;

/**
 * True where an image is a crop of one line, so that searching for lines in it can only do harm: low, wider than high, and
 * with a single band of ink from top to bottom.
 */
export function looksLikeOneLine(page: Raster): boolean {
  const { width, height } = page;
  if (height > HEIGHT_MAX || width < RATIO_MIN * height) return false;
  return inkBands(rowContrasts(page), BAND_SHARE * height) <= 1;
}

/** Mean step of brightness from pixel to pixel, per row: what is written has edges, whatever its color. */
function rowContrasts({ width, height, rgb }: Raster): Float64Array {
  const contrasts = new Float64Array(height);
  for (let y = 0, at = 0; y < height; y++) {
    let sum = 0;
    let before = rgb[at]! + 2 * rgb[at + 1]! + rgb[at + 2]!;
    for (let x = 0; x < width; x++, at += 3) {
      const here = rgb[at]! + 2 * rgb[at + 1]! + rgb[at + 2]!;
      sum += Math.abs(here - before);
      before = here;
    }
    contrasts[y] = sum / width;
  }
  return contrasts;
}

/** Bands of rows with ink that are at least `heightMin` rows high. */
function inkBands(contrasts: Float64Array, heightMin: number): number {
  const threshold = INK_SHARE * Math.max(...contrasts);
  let bands = 0;
  let rows = 0;
  for (let y = 0; y <= contrasts.length; y++) {
    if (y < contrasts.length && contrasts[y]! > threshold) {
      rows++;
      continue;
    }
    if (rows >= heightMin) bands++;
    rows = 0;
  }
  return bands;
}
