import type { Raster } from '../core/page.ts';

/** left, top, right, bottom in pixels; half open. */
export type PixelBox = readonly [number, number, number, number];

/** Cells are 1/30 inch: about a third of the height of a small letter's line, so text fills its boxes without gaps. */
const CELLS_PER_INCH = 30;
const CELL_PX_MIN = 3;
/** Differences of brightness (0..255) that count as ink: above the noise of a scan and of JPEG, below pale print. */
const CONTRAST_MIN = 48;

/** Where a page has ink: a coarse grid whose cells are busy where bright and dark meet. Even areas are no ink. */
export class InkGrid {
  readonly columns: number;
  readonly rows: number;
  readonly #cellPx: number;
  /** [rows * columns], 1 where bright and dark meet. */
  readonly #busy: Uint8Array;

  constructor(raster: Raster, dpi: number) {
    this.#cellPx = Math.max(CELL_PX_MIN, Math.round(dpi / CELLS_PER_INCH));
    this.columns = Math.ceil(raster.width / this.#cellPx);
    this.rows = Math.ceil(raster.height / this.#cellPx);
    this.#busy = busyCells(raster, this.#cellPx, this.columns, this.rows);
  }

  isBusy(cell: number): boolean {
    return this.#busy[cell] === 1;
  }

  /** Marks the cells under a box and `margin` cells around it in `mask` ([rows * columns]). */
  mark(mask: Uint8Array, box: PixelBox, margin = 0): void {
    const [left, top, right, bottom] = this.#cellsOf(box, margin);
    for (let row = top; row < bottom; row++) mask.fill(1, row * this.columns + left, row * this.columns + right);
  }

  /** True where at least one cell under the box is busy. */
  hasInk(box: PixelBox): boolean {
    const [left, top, right, bottom] = this.#cellsOf(box, 0);
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) if (this.#busy[row * this.columns + column] === 1) return true;
    }
    return false;
  }

  /** Cells that a box touches, cut to the page; empty where it lies outside. */
  #cellsOf([left, top, right, bottom]: PixelBox, margin: number): PixelBox {
    const size = this.#cellPx;
    return [
      Math.max(0, Math.floor(left / size) - margin),
      Math.max(0, Math.floor(top / size) - margin),
      Math.min(this.columns, Math.ceil(right / size) + margin),
      Math.min(this.rows, Math.ceil(bottom / size) + margin),
    ];
  }
}

function busyCells({ width, height, rgb }: Raster, cellPx: number, columns: number, rows: number): Uint8Array {
  // Strokes at the resolutions of large cells are wider than a pixel: every second one tells as much.
  const step = cellPx >= 8 ? 2 : 1;
  const darkest = new Uint8Array(columns * rows).fill(255);
  const brightest = new Uint8Array(columns * rows);
  for (let y = 0; y < height; y += step) {
    const firstCell = Math.floor(y / cellPx) * columns;
    for (let x = 0; x < width; x += step) {
      const at = (y * width + x) * 3;
      const bright = (rgb[at]! + 2 * rgb[at + 1]! + rgb[at + 2]!) >> 2;
      const cell = firstCell + Math.floor(x / cellPx);
      if (bright < darkest[cell]!) darkest[cell] = bright;
      if (bright > brightest[cell]!) brightest[cell] = bright;
    }
  }
  const meets = (a: number, b: number) =>
    Math.max(brightest[a]!, brightest[b]!) - Math.min(darkest[a]!, darkest[b]!) >= CONTRAST_MIN;
  const busy = darkest.map((_, cell) => (meets(cell, cell) ? 1 : 0));
  // An edge that falls just between two even cells belongs to both.
  const within = busy.slice();
  const markEdge = (a: number, b: number) => {
    if (within[a] === 0 && within[b] === 0 && meets(a, b)) busy[a] = busy[b] = 1;
  };
  for (let cell = 0; cell < busy.length; cell++) {
    if ((cell + 1) % columns !== 0) markEdge(cell, cell + 1);
    if (cell + columns < busy.length) markEdge(cell, cell + columns);
  }
  return busy;
}
