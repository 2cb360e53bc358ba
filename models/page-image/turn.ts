import type { Raster } from '../core/page.ts';

/** Degrees clockwise. */
export type QuarterTurn = 0 | 90 | 180 | 270;

/** Side of the squares in which a quarter turn copies: both its rows and its columns stay in the cache. */
const TILE_PX = 32;

/** The page turned clockwise; for 0 the same object. Pixels are moved, never mixed. */
export function turnRaster(raster: Raster, degrees: QuarterTurn): Raster {
  if (degrees === 0) return raster;
  const { width, height, rgb } = raster;
  const turned = new Uint8Array(rgb.length);
  if (degrees === 180) {
    for (let from = 0, to = rgb.length - 3; to >= 0; from += 3, to -= 3) copyPixel(rgb, from, turned, to);
    return { width, height, rgb: turned };
  }
  // Clockwise, the pixel x, y goes to column height - 1 - y, row x; counterclockwise to column y, row width - 1 - x.
  const clockwise = degrees === 90;
  for (let top = 0; top < height; top += TILE_PX) {
    for (let left = 0; left < width; left += TILE_PX) {
      const bottom = Math.min(top + TILE_PX, height);
      const right = Math.min(left + TILE_PX, width);
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) {
          const to = clockwise ? x * height + (height - 1 - y) : (width - 1 - x) * height + y;
          copyPixel(rgb, (y * width + x) * 3, turned, to * 3);
        }
      }
    }
  }
  return { width: height, height: width, rgb: turned };
}

function copyPixel(source: Uint8Array, from: number, target: Uint8Array, to: number): void {
  target[to] = source[from]!;
  target[to + 1] = source[from + 1]!;
  target[to + 2] = source[from + 2]!;
}
