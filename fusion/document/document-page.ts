/** From what recognizer and search leave of a page to the document model: lines in reading order, in blocks. */
import type { DocumentBlock, DocumentLine, DocumentPage, FieldValue } from '../../models/core/document.ts';
import type { LineReading, PageUnit } from '../../models/core/page.ts';
import type { SearchStats, Warning } from '../../models/core/stepwise.ts';
import { boxAround, boxOf, quadOf } from './box.ts';
import { documentLine, type LinePlace } from './document-line.ts';
import { readingOrder } from './reading-order.ts';

/** A page as it comes from the search, and what the caller knows of it. */
export interface PageResult {
  readonly page: Omit<PageUnit, 'lines'>;
  readonly lines: readonly { readonly line: LinePlace; readonly reading: LineReading }[];
  /** ISO 639-1 that the language model was asked in; '' where none took part. */
  readonly language: string;
  readonly stats: SearchStats;
  readonly warnings: readonly Warning[];
  readonly searchMs: number;
}

export interface PageFacts {
  /** As people count, from 1. */
  readonly number: number;
  readonly dpi?: number | undefined;
  readonly decodeMs: number;
}

/** Lines without a character are left out: the detector saw something there, the recognizer nothing. */
export function documentPage(result: PageResult, facts: PageFacts): DocumentPage {
  const { page, language, stats, warnings, searchMs } = result;
  const read = result.lines.filter(({ reading }) => reading.text.trim() !== '');
  const lines = read.map(({ line, reading }) => documentLine(line, reading));
  const blocks = documentBlocks(lines, page.skewDegrees);
  return {
    number: facts.number,
    widthPx: page.widthPx,
    heightPx: page.heightPx,
    ...(facts.dpi === undefined ? {} : { dpi: facts.dpi }),
    turnedDegrees: page.turnedDegrees,
    skewDegrees: page.skewDegrees,
    source: 'recognized',
    language,
    blocks,
    fields: fieldValues(result.lines),
    warnings: [...page.warnings, ...warnings],
    stats,
    timings: { decodeMs: facts.decodeMs, ...page.timings, searchMs, llmMs: stats.llmMs },
  };
}

/** Lines in reading order, in blocks. */
export function documentBlocks(lines: readonly DocumentLine[], skewDegrees: number): DocumentBlock[] {
  return readingOrder(lines, skewDegrees).map(({ kind, lines: order, cells }) => {
    const ordered = order.map((i) => lines[i]!);
    const quad = quadOf(boxAround(ordered.map((line) => boxOf(line.quad))));
    return { kind, quad, lines: ordered, ...(cells === undefined ? {} : { cells }) };
  });
}

/** The lines that each field found, joined in the order of detection. */
function fieldValues(lines: PageResult['lines']): FieldValue[] {
  const byName = new Map<string, PageResult['lines'][number][]>();
  for (const one of lines) {
    const name = one.reading.field?.name;
    if (name !== undefined) byName.set(name, [...(byName.get(name) ?? []), one]);
  }
  return [...byName].map(([name, found]) => {
    const read = found.map(({ line, reading }) => documentLine(line, reading));
    return {
      name,
      text: read.map(({ text }) => text).join(' '),
      matched: found.every(({ reading }) => reading.field!.matched),
      quad: quadOf(boxAround(found.map(({ line }) => boxOf(line.quad)))),
      confidence: Math.min(...read.map(({ confidence }) => confidence)),
    };
  });
}
