import type { Raster } from '../core/page.ts';

/** Quarter turns clockwise, in degrees. */
export type Turn = 0 | 90 | 180 | 270;

/** The page turned clockwise; the same object where nothing is to be turned. */
export function turnedRaster(page: Raster, turn: Turn): Raster {
  if (turn === 0) return page;
  const { width, height, rgb } = page;
  const sideways = turn !== 180;
  const out = new Uint8Array(rgb.length);
  const outWidth = sideways ? height : width;
  // Where the page's first pixel goes, and by how many pixels its right and lower neighbors are away from it there.
  const origin = turn === 90 ? height - 1 : turn === 180 ? width * height - 1 : (width - 1) * outWidth;
  const stepX = turn === 90 ? outWidth : turn === 180 ? -1 : -outWidth;
  const stepY = turn === 90 ? -1 : turn === 180 ? -outWidth : 1;
  let from = 0;
  for (let y = 0; y < height; y++) {
    let to = 3 * (origin + y * stepY);
    for (let x = 0; x < width; x++, from += 3, to += 3 * stepX) {
      out[to] = rgb[from]!;
      out[to + 1] = rgb[from + 1]!;
      out[to + 2] = rgb[from + 2]!;
    }
  }
  return { width: outWidth, height: sideways ? width : height, rgb: out };
}
