/**
 * Which way up a page is, from its own lines: PP-OCR's wheel has no model for whole pages. Boxes tell level from sideways,
 * the line classifier suspects upside down, and the recognizer, reading a few lines each way, decides.
 */
import type { Raster } from '../core/page.ts';
import type { TextBox } from './db-boxes.ts';
import { columnView, isColumn, isTall, type LineReader, type LineView, turnedView } from './line-reader.ts';
import { quadHeightPx, quadLengthPx } from './quad.ts';
import type { Turn } from './raster.ts';

/** Lines that the classifier looks at (one call), and of these the lines that are read each way where it suspects. */
const VOTES = 6;
const READINGS = 4;
/** Share of votes for upside down from which on the page is read both ways. */
const SUSPICION = 0.34;
/** Lines longer than this many heights tell no more and cost more: among them the detector's score decides. */
const SAMPLE_RATIO_MAX = 20;

/** Degrees clockwise that bring the page upright; 0 where nothing can be told. */
export async function pageTurn(
  page: Raster,
  boxes: readonly TextBox[],
  reader: LineReader,
  signal?: AbortSignal,
): Promise<Turn> {
  const tall = boxes.filter((box) => isTall(box.quad));
  const level = boxes.filter((box) => !isTall(box.quad));
  if (sideLengths(tall) > sideLengths(level)) return sidewaysTurn(page, samples(tall, READINGS), reader, signal);
  const views = samples(level, VOTES).map((box) => turnedView(page, box.quad, 0));
  if (views.length === 0) return 0;
  const votes = await reader.upsideDown(views, signal);
  const suspicion = votes.reduce((sum, vote) => sum + vote, 0) / votes.length;
  if (suspicion < SUSPICION) return 0;
  const boxesRead = samples(level, READINGS);
  const upright = await scoreOf(boxesRead, (box) => turnedView(page, box.quad, 0), reader, signal);
  const reversed = await scoreOf(boxesRead, (box) => turnedView(page, box.quad, 2), reader, signal);
  return reversed > upright ? 180 : 0;
}

/** Text that runs down needs three quarter turns, text that runs up one; columns of upright characters none. */
async function sidewaysTurn(
  page: Raster,
  boxes: readonly TextBox[],
  reader: LineReader,
  signal?: AbortSignal,
): Promise<Turn> {
  const down = await scoreOf(boxes, (box) => turnedView(page, box.quad, 1), reader, signal);
  const up = await scoreOf(boxes, (box) => turnedView(page, box.quad, 3), reader, signal);
  const column = await scoreOf(boxes, (box) => columnView(page, box.quad), reader, signal);
  // The characters of a real column lie as those of text that runs down. Text that runs up, taken for a column, is Chinese
  // on its other side and backwards, which the network may read just as surely.
  if (down >= up && isColumn(column, down)) return 0;
  return down > up ? 270 : 90;
}

/** Mean score of the readings. */
async function scoreOf(
  boxes: readonly TextBox[],
  viewOf: (box: TextBox) => LineView,
  reader: LineReader,
  signal?: AbortSignal,
): Promise<number> {
  const read = await reader.readViews(boxes.map(viewOf), signal);
  return read.reduce((sum, line) => sum + line.reading.score, 0) / Math.max(1, read.length);
}

/** Sum of the longer sides. */
function sideLengths(boxes: readonly TextBox[]): number {
  return boxes.reduce((sum, { quad }) => sum + Math.max(quadLengthPx(quad), quadHeightPx(quad)), 0);
}

/** The boxes with the most characters to tell by, longest first. */
function samples(boxes: readonly TextBox[], count: number): TextBox[] {
  const worth = ({ quad }: TextBox): number => {
    const sides = [quadLengthPx(quad), quadHeightPx(quad)].sort((a, b) => a - b);
    return Math.min(SAMPLE_RATIO_MAX, sides[1]! / Math.max(1, sides[0]!));
  };
  return [...boxes].sort((a, b) => worth(b) - worth(a) || b.score - a.score).slice(0, count);
}
