/**
 * Pages and lattices are larger than a frame: they travel in parts, in order, and are put together again here. Whoever
 * receives them uses a part up as it comes (that is when credit goes back), so at most one page per stream is held.
 */
import { AppError } from '../../models/core/app-error.ts';
import type { CtcLattice, LineUnit, PageUnit, Raster } from '../../models/core/page.ts';
import { IMAGE_PART_BYTES, LATTICE_PART_ENTRIES, PAGE_PIXELS_MAX } from './limits.ts';
import type { Image, Lattice, LineHead, Page } from './messages.ts';

/** The parts of one page; each a copy of its own, for a channel may take a frame's buffer away. */
export function* imageParts(stream: number, page: number, raster: Raster): Generator<Image> {
  const { width: widthPx, height: heightPx, rgb } = raster;
  for (let first = 0; first < rgb.length; first += IMAGE_PART_BYTES) {
    const part = rgb.subarray(first, first + IMAGE_PART_BYTES);
    yield { type: 'image', stream, page, widthPx, heightPx, first, rgb: part };
  }
}

/** Puts the pages of one stream together. */
export class RasterReceiver {
  #page = 0;
  #raster: { readonly width: number; readonly height: number; readonly rgb: Uint8Array } | undefined;
  #filled = 0;

  /** True between the first and the last part of a page. */
  get isOpen(): boolean {
    return this.#raster !== undefined;
  }

  /** The page, once its last part is in. Throws protocol_error for parts out of order or beyond the page. */
  take({ page, widthPx, heightPx, first, rgb }: Image): Raster | undefined {
    if (page !== this.#page) refuse('page', this.#page, page);
    if (this.#raster === undefined) {
      if (widthPx * heightPx > PAGE_PIXELS_MAX) {
        throw new AppError(
          'protocol_error',
          `Field widthPx: a page of ${widthPx} x ${heightPx} pixels; at most ${PAGE_PIXELS_MAX} pixels are taken.`,
        );
      }
      this.#raster = { width: widthPx, height: heightPx, rgb: new Uint8Array(widthPx * heightPx * 3) };
      this.#filled = 0;
    }
    const { width, height, rgb: pixels } = this.#raster;
    if (widthPx !== width) refuse('widthPx', width, widthPx);
    if (heightPx !== height) refuse('heightPx', height, heightPx);
    if (first !== this.#filled) refuse('first', this.#filled, first);
    if (first + rgb.length > pixels.length) refuse('rgb', `at most ${pixels.length - first} bytes`, rgb.length);
    pixels.set(rgb, first);
    this.#filled += rgb.length;
    if (this.#filled < pixels.length) return undefined;
    const raster = this.#raster;
    this.#raster = undefined;
    this.#page++;
    return raster;
  }
}

/** A page as its recognizer sends it: the head of the page, then the lattices. */
export function* pageParts(stream: number, { lines, ...page }: PageUnit): Generator<Page | Lattice> {
  const heads = lines.map(({ lattice, ...line }): LineHead => ({ ...line, frames: lattice.frames }));
  yield { type: 'page', stream, page, lines: heads };
  for (const { index, lattice } of lines) {
    const { frames, width, blank, ids, logProbs } = lattice;
    const step = Math.max(1, Math.floor(LATTICE_PART_ENTRIES / width));
    for (let first = 0; first < frames; first += step) {
      const count = Math.min(step, frames - first);
      yield {
        type: 'lattice',
        stream,
        page: page.index,
        line: index,
        first,
        frames: count,
        width,
        blank,
        ids: ids.subarray(first * width, (first + count) * width),
        logProbs: logProbs.subarray(first * width, (first + count) * width),
      };
    }
  }
}

/** Puts the pages of one stream together as they come from the recognizer. */
export class PageReceiver {
  #alphabetSize: number;
  #nextPage = 0;
  #open: { readonly page: Page; readonly lattices: CtcLattice[]; filled: number } | undefined;

  constructor(alphabetSize: number) {
    this.#alphabetSize = alphabetSize;
  }

  /** The page, once all its lattices are in. Throws protocol_error for what does not fit. */
  take(message: Page | Lattice): PageUnit | undefined {
    if (message.type === 'page') this.#begin(message);
    else this.#fill(message);
    const { page, lattices } = this.#open!;
    if (lattices.length < page.lines.length || (page.lines.length > 0 && !this.#lastIsFull())) return undefined;
    this.#open = undefined;
    this.#nextPage++;
    const lines = page.lines.map(({ frames: _, ...line }, i): LineUnit => ({ ...line, lattice: lattices[i]! }));
    return { ...page.page, lines };
  }

  #begin(page: Page): void {
    if (this.#open !== undefined) throw new AppError('protocol_error', 'Field type: a page before the last one’s end.');
    if (page.page.index !== this.#nextPage) refuse('page.index', this.#nextPage, page.page.index);
    page.lines.forEach(({ index }, i) => {
      if (index !== i) refuse(`lines[${i}].index`, i, index);
    });
    this.#open = { page, lattices: [], filled: 0 };
  }

  #lastIsFull(): boolean {
    const { lattices, filled } = this.#open!;
    return filled === lattices.at(-1)!.frames;
  }

  #fill({ page, line, first, frames, width, blank, ids, logProbs }: Lattice): void {
    const open = this.#open;
    if (open === undefined) throw new AppError('protocol_error', 'Field type: a lattice without its page.');
    if (page !== open.page.page.index) refuse('page', open.page.page.index, page);
    if (open.lattices.length === 0 || this.#lastIsFull()) {
      const head = open.page.lines[open.lattices.length];
      if (head === undefined || line !== head.index) refuse('line', head?.index ?? 'no more lines', line);
      if (width * head!.frames > LATTICE_ENTRIES_MAX) refuse('width', `${LATTICE_ENTRIES_MAX} entries a line`, width);
      open.lattices.push({
        frames: head!.frames,
        width,
        blank,
        ids: new Int32Array(head!.frames * width),
        logProbs: new Float32Array(head!.frames * width),
      });
      open.filled = 0;
    }
    const lattice = open.lattices.at(-1)!;
    if (line !== open.lattices.length - 1) refuse('line', open.lattices.length - 1, line);
    if (first !== open.filled) refuse('first', open.filled, first);
    if (width !== lattice.width) refuse('width', lattice.width, width);
    if (blank !== lattice.blank) refuse('blank', lattice.blank, blank);
    if (first + frames > lattice.frames) refuse('frames', `at most ${lattice.frames - first}`, frames);
    const outside = ids.findIndex((id) => id >= this.#alphabetSize);
    if (outside >= 0) refuse(`ids[${outside}]`, `a token of ${this.#alphabetSize}`, ids[outside]!);
    lattice.ids.set(ids, first * width);
    lattice.logProbs.set(logProbs, first * width);
    open.filled += frames;
  }
}

/** Entries of one line's lattice: 65,536 frames of 16 entries are more than any line has. */
const LATTICE_ENTRIES_MAX = 1 << 20;

function refuse(field: string, expected: number | string, found: number | string): never {
  throw new AppError('protocol_error', `Field ${field}: expected ${expected}, found ${found}.`);
}
