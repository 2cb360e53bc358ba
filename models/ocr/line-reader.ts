/**
 * Lines of a page, read the way they stand: most are read once; where a reading is weak, the other ways in which the same
 * quad could be meant are tried as well, and the best reading stays.
 */
import type { LineUnit, Quad, Raster } from '../core/page.ts';
import { columnStrip } from './column-strip.ts';
import { type GreedyReading, greedyReading } from './ctc-greedy.ts';
import type { TextBox } from './db-boxes.ts';
import { type LineStrip, quadStrip } from './line-crop.ts';
import type { LineOrientation } from './line-orientation.ts';
import type { LineLattice, LineRecognizer } from './line-recognizer.ts';
import { quadHeightPx, quadLengthPx, turnedQuad } from './quad.ts';

/** Boxes at least that many times as high as wide are turned or stand in a column (RapidOCR's rule). */
export const TALL_RATIO = 1.5;
/** Below this score a reading is in doubt: all 60 development line crops that are read right score above. */
const DOUBT_SCORE = 0.9;
/** A line counts as upside down above this, as in RapidOCR (`cls_thresh`). */
const UPSIDE_DOWN_MIN = 0.9;
/** From here on a tall box cannot be a single narrow character such as 1 or I. */
const CHARACTER_RATIO_MAX = 3;
/**
 * Real columns score within 3% of the same characters read lying; turned text scores 0 to 87% as a column (of 26 tall
 * boxes of the development pages and fixtures).
 */
const COLUMN_SHARE = 0.93;
/** Han, Kana and Hangul: scripts whose columns hold upright characters. */
const COLUMN_SCRIPT = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

/** One way to read a box. */
export interface LineView {
  /** Begins at the text's own top left; reading runs from its first corner to its second. */
  readonly quad: Quad;
  readonly direction: LineUnit['direction'];
  readonly strip: LineStrip;
}

export interface ReadLine {
  readonly view: LineView;
  readonly seen: LineLattice;
  readonly reading: GreedyReading;
}

export function isTall(quad: Quad): boolean {
  return quadHeightPx(quad) >= TALL_RATIO * quadLengthPx(quad);
}

/** A box as a line whose first corner is `quarters` corners after the box's top left. */
export function turnedView(page: Raster, quad: Quad, quarters: number): LineView {
  const turned = turnedQuad(quad, quarters);
  return { quad: turned, direction: 'horizontal', strip: quadStrip(page, turned) };
}

/** A tall box as a column of upright characters. */
export function columnView(page: Raster, quad: Quad): LineView {
  return { quad: turnedQuad(quad, 1), direction: 'vertical', strip: columnStrip(page, quad) };
}

export class LineReader {
  readonly #recognizer: LineRecognizer;
  readonly #orientation: LineOrientation;

  constructor(recognizer: LineRecognizer, orientation: LineOrientation) {
    this.#recognizer = recognizer;
    this.#orientation = orientation;
  }

  /** One reading per view, in order. */
  async readViews(views: readonly LineView[], signal?: AbortSignal): Promise<ReadLine[]> {
    const seen = await this.#recognizer.recognize(
      views.map((view) => view.strip),
      signal,
    );
    const textOf = (id: number): string => this.#recognizer.alphabet.textOf(id);
    return seen.map((each, i) => ({
      view: views[i]!,
      seen: each,
      reading: greedyReading(each.lattice, textOf),
    }));
  }

  /** Shares of the views that stand upside down, 0..1 each. */
  upsideDown(views: readonly LineView[], signal?: AbortSignal): Promise<Float32Array> {
    return this.#orientation.upsideDown(
      views.map((view) => view.strip),
      signal,
    );
  }

  /** The best reading of each box, in order. */
  async read(page: Raster, boxes: readonly Pick<TextBox, 'quad'>[], signal?: AbortSignal): Promise<ReadLine[]> {
    const tall = boxes.map((box) => isTall(box.quad));
    const best = await this.readViews(
      boxes.map((box, i) => turnedView(page, box.quad, tall[i] ? 1 : 0)),
      signal,
    );
    await this.#readAgain(page, boxes, tall, best, signal);
    return best;
  }

  /** Replaces weak readings in `best` by better ones. */
  async #readAgain(
    page: Raster,
    boxes: readonly Pick<TextBox, 'quad'>[],
    tall: readonly boolean[],
    best: ReadLine[],
    signal?: AbortSignal,
  ): Promise<void> {
    const doubted = boxes.map((_, i) => i).filter((i) => isDoubted(best[i]!.reading, tall[i]!));
    const level = doubted.filter((i) => !tall[i]);
    const upsideDown = await this.upsideDown(
      level.map((i) => best[i]!.view),
      signal,
    );
    const others: { readonly line: number; readonly view: LineView }[] = level
      .filter((_, j) => upsideDown[j]! > UPSIDE_DOWN_MIN)
      .map((line) => ({ line, view: turnedView(page, boxes[line]!.quad, 2) }));
    for (const line of doubted) {
      if (tall[line]) for (const view of tallViews(page, boxes[line]!.quad)) others.push({ line, view });
    }
    const again = await this.readViews(
      others.map((other) => other.view),
      signal,
    );
    again.forEach((read, j) => {
      const { line } = others[j]!;
      best[line] = better(best[line]!, read);
    });
  }
}

/**
 * The reading with the higher score. The network reads upright characters as well when they lie, so a column and text that
 * runs down may both score high; text that really runs down makes no sense as a column. So a column that scores nearly as
 * high is one, whichever of the two was read better.
 */
function better(best: ReadLine, other: ReadLine): ReadLine {
  if (other.reading.score > best.reading.score) return other;
  const runsDown = best.view.quad.every((value, i) => value === other.view.quad[i]);
  if (other.view.direction === 'vertical' && runsDown && isColumn(other.reading.score, best.reading.score)) {
    return { ...best, view: { ...best.view, direction: 'vertical' } };
  }
  return best;
}

/** Whether a column's score says so, given the best score of text that is turned. */
export function isColumn(column: number, turned: number): boolean {
  return column >= COLUMN_SHARE * turned;
}

/** Columns are looked at twice even where the network is sure: it may be sure of a lying character. */
function isDoubted(reading: GreedyReading, tall: boolean): boolean {
  return reading.score < DOUBT_SCORE || (tall && COLUMN_SCRIPT.test(reading.text));
}

/** What a tall box can be beside text that runs down: text that runs up, a column, a narrow character. */
function tallViews(page: Raster, quad: Quad): LineView[] {
  const narrow = quadHeightPx(quad) < CHARACTER_RATIO_MAX * quadLengthPx(quad);
  return [turnedView(page, quad, 3), ...(narrow ? [turnedView(page, quad, 0)] : []), columnView(page, quad)];
}
