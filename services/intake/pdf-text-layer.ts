import type { PixelBox } from '../../models/page-image/ink-grid.ts';
import { CharFlag, type TextLayerColumns, withBullets } from '../../models/page-image/text-layer.ts';
import { PAGE_OBJECTS_MAX, TEXT_LAYER_CHARS_MAX } from './limits.ts';
import type { PdfiumCalls } from './pdfium-module.ts';

/** x' = a x + c y + e, y' = b x + d y + f: as PDF writes a transform. */
type Matrix = readonly [number, number, number, number, number, number];

const POINTS_PER_INCH = 72;
/** PDFium gives device positions as integers, so positions are asked for on a page this many times as large. */
const FINENESS = 64;
/** Distance over which the transform is measured, in points: about a page, so that rounding stays below 0.001 px. */
const PROBE_PT = 1024;
/** Text that runs within this angle of an axis gets boxes along the axes. */
const AXIS_RADIANS_MAX = 0.035;
/** What PDFium gives for a hyphen at the end of a line whose word goes on. */
const SOFT_HYPHENS = new Set([0x02, 0xfffe]);
const HYPHEN = 0x2d;
/** Text render mode 3: neither filled nor stroked. */
const RENDER_INVISIBLE = 3;
const OBJECT_IMAGE = 3;
const OBJECT_FORM = 5;
/** Forms inside forms; images of real files lie one or two levels deep. */
const FORM_DEPTH_MAX = 4;
/** Scratch room for what PDFium writes back: six doubles at most. */
const SCRATCH_BYTES = 48;
/** A box that is this many times as high as the font's size comes from a font with absurd metrics. */
const LOOSE_HEIGHT_SHARE_MAX = 2;

/** From points of the page to pixels of its rendering: page rotation, crop box and user unit are in it. */
export class PageFrame {
  readonly matrix: Matrix;

  constructor(calls: PdfiumCalls, page: number, width: number, height: number) {
    const scratch = calls._malloc(SCRATCH_BYTES);
    const at = (x: number, y: number): [number, number] => {
      const [sizeX, sizeY] = [width * FINENESS, height * FINENESS];
      calls._FPDF_PageToDevice(page, 0, 0, sizeX, sizeY, 0, x, y, scratch, scratch + 4);
      const [deviceX, deviceY] = calls.HEAP32.subarray(scratch >>> 2, (scratch >>> 2) + 2);
      return [deviceX! / FINENESS, deviceY! / FINENESS];
    };
    const [e, f] = at(0, 0);
    const [ax, ay] = at(PROBE_PT, 0);
    const [cx, cy] = at(0, PROBE_PT);
    calls._free(scratch);
    this.matrix = [(ax - e) / PROBE_PT, (ay - f) / PROBE_PT, (cx - e) / PROBE_PT, (cy - f) / PROBE_PT, e, f];
  }

  toPixels(x: number, y: number): readonly [number, number] {
    return transform(this.matrix, x, y);
  }

  /** The box along the axes around a rectangle of the page. */
  box(left: number, bottom: number, right: number, top: number): PixelBox {
    return boxAround([
      this.toPixels(left, bottom),
      this.toPixels(right, bottom),
      this.toPixels(right, top),
      this.toPixels(left, top),
    ]);
  }
}

/**
 * The characters of a page that are not white space, with their boxes in pixels of the rendering. Characters beyond
 * TEXT_LAYER_CHARS_MAX are left out; the ink that they leave uncovered then speaks against the layer.
 */
export function extractTextLayer(calls: PdfiumCalls, page: number, frame: PageFrame, dpi: number): TextLayerColumns {
  const text = calls._FPDFText_LoadPage(page);
  if (text === 0) return { codes: new Uint32Array(0), quads: new Float32Array(0), flags: new Uint8Array(0) };
  const scratch = calls._malloc(SCRATCH_BYTES);
  try {
    const count = Math.min(calls._FPDFText_CountChars(text), TEXT_LAYER_CHARS_MAX);
    const codes = new Uint32Array(count);
    const quads = new Float32Array(count * 8);
    const flags = new Uint8Array(count);
    const boxes = new CharBoxes(calls, text, frame, dpi, scratch);
    let chars = 0;
    for (let i = 0; i < count; i++) {
      const code = codePointAt(calls, text, i);
      if (isSpace(code)) {
        if (chars > 0) flags[chars - 1]! |= code === 0x0a || code === 0x0d ? CharFlag.lineEnd : CharFlag.spaceAfter;
        continue;
      }
      const hyphen = SOFT_HYPHENS.has(code) || calls._FPDFText_IsHyphen(text, i) === 1;
      codes[chars] = hyphen ? HYPHEN : isCodePoint(code) ? code : 0xfffd;
      quads.set(boxes.quad(i), chars * 8);
      if (hyphen) flags[chars]! |= CharFlag.lineEnd;
      else if (calls._FPDFText_HasUnicodeMapError(text, i) === 1) flags[chars]! |= CharFlag.unmapped;
      if (isInvisible(calls, text, i)) flags[chars]! |= CharFlag.invisible;
      chars++;
      // The second half of a pair stood in the entry after it.
      if (code > 0xffff && isSurrogate(calls._FPDFText_GetUnicode(text, i))) i++;
    }
    return withBullets({
      codes: codes.slice(0, chars),
      quads: quads.slice(0, chars * 8),
      flags: flags.slice(0, chars),
    });
  } finally {
    calls._free(scratch);
    calls._FPDFText_ClosePage(text);
  }
}

/** Boxes of single characters, in pixels, beginning at the top left as the character stands. */
class CharBoxes {
  readonly #calls: PdfiumCalls;
  readonly #text: number;
  readonly #frame: PageFrame;
  readonly #dpi: number;
  readonly #scratch: number;

  constructor(calls: PdfiumCalls, text: number, frame: PageFrame, dpi: number, scratch: number) {
    this.#calls = calls;
    this.#text = text;
    this.#frame = frame;
    this.#dpi = dpi;
    this.#scratch = scratch;
  }

  quad(index: number): readonly number[] {
    const along = this.#baseline(index);
    const turns = Math.atan2(along[1], along[0]) / (Math.PI / 2);
    const quarter = Math.round(turns);
    if (Math.abs(turns - quarter) * (Math.PI / 2) > AXIS_RADIANS_MAX) return this.#slanted(index, along);
    const [left, top, right, bottom] = this.#axisBox(index);
    const corners = [left, top, right, top, right, bottom, left, bottom];
    // A quarter turn clockwise begins at what is the top right of the box.
    const first = (((quarter % 4) + 4) % 4) * 2;
    return [...corners.slice(first), ...corners.slice(0, first)];
  }

  /** The baseline's direction in pixels: the character's own transform, then the page's. */
  #baseline(index: number): readonly [number, number] {
    const { matrix } = this.#frame;
    const written = this.#calls._FPDFText_GetMatrix(this.#text, index, this.#scratch) !== 0;
    const [a, b] = this.#calls.HEAPF32.subarray(this.#scratch >>> 2, (this.#scratch >>> 2) + 2);
    // Characters that were put in between, such as hyphens, have no transform.
    return written && (a !== 0 || b !== 0) ? linear(matrix, a!, b!) : linear(matrix, 1, 0);
  }

  #axisBox(index: number): PixelBox {
    const { HEAPF32 } = this.#calls;
    const scratch = this.#scratch;
    const sizePt = this.#calls._FPDFText_GetFontSize(this.#text, index);
    if (this.#calls._FPDFText_GetLooseCharBox(this.#text, index, scratch) !== 0) {
      // FS_RECTF: left, top, right, bottom.
      const [left, top, right, bottom] = HEAPF32.subarray(scratch >>> 2, (scratch >>> 2) + 4);
      const [width, height] = [right! - left!, top! - bottom!];
      const heightMax = LOOSE_HEIGHT_SHARE_MAX * sizePt;
      if (width > 0 && height > 0 && (sizePt <= 1 || Math.min(width, height) <= heightMax)) {
        return this.#frame.box(left!, bottom!, right!, top!);
      }
    }
    const [left, right, bottom, top] = this.#tightBox(index);
    return this.#frame.box(left, bottom, right, top);
  }

  #tightBox(index: number): readonly [number, number, number, number] {
    const s = this.#scratch;
    if (this.#calls._FPDFText_GetCharBox(this.#text, index, s, s + 8, s + 16, s + 24) === 0) return [0, 0, 0, 0];
    const [left, right, bottom, top] = this.#calls.HEAPF64.subarray(s >>> 3, (s >>> 3) + 4);
    return [left!, right!, bottom!, top!];
  }

  /** A character of a slanted line: from its origin along the baseline, as high as the font's size. */
  #slanted(index: number, along: readonly [number, number]): readonly number[] {
    const s = this.#scratch;
    const length = Math.hypot(...along);
    const [ux, uy] = [along[0] / length, along[1] / length];
    this.#calls._FPDFText_GetCharOrigin(this.#text, index, s, s + 8);
    const [originX, originY] = this.#calls.HEAPF64.subarray(s >>> 3, (s >>> 3) + 2);
    const [x, y] = this.#frame.toPixels(originX!, originY!);
    const [left, right, bottom, top] = this.#tightBox(index);
    const glyph = this.#frame.box(left, bottom, right, top);
    const sizePx = (this.#calls._FPDFText_GetFontSize(this.#text, index) * this.#dpi) / POINTS_PER_INCH;
    // How far the glyph's middle lies from the origin along the baseline is half of its width, about.
    const middle = ((glyph[0] + glyph[2]) / 2 - x) * ux + ((glyph[1] + glyph[3]) / 2 - y) * uy;
    const width = Math.max(middle * 2, sizePx / 8);
    const [ascent, descent] = [sizePx * 0.8, sizePx * 0.2];
    const at = (forward: number, down: number) => [x + forward * ux - down * uy, y + forward * uy + down * ux];
    return [...at(0, -ascent), ...at(width, -ascent), ...at(width, descent), ...at(0, descent)];
  }
}

/** Where a page has images, those inside of forms included. */
export function imageBoxes(calls: PdfiumCalls, page: number, frame: PageFrame): PixelBox[] {
  const boxes: PixelBox[] = [];
  const scratch = calls._malloc(SCRATCH_BYTES);
  let left = PAGE_OBJECTS_MAX;
  const visit = (object: number, parent: Matrix, depth: number): void => {
    if (object === 0 || left-- <= 0) return;
    const type = calls._FPDFPageObj_GetType(object);
    if (type !== OBJECT_IMAGE && type !== OBJECT_FORM) return;
    if (calls._FPDFPageObj_GetMatrix(object, scratch) === 0) return;
    const own = calls.HEAPF32.slice(scratch >>> 2, (scratch >>> 2) + 6) as unknown as Matrix;
    const matrix = multiply(own, parent);
    if (type === OBJECT_IMAGE) {
      // An image fills the unit square of its own space.
      boxes.push(
        boxAround(
          [
            [0, 0],
            [1, 0],
            [1, 1],
            [0, 1],
          ].map(([x, y]) => transform(matrix, x!, y!)),
        ),
      );
    } else if (depth < FORM_DEPTH_MAX) {
      const count = calls._FPDFFormObj_CountObjects(object);
      for (let i = 0; i < count && left > 0; i++) visit(calls._FPDFFormObj_GetObject(object, i), matrix, depth + 1);
    }
  };
  const count = calls._FPDFPage_CountObjects(page);
  for (let i = 0; i < count && left > 0; i++) visit(calls._FPDFPage_GetObject(page, i), frame.matrix, 0);
  calls._free(scratch);
  return boxes;
}

function isInvisible(calls: PdfiumCalls, text: number, index: number): boolean {
  const object = calls._FPDFText_GetTextObject(text, index);
  return object !== 0 && calls._FPDFTextObj_GetTextRenderMode(object) === RENDER_INVISIBLE;
}

function isSpace(code: number): boolean {
  return (
    code === 0x20 ||
    (code >= 0x09 && code <= 0x0d) ||
    code === 0xa0 ||
    code === 0x3000 ||
    (code >= 0x2000 && code <= 0x200b) ||
    code === 0x202f
  );
}

/** Characters beyond the basic plane come whole or as two entries, depending on the font's map. */
function codePointAt(calls: PdfiumCalls, text: number, index: number): number {
  const code = calls._FPDFText_GetUnicode(text, index);
  if (code < 0xd800 || code >= 0xdc00) return code;
  const low = calls._FPDFText_GetUnicode(text, index + 1);
  return low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00) : code;
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code < 0xe000;
}

function isCodePoint(code: number): boolean {
  return code > 0 && code <= 0x10ffff && !isSurrogate(code);
}

function boxAround(points: readonly (readonly [number, number])[]): PixelBox {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

function transform([a, b, c, d, e, f]: Matrix, x: number, y: number): readonly [number, number] {
  return [a * x + c * y + e, b * x + d * y + f];
}

/** A direction has no position. */
function linear([a, b, c, d]: Matrix, x: number, y: number): readonly [number, number] {
  return [a * x + c * y, b * x + d * y];
}

/** First `inner`, then `outer`. */
function multiply(inner: Matrix, outer: Matrix): Matrix {
  const [a, b] = linear(outer, inner[0], inner[1]);
  const [c, d] = linear(outer, inner[2], inner[3]);
  const [e, f] = transform(outer, inner[4], inner[5]);
  return [a, b, c, d, e, f];
}
