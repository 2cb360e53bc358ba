import { boxAround, boxOf } from '../../../fusion/document/box.ts';
import type { DocumentPage } from '../../../models/core/document.ts';
import type { Quad } from '../../../models/core/page.ts';
import type { DocumentWriter } from './document-writer.ts';
import { rowsOf } from './text-rows.ts';

const COLUMNS = [
  'level',
  'page_num',
  'block_num',
  'par_num',
  'line_num',
  'word_num',
  'left',
  'top',
  'width',
  'height',
  'conf',
  'text',
];

/** Tesseract's TSV: a row for each page, block, paragraph, line (levels 1 to 4, confidence -1) and word (level 5). */
export function tsvWriter(): DocumentWriter {
  return { begin: () => `${COLUMNS.join('\t')}\n`, page: pageTsv, end: () => '' };
}

function pageTsv(page: DocumentPage): string {
  const rows: string[] = [];
  const add = (numbers: readonly number[], quads: readonly Quad[], confidence: number, text: string) => {
    const { left, top, right, bottom } = boxAround(quads.map(boxOf));
    const [x, y] = [Math.round(left), Math.round(top)];
    const box = [x, y, Math.round(right) - x, Math.round(bottom) - y];
    rows.push([...numbers, ...box, confidence, quoted(text)].join('\t'));
  };
  const whole: Quad = [0, 0, page.widthPx, 0, page.widthPx, page.heightPx, 0, page.heightPx];
  const n = page.number;
  add([1, n, 0, 0, 0, 0], [whole], -1, '');
  page.blocks.forEach((block, b) => {
    add([2, n, b + 1, 0, 0, 0], [block.quad], -1, '');
    add([3, n, b + 1, 1, 0, 0], [block.quad], -1, '');
    const cells = rowsOf(block).flatMap((row) => row.filter((cell) => cell.length > 0));
    cells.forEach((cell, l) => {
      const quads = cell.map(({ quad }) => quad);
      add([4, n, b + 1, 1, l + 1, 0], quads, -1, '');
      cell
        .flatMap(({ words }) => words)
        .forEach((word, w) => {
          add([5, n, b + 1, 1, l + 1, w + 1], [word.quad], Math.round(word.confidence * 1e4) / 100, word.text);
        });
    });
  });
  return `${rows.join('\n')}\n`;
}

/** A word that begins with a quotation mark would swallow the rows after it in a spreadsheet: only that is quoted. */
function quoted(text: string): string {
  const flat = text.replace(/[\t\r\n]+/gu, ' ');
  return flat.startsWith('"') ? `"${flat.replaceAll('"', '""')}"` : flat;
}
