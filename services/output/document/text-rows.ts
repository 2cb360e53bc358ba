/** Lines of a block as a reader sees them: what stands side by side is one row. */
import { boxOf, overlap } from '../../../fusion/document/box.ts';
import type { DocumentBlock, DocumentLine } from '../../../models/core/document.ts';

/** Rows from top to bottom, each with its cells from left to right; a cell holds the lines that the detector took apart. */
export function rowsOf(block: DocumentBlock): DocumentLine[][][] {
  const { cells } = block;
  if (cells === undefined) return visualRows(block.lines).map((row) => [row]);
  const rows: DocumentLine[][][] = [];
  block.lines.forEach((line, i) => {
    const { row, column } = cells[i]!;
    rows[row] ??= [];
    rows[row]![column] ??= [];
    rows[row]![column]!.push(line);
  });
  // Columns that a row lacks are holes; they become empty cells.
  return rows.map((row) => Array.from(row, (cell) => cell ?? []));
}

/** Neighbors in reading order that overlap in height are one row. */
export function visualRows(lines: readonly DocumentLine[]): DocumentLine[][] {
  const rows: DocumentLine[][] = [];
  for (const line of lines) {
    const last = rows.at(-1)?.at(-1);
    if (last !== undefined && sideBySide(last, line)) rows.at(-1)!.push(line);
    else rows.push([line]);
  }
  return rows;
}

function sideBySide(left: DocumentLine, right: DocumentLine): boolean {
  if (left.direction === 'vertical' || right.direction === 'vertical') return false;
  const [a, b] = [boxOf(left.quad), boxOf(right.quad)];
  const lower = Math.min(a.bottom - a.top, b.bottom - b.top);
  return b.left >= a.left && overlap(a.top, a.bottom, b.top, b.bottom) >= 0.5 * lower;
}

/** Texts of lines, joined by spaces. */
export function textOf(lines: readonly DocumentLine[]): string {
  return lines.map(({ text }) => text).join(' ');
}
