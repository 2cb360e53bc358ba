import { type Box, boxAround, boxOf, quadOf } from '../../fusion/document/box.ts';
import { documentLine } from '../../fusion/document/document-line.ts';
import type { DocumentBlock, DocumentLine, DocumentPage, DocumentText } from '../../models/core/document.ts';
import type { Quad } from '../../models/core/page.ts';
import type { FusionChange } from '../../models/core/stepwise.ts';

/** A line at left, top with letters of 10 x 20 pixels, each read in every second frame at probability 0.9. */
export function toyLine(
  text: string,
  left: number,
  top: number,
  options: { readonly changes?: readonly FusionChange[]; readonly vertical?: boolean; readonly height?: number } = {},
): DocumentLine {
  const characters = [...text];
  const { vertical = false, height = 20 } = options;
  const length = characters.length * 10;
  const box = vertical
    ? { left, top, right: left + height, bottom: top + length }
    : { left, top, right: left + length, bottom: top + height };
  const place = {
    index: 0,
    quad: vertical ? downwards(box) : quadOf(box),
    direction: vertical ? ('vertical' as const) : ('horizontal' as const),
    detectionScore: 1,
    frameShare: 1 / (2 * characters.length),
  };
  const chars = characters.map((character, i) => ({
    text: character,
    logProb: Math.log(0.9),
    startFrame: 2 * i,
    endFrame: 2 * i + 2,
  }));
  return documentLine(place, { text, chars, ctcLogProb: -1, score: -1, nBest: [], changes: options.changes ?? [] });
}

/** Reading runs down: the first corner is the top right. */
function downwards({ left, top, right, bottom }: Box): Quad {
  return [right, top, right, bottom, left, bottom, left, top];
}

export function toyBlock(...lines: readonly DocumentLine[]): DocumentBlock {
  return { kind: 'text', quad: quadOf(boxAround(lines.map(({ quad }) => boxOf(quad)))), lines };
}

export function toyTable(rows: readonly (readonly (DocumentLine | null)[])[]): DocumentBlock {
  const cells = rows.flatMap((row, r) =>
    row.flatMap((line, column) => (line === null ? [] : [{ line, cell: { row: r, column } }])),
  );
  const lines = cells.map(({ line }) => line);
  return { ...toyBlock(...lines), kind: 'table', cells: cells.map(({ cell }) => cell) };
}

export function toyDocumentPage(number: number, blocks: readonly DocumentBlock[]): DocumentPage {
  return {
    number,
    widthPx: 800,
    heightPx: 600,
    dpi: 150,
    turnedDegrees: 0,
    skewDegrees: 0,
    source: 'recognized',
    language: 'tr',
    blocks,
    fields: [],
    warnings: [],
    stats: { steps: 0, llmRows: 0, llmRowsEager: 0, llmRowsFloor: 0, llmCalls: 0, llmMs: 0 },
    timings: { decodeMs: 0, detectMs: 0, orientMs: 0, recognizeMs: 0, searchMs: 0, llmMs: 0 },
  };
}

const logProb = { recognizer: -1, llm: -2 };
const CHANGE: FusionChange = {
  recognized: 'i',
  chosen: 'ı',
  offset: 2,
  recognizedLogProb: logProb,
  chosenLogProb: logProb,
};

/** Two pages: a heading, a paragraph whose first line was changed, a table with an empty cell; Chinese across and down. */
export const TOY_DOCUMENT: DocumentText = {
  pages: [
    toyDocumentPage(1, [
      toyBlock(toyLine('Başlık', 10, 10, { height: 44 })),
      toyBlock(
        toyLine('Yarın & <gel>', 10, 60, { changes: [{ ...CHANGE, offset: 3 }] }),
        toyLine('"İkinci" *satır*', 10, 85),
      ),
      toyTable([
        [toyLine('Çay', 10, 140), toyLine('2,50', 300, 140)],
        [null, toyLine('1|00', 300, 165)],
      ]),
    ]),
    toyDocumentPage(2, [
      toyBlock(toyLine('你好,世界', 10, 10)),
      toyBlock(toyLine('直排文字', 500, 40, { vertical: true })),
    ]),
  ],
  warnings: [{ code: 'w', message: 'of the document' }],
};
