/**
 * Columns of upright characters (vertical Chinese and Japanese), laid down as a line: the column is cut into equal cells,
 * and the cells stand beside each other. The network was taught lines; characters that lie on their side it reads less well.
 */
import type { Quad, Raster } from '../core/page.ts';
import { LINE_WIDTH_MAX } from './limits.ts';
import { LINE_HEIGHT, type LineStrip, quadStrip } from './line-crop.ts';
import { turnedQuad } from './quad.ts';

/** Cells between these heights, in widths of the column, are tried; the one whose cuts meet least ink wins. */
const CELL_MIN = 0.7;
const CELL_MAX = 1.5;

/** @param quad the column, begun at its top left as it stands on the page */
export function columnStrip(page: Raster, quad: Quad): LineStrip {
  const cells = cellCount(page, quad);
  const parts = Array.from({ length: cells }, (_, cell) =>
    quadStrip(page, part(quad, cell / cells, (cell + 1) / cells)),
  );
  // Equal cells have equal widths but for rounding; all take the first one's.
  const cellWidth = Math.max(1, Math.min(parts[0]!.width, Math.floor(LINE_WIDTH_MAX / cells)));
  return {
    width: cells * cellWidth,
    draw(out, offset, planeSize, rowSize, width) {
      parts.forEach((strip, cell) => {
        const from = Math.round((cell * width) / cells);
        const to = Math.round(((cell + 1) * width) / cells);
        if (to > from) strip.draw(out, offset + from, planeSize, rowSize, to - from);
      });
    },
  };
}

/** How many characters stand in the column, as far as gaps tell. */
function cellCount(page: Raster, quad: Quad): number {
  const lying = quadStrip(page, turnedQuad(quad, 1));
  const length = lying.width;
  const ink = inkAlong(lying, length);
  const fewest = Math.max(1, Math.ceil(length / (CELL_MAX * LINE_HEIGHT)));
  const most = Math.max(fewest, Math.floor(length / (CELL_MIN * LINE_HEIGHT)));
  let best = fewest;
  let bestInk = Number.POSITIVE_INFINITY;
  for (let cells = fewest; cells <= most; cells++) {
    let sum = 0;
    for (let cut = 1; cut < cells; cut++) sum += ink[Math.round((cut * length) / cells)]!;
    const mean = cells > 1 ? sum / (cells - 1) : ink[Math.floor(length / 2)]!;
    if (mean < bestInk) {
      best = cells;
      bestInk = mean;
    }
  }
  return best;
}

/** Contrast across the column at each pixel along it. */
function inkAlong(lying: LineStrip, length: number): Float32Array {
  const plane = LINE_HEIGHT * length;
  const pixels = new Float32Array(3 * plane);
  lying.draw(pixels, 0, plane, length, length);
  const ink = new Float32Array(length);
  for (let y = 1; y < LINE_HEIGHT; y++) {
    const row = plane + y * length;
    for (let x = 0; x < length; x++) ink[x]! += Math.abs(pixels[row + x]! - pixels[row - length + x]!);
  }
  return ink;
}

/** The stretch of a quad between two shares of its left and right side. */
function part(quad: Quad, from: number, to: number): Quad {
  const [x0, y0, x1, y1, x2, y2, x3, y3] = quad;
  return [
    x0 + from * (x3 - x0),
    y0 + from * (y3 - y0),
    x1 + from * (x2 - x1),
    y1 + from * (y2 - y1),
    x1 + to * (x2 - x1),
    y1 + to * (y2 - y1),
    x0 + to * (x3 - x0),
    y0 + to * (y3 - y0),
  ];
}
