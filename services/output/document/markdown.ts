import { boxOf, medianOf } from '../../../fusion/document/box.ts';
import type { DocumentBlock, DocumentLine, DocumentPage } from '../../../models/core/document.ts';
import type { DocumentWriter } from './document-writer.ts';
import { rowsOf, textOf } from './text-rows.ts';

/** Letters this much taller than the page's usual ones are a heading. */
const HEADING_RATIO_MIN = 1.5;
/** A heading is short; taller text that runs on is large print. */
const HEADING_CHARS_MAX = 120;

/** Markdown: paragraphs, headings by size, tables with pipes, a comment at the start of each page after the first. */
export function markdownWriter(): DocumentWriter {
  let pages = 0;
  return {
    begin: () => '',
    page: (page) => (pages++ > 0 ? `\n<!-- page ${page.number} -->\n\n` : '') + pageMarkdown(page),
    end: () => '',
  };
}

function pageMarkdown(page: DocumentPage): string {
  const usual = medianOf(page.blocks.flatMap(({ lines }) => lines.map(heightOf)));
  return page.blocks.map((block) => blockMarkdown(block, usual)).join('\n');
}

function blockMarkdown(block: DocumentBlock, usualHeight: number): string {
  const rows = rowsOf(block);
  if (block.kind === 'table') return tableMarkdown(rows);
  const text = rows.map((cells) => escapeLine(cells.map(textOf).join(' '))).join('\n');
  const tall = medianOf(block.lines.map(heightOf)) >= HEADING_RATIO_MIN * usualHeight;
  return tall && text.length <= HEADING_CHARS_MAX ? `## ${text.replaceAll('\n', ' ')}\n` : `${text}\n`;
}

function tableMarkdown(rows: readonly (readonly (readonly DocumentLine[])[])[]): string {
  const width = Math.max(...rows.map((row) => row.length));
  const lines = rows.map((row) => {
    const cells = Array.from({ length: width }, (_, i) => escapeMarks(textOf(row[i] ?? [])));
    return `| ${cells.join(' | ')} |\n`;
  });
  // The form has no tables without a head: the first row is taken for it.
  return [lines[0]!, `|${' --- |'.repeat(width)}\n`, ...lines.slice(1)].join('');
}

function heightOf({ quad, direction }: DocumentLine): number {
  const { left, top, right, bottom } = boxOf(quad);
  return direction === 'vertical' ? right - left : bottom - top;
}

function escapeMarks(text: string): string {
  return text.replace(/[\\`*_[\]<>|~$]/gu, '\\$&');
}

/** What would begin a heading, list, quotation or rule at the start of a line is escaped there as well. */
function escapeLine(text: string): string {
  return escapeMarks(text)
    .replace(/^(\s*)([#+=-])/u, '$1\\$2')
    .replace(/^(\s*\d+)([.)])(?=\s|$)/u, '$1\\$2');
}
