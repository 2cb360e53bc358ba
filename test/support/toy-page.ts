/** Pages drawn without a decoder: rows of marks as text, and the text layer that would belong to them. */
import type { Raster } from '../../models/core/page.ts';
import { CharFlag, type TextLayerColumns } from '../../models/page-image/text-layer.ts';

export const TOY_DPI = 90;
const WIDTH = 600;
const HEIGHT = 800;
const CHAR_WIDTH = 8;
const CHAR_HEIGHT = 12;
const LINE_HEIGHT = 18;
const MARGIN = 40;

export interface ToyPage {
  readonly raster: Raster;
  readonly layer: TextLayerColumns;
}

export interface ToyPageOptions {
  /** What the layer says instead of what is drawn; the same number of characters is not needed. */
  readonly layerLines?: readonly string[];
  readonly invisible?: boolean;
  /** Moves the layer, in pixels. */
  readonly shiftPx?: readonly [number, number];
  /** left, top, right, bottom of an area full of ink that is no text. */
  readonly picture?: readonly [number, number, number, number];
}

/** Draws the lines as bars, one for each character that is no space. */
export function toyPage(lines: readonly string[], options: ToyPageOptions = {}): ToyPage {
  const rgb = new Uint8Array(WIDTH * HEIGHT * 3).fill(255);
  const raster = { width: WIDTH, height: HEIGHT, rgb };
  for (const { x, y } of places(lines)) fill(raster, x + 2, y + 2, x + CHAR_WIDTH - 3, y + CHAR_HEIGHT - 1);
  if (options.picture) {
    const [left, top, right, bottom] = options.picture;
    for (let x = left; x < right; x += 4) fill(raster, x, top, x + 2, bottom);
  }
  return { raster, layer: layerOf(options.layerLines ?? lines, options) };
}

/** The columns of a text layer whose characters stand where `toyPage` draws them. */
export function layerOf(lines: readonly string[], options: ToyPageOptions = {}): TextLayerColumns {
  const [dx, dy] = options.shiftPx ?? [0, 0];
  const chars = places(lines);
  const quads = chars.flatMap(({ x, y }) => {
    const [left, top, right, bottom] = [x + dx, y + dy, x + dx + CHAR_WIDTH, y + dy + CHAR_HEIGHT];
    return [left, top, right, top, right, bottom, left, bottom];
  });
  return {
    codes: Uint32Array.from(chars, ({ code }) => code),
    quads: Float32Array.from(quads),
    flags: Uint8Array.from(chars, ({ flags }) => flags | (options.invisible ? CharFlag.invisible : 0)),
  };
}

function places(lines: readonly string[]) {
  return lines.flatMap((line, row) => {
    const chars = [...line];
    return chars.flatMap((char, column) => {
      if (char === ' ') return [];
      const flags =
        column === chars.length - 1 ? CharFlag.lineEnd : chars[column + 1] === ' ' ? CharFlag.spaceAfter : 0;
      return [{ code: char.codePointAt(0)!, flags, x: MARGIN + column * CHAR_WIDTH, y: MARGIN + row * LINE_HEIGHT }];
    });
  });
}

function fill({ width, rgb }: Raster, left: number, top: number, right: number, bottom: number): void {
  for (let y = top; y < bottom; y++) rgb.fill(0, (y * width + left) * 3, (y * width + right) * 3);
}
