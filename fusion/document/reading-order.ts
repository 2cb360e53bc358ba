/**
 * In which order the lines of a page are read, and which belong together. The recursive cut along white space (XY-cut;
 * Nagy, Seth and Viswanathan, "A prototype document image analysis system for technical journals", 1992), with three
 * rules of our own:
 *
 * 1. A gutter is a text gutter only where the lines on both sides fill their columns; else what stands side by side
 *    belongs to one row (tables, receipts, forms), and rows are read across.
 * 2. A gutter need not run down the whole page: rows are gathered for as long as one holds, so a headline over two
 *    columns, a figure's caption between them and a footer are read where they stand.
 * 3. Vertical lines (CJK columns) are read from right to left: the same rules on a page that was turned.
 *
 * Everything is decided by geometry alone, in the order of detection where two boxes are equal: the same boxes give the
 * same order on every machine.
 */
import type { LineUnit } from '../../models/core/page.ts';
import { type Box, boxAround, boxOf, medianOf, overlap, turned } from './box.ts';

export type LinePlace = Pick<LineUnit, 'quad' | 'direction'>;

export interface OrderedBlock {
  readonly kind: 'text' | 'table';
  /** Indices of the lines given, in reading order; of a table row by row. */
  readonly lines: readonly number[];
  /** Tables only: where each line stands. */
  readonly cells?: readonly { readonly row: number; readonly column: number }[];
}

/** A gutter is at least this many line heights wide: spaces between words are up to about 0.6. */
const GUTTER_HEIGHTS_MIN = 0.8;
/** Lines on each side of a text gutter: two rows side by side are as likely a form. */
const COLUMN_LINES_MIN = 3;
/**
 * Narrow print leaves boxes that nearly touch, for the detector draws them somewhat too wide. That many lines do not end
 * and begin at one place by chance.
 */
const NARROW_GUTTER_HEIGHTS_MIN = 0.1;
const NARROW_GUTTER_LINES_MIN = 6;
/** Share of its column that the middle line of a text column fills; cells of tables fill less. */
const COLUMN_FILL_MIN = 0.6;
/** The middle line of a text column is at least this many line heights wide: narrower ones are cells. */
const COLUMN_HEIGHTS_MIN = 6;
/** A text gutter is narrower than this share of the narrower column: prices stand far from what they are for. */
const GUTTER_SHARE_MAX = 0.35;
/** Boxes of one row overlap in height by this share of the lower one. */
const ROW_OVERLAP_MIN = 0.5;
/** Space between two lines of a paragraph, in line heights. */
const PARAGRAPH_GAP_HEIGHTS_MAX = 1.1;
/** Line heights within a paragraph differ by less than this factor. */
const PARAGRAPH_HEIGHT_RATIO_MAX = 1.5;
/** Boxes of one row nearer than this many heights are one line that the detector took apart. */
const SAME_LINE_GAP_HEIGHTS_MAX = 1.6;

/** One thing to be ordered: a line, or a group of vertical lines that stand among horizontal ones. */
interface Item {
  readonly box: Box;
  /** Lines behind it, in reading order. */
  readonly lines: readonly number[];
  readonly vertical: boolean;
}

/** `skewDegrees`: what lines fall clockwise; it is taken out before anything is compared. */
export function readingOrder(lines: readonly LinePlace[], skewDegrees = 0): OrderedBlock[] {
  const boxes = lines.map(({ quad }) => boxOf(skewDegrees === 0 ? quad : turned(quad, -skewDegrees)));
  const of = (direction: LinePlace['direction']) =>
    lines.flatMap((line, i) => (line.direction === direction ? [i] : []));
  const horizontal = of('horizontal').map((i): Item => ({ box: boxes[i]!, lines: [i], vertical: false }));
  const vertical = verticalGroups(of('vertical'), boxes);
  return blocksOf(arrange([...horizontal, ...vertical]));
}

/** Items in reading order, row by row; a row of several items is read across. */
type Row = readonly Item[];

function arrange(items: readonly Item[]): Row[] {
  const rows = rowsOf(items);
  const out: Row[] = [];
  for (let at = 0; at < rows.length; ) {
    const columns = columnsFrom(rows, at);
    if (columns === null) {
      out.push(rows[at++]!);
      continue;
    }
    out.push(COLUMN_BREAK, ...arrange(columns.left), COLUMN_BREAK, ...arrange(columns.right), COLUMN_BREAK);
    at = columns.end;
  }
  return out;
}

/** Stands between columns: no paragraph goes on across it. */
const COLUMN_BREAK: Row = [];

/** Rows from top to bottom: boxes that overlap in height belong to the same row. */
function rowsOf(items: readonly Item[]): Row[] {
  const middle = ({ box }: Item) => (box.top + box.bottom) / 2;
  const sorted = [...items].sort((a, b) => middle(a) - middle(b) || a.box.left - b.box.left);
  const rows: Item[][] = [];
  for (const item of sorted) {
    const row = rows.at(-1);
    // One above the other is two rows, however much their heights overlap, and whoever stands beside both.
    const isBeside = row !== undefined && !row.some((other) => isStacked(item.box, other.box));
    if (isBeside && row.some((other) => shareHeight(item.box, other.box))) row.push(item);
    else rows.push([item]);
  }
  for (const row of rows) row.sort((a, b) => a.box.left - b.box.left || a.box.top - b.box.top);
  return rows;
}

function isStacked(a: Box, b: Box): boolean {
  return overlap(a.left, a.right, b.left, b.right) > 0.5 * Math.min(a.right - a.left, b.right - b.left);
}

function shareHeight(a: Box, b: Box): boolean {
  const lower = Math.min(a.bottom - a.top, b.bottom - b.top);
  return overlap(a.top, a.bottom, b.top, b.bottom) >= ROW_OVERLAP_MIN * lower;
}

interface Columns {
  readonly left: readonly Item[];
  readonly right: readonly Item[];
  /** Row after the last one that the gutter divides. */
  readonly end: number;
}

/** The longest run of rows from `start` that one text gutter divides. */
function columnsFrom(rows: readonly Row[], start: number): Columns | null {
  let gaps: readonly (readonly [number, number])[] = [[Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]];
  const taken: Item[] = [];
  let best: Columns | null = null;
  for (let end = start; end < rows.length; end++) {
    for (const { box } of rows[end]!) gaps = gaps.flatMap(([low, high]) => without(low, high, box.left, box.right));
    gaps = gaps.filter(([low, high]) => high - low > 0);
    taken.push(...rows[end]!);
    const height = medianOf(taken.map(lineHeight));
    const gutter: Omit<Columns, 'end'> | undefined = gaps
      .filter(
        ([low, high]) =>
          Number.isFinite(low) && Number.isFinite(high) && high - low >= NARROW_GUTTER_HEIGHTS_MIN * height,
      )
      .map(([low, high]) => ({
        ...split(taken, (low + high) / 2),
        least: {
          width: (high - low) / GUTTER_SHARE_MAX,
          lines: high - low < GUTTER_HEIGHTS_MIN * height ? NARROW_GUTTER_LINES_MIN : COLUMN_LINES_MIN,
        },
      }))
      .find(({ left, right, least }) => isColumn(left, least) && isColumn(right, least));
    if (gutter) best = { ...gutter, end: end + 1 };
    // Only the outer margins are left: no further row can bring a gutter back.
    else if (end > start && gaps.every(([low, high]) => !Number.isFinite(low) || !Number.isFinite(high))) break;
  }
  return best;
}

function without(low: number, high: number, left: number, right: number): [number, number][] {
  if (right <= low || left >= high) return [[low, high]];
  const out: [number, number][] = [];
  if (left > low) out.push([low, left]);
  if (right < high) out.push([right, high]);
  return out;
}

function split(items: readonly Item[], x: number): { left: Item[]; right: Item[] } {
  const left = items.filter(({ box }) => box.right <= x);
  const right = items.filter(({ box }) => box.right > x);
  return { left, right };
}

/** True where these read like the lines of a text column, one below the other and about as wide as it is. */
function isColumn(items: readonly Item[], least: { readonly width: number; readonly lines: number }): boolean {
  if (items.some(({ vertical }) => vertical)) return true;
  const rows = rowsOf(items);
  if (rows.length < least.lines) return false;
  const { left, right } = boxAround(items.map(({ box }) => box));
  if (right - left < least.width) return false;
  // Cell by cell: two columns of a table are no text column because they are wide together.
  const cells = rows.flatMap(cellsOf).map(({ box }) => box.right - box.left);
  if (medianOf(cells) < COLUMN_HEIGHTS_MIN * medianOf(items.map(lineHeight))) return false;
  const widths = rows.map((row) => {
    const around = boxAround(row.map(({ box }) => box));
    return around.right - around.left;
  });
  return medianOf(widths) >= COLUMN_FILL_MIN * (right - left);
}

/** Rows to blocks: paragraphs, tables, vertical texts. */
function blocksOf(rows: readonly Row[]): OrderedBlock[] {
  const blocks: OrderedBlock[] = [];
  let paragraph: Row[] = [];
  const flush = () => {
    if (paragraph.length > 0) blocks.push({ kind: 'text', lines: paragraph.flat().flatMap(({ lines }) => lines) });
    paragraph = [];
  };
  for (let at = 0; at < rows.length; ) {
    const row = rows[at]!;
    const table = tableFrom(rows, at);
    if (row.length === 0) {
      flush();
      at++;
    } else if (table !== null) {
      flush();
      blocks.push(table.block);
      at = table.end;
    } else {
      const last = paragraph.at(-1);
      const alone = row.some(({ vertical }) => vertical) || last?.some(({ vertical }) => vertical);
      if (last !== undefined && (alone || !goesOn(last, row))) flush();
      paragraph.push(row);
      at++;
    }
  }
  flush();
  return blocks;
}

function goesOn(above: Row, below: Row): boolean {
  const a = boxAround(above.map(({ box }) => box));
  const b = boxAround(below.map(({ box }) => box));
  const [heightA, heightB] = [medianOf(above.map(lineHeight)), medianOf(below.map(lineHeight))];
  const ratio = Math.max(heightA, heightB) / Math.max(1e-9, Math.min(heightA, heightB));
  const gap = b.top - a.bottom;
  return (
    ratio < PARAGRAPH_HEIGHT_RATIO_MAX &&
    gap <= PARAGRAPH_GAP_HEIGHTS_MAX * Math.min(heightA, heightB) &&
    overlap(a.left, a.right, b.left, b.right) > 0
  );
}

/** Two rows and more of several cells whose columns line up. */
function tableFrom(rows: readonly Row[], start: number): { block: OrderedBlock; end: number } | null {
  const isRowOfCells = (row: Row | undefined): row is Row => row !== undefined && cellsOf(row).length >= 2;
  if (!isRowOfCells(rows[start])) return null;
  let end = start + 1;
  while (isRowOfCells(rows[end]) && linesUp(rows[end - 1]!, rows[end]!)) end++;
  if (end - start < 2) return null;
  const table = rows.slice(start, end).map(cellsOf);
  const columns = columnsOf(table.flat());
  const lines: number[] = [];
  const cells: { row: number; column: number }[] = [];
  table.forEach((row, r) => {
    for (const cell of row) {
      const column = columns.findIndex((one) => overlap(one.left, one.right, cell.box.left, cell.box.right) > 0);
      for (const line of cell.lines) {
        lines.push(line);
        cells.push({ row: r, column });
      }
    }
  });
  return { block: { kind: 'table', lines, cells }, end };
}

/** A row's boxes, those that only the detector took apart joined. */
function cellsOf(row: Row): Item[] {
  const cells: Item[] = [];
  for (const item of row) {
    const last = cells.at(-1);
    const gap = last === undefined ? Number.POSITIVE_INFINITY : item.box.left - last.box.right;
    if (last !== undefined && gap < SAME_LINE_GAP_HEIGHTS_MAX * lineHeight(item)) {
      cells[cells.length - 1] = {
        box: boxAround([last.box, item.box]),
        lines: [...last.lines, ...item.lines],
        vertical: last.vertical || item.vertical,
      };
    } else cells.push(item);
  }
  return cells;
}

/** Cells below each other: at least two of one row overlap in width with cells of the other, each with one of its own. */
function linesUp(above: Row, below: Row): boolean {
  const upper = cellsOf(above);
  const met = new Set<Item>();
  for (const cell of cellsOf(below)) {
    const other = upper.find(
      (one) => !met.has(one) && overlap(one.box.left, one.box.right, cell.box.left, cell.box.right) > 0,
    );
    if (other) met.add(other);
  }
  return met.size >= 2;
}

/** Columns of a table: widths that overlap, joined, from left to right. */
function columnsOf(cells: readonly Item[]): { left: number; right: number }[] {
  const sorted = [...cells].sort((a, b) => a.box.left - b.box.left);
  const columns: { left: number; right: number }[] = [];
  for (const { box } of sorted) {
    const last = columns.at(-1);
    if (last !== undefined && box.left < last.right) last.right = Math.max(last.right, box.right);
    else columns.push({ left: box.left, right: box.right });
  }
  return columns;
}

/** Vertical lines that stand together, each group read from right to left. */
function verticalGroups(indices: readonly number[], boxes: readonly Box[]): Item[] {
  if (indices.length === 0) return [];
  const thickness = medianOf(indices.map((i) => boxes[i]!.right - boxes[i]!.left));
  const groups: number[][] = [];
  for (const i of indices) {
    const near = groups.filter((group) => group.some((other) => isNear(boxes[i]!, boxes[other]!, 2 * thickness)));
    const joined = [i, ...near.flat()];
    for (const group of near) groups.splice(groups.indexOf(group), 1);
    groups.push(joined);
  }
  return groups.map((group) => {
    // Turned by a quarter, columns from right to left are rows from top to bottom.
    const turnedItems = group
      .sort((a, b) => a - b)
      .map((i): Item => {
        const { left, top, right, bottom } = boxes[i]!;
        return { box: { left: top, top: -right, right: bottom, bottom: -left }, lines: [i], vertical: false };
      });
    return {
      box: boxAround(group.map((i) => boxes[i]!)),
      lines: arrange(turnedItems)
        .flat()
        .flatMap(({ lines }) => lines),
      vertical: true,
    };
  });
}

function isNear(a: Box, b: Box, reach: number): boolean {
  return (
    overlap(a.left - reach, a.right + reach, b.left, b.right) > 0 &&
    overlap(a.top - reach / 2, a.bottom + reach / 2, b.top, b.bottom) > 0
  );
}

/** Height of the text of an item; a group of vertical lines counts by its width over its lines. */
function lineHeight({ box, lines, vertical }: Item): number {
  return vertical ? (box.right - box.left) / lines.length : box.bottom - box.top;
}
