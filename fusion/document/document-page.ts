/** From what recognizer and search leave of a page to the document model: lines in reading order, in blocks. */
import type { DocumentBlock, DocumentLine, DocumentPage, FieldValue } from '../../models/core/document.ts';
import type { FieldRule, LineReading, PageUnit } from '../../models/core/page.ts';
import type { SearchStats, Warning } from '../../models/core/stepwise.ts';
import { type Box, boxAround, boxOf, overlap, quadOf } from './box.ts';
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
  readonly fields: readonly FieldRule[];
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
    fields: facts.fields.flatMap((rule) => fieldValue(rule, blocks, page)),
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

/** The first rule whose box holds most of a line, by index; undefined where none does. */
export function fieldRuleOf(
  rules: readonly FieldRule[],
  line: Pick<LinePlace, 'quad'>,
  page: { readonly widthPx: number; readonly heightPx: number },
): FieldRule | undefined {
  const box = boxOf(line.quad);
  const area = Math.max(1e-9, (box.right - box.left) * (box.bottom - box.top));
  return rules.find((rule) => shared(box, ruleBox(rule, page)) > 0.5 * area);
}

function ruleBox({ box: [left, top, right, bottom] }: FieldRule, page: { widthPx: number; heightPx: number }): Box {
  return {
    left: left * page.widthPx,
    top: top * page.heightPx,
    right: right * page.widthPx,
    bottom: bottom * page.heightPx,
  };
}

function shared(a: Box, b: Box): number {
  return overlap(a.left, a.right, b.left, b.right) * overlap(a.top, a.bottom, b.top, b.bottom);
}

/** The lines that a rule found, joined in reading order. */
function fieldValue(
  rule: FieldRule,
  blocks: readonly DocumentBlock[],
  page: { readonly widthPx: number; readonly heightPx: number },
): FieldValue[] {
  const inside = (line: DocumentLine) => fieldRuleOf([rule], line, page) !== undefined;
  const lines = blocks.flatMap((block) => block.lines.filter(inside));
  if (lines.length === 0) return [];
  return [
    {
      name: rule.name,
      text: lines.map(({ text }) => text).join(' '),
      quad: quadOf(boxAround(lines.map(({ quad }) => boxOf(quad)))),
      confidence: Math.min(...lines.map(({ confidence }) => confidence)),
    },
  ];
}
