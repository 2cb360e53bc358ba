import { boxAround, boxOf } from '../../../fusion/document/box.ts';
import type { DocumentLine, DocumentPage, DocumentWord } from '../../../models/core/document.ts';
import type { Quad } from '../../../models/core/page.ts';
import type { DocumentSource, DocumentWriter } from './document-writer.ts';
import { rowsOf } from './text-rows.ts';
import { xmlText } from './xml-text.ts';

/** hOCR 1.2: ocr_page > ocr_carea > ocr_par > ocr_line > ocrx_word, boxes in pixels of the upright page. */
export function hocrWriter(source: DocumentSource): DocumentWriter {
  return {
    begin: () => HEAD,
    page: (page) => pageHocr(page, source),
    end: () => ' </body>\n</html>\n',
  };
}

const HEAD = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
 <head>
  <title></title>
  <meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>
  <meta name="ocr-system" content="bytefuse"/>
  <meta name="ocr-capabilities" content="ocr_page ocr_carea ocr_par ocr_line ocrx_word ocrp_wconf"/>
 </head>
 <body>
`;

function pageHocr(page: DocumentPage, { name }: DocumentSource): string {
  const n = page.number;
  const resolution = page.dpi === undefined ? '' : `; scan_res ${Math.round(page.dpi)} ${Math.round(page.dpi)}`;
  // Inside a title, a quotation mark would end the image's name.
  const image = `image "${name.replaceAll('"', '_')}"`;
  const title = `${image}; bbox 0 0 ${page.widthPx} ${page.heightPx}; ppageno ${n - 1}${resolution}`;
  const lang = page.language === '' ? '' : ` lang="${xmlText(page.language)}"`;
  let lines = 0;
  let words = 0;
  const blocks = page.blocks.map((block, b) => {
    const id = `${n}_${b + 1}`;
    const rows = rowsOf(block).flatMap((cells) => cells.filter((cell) => cell.length > 0));
    const inner = rows.map((cell) => {
      const spans = cell.flatMap((line) => line.words).map((word) => wordHocr(word, `word_${n}_${++words}`));
      return `     <span class="ocr_line" id="line_${n}_${++lines}" title="${lineTitle(cell)}">\n${spans.join('')}     </span>\n`;
    });
    const box = bboxOf([block.quad]);
    return (
      `   <div class="ocr_carea" id="block_${id}" title="${box}">\n` +
      `    <p class="ocr_par" id="par_${id}"${lang} title="${box}">\n${inner.join('')}    </p>\n   </div>\n`
    );
  });
  return `  <div class="ocr_page" id="page_${n}" title="${xmlText(title)}">\n${blocks.join('')}  </div>\n`;
}

function wordHocr({ text, quad, confidence }: DocumentWord, id: string): string {
  const title = `${bboxOf([quad])}; x_wconf ${Math.round(confidence * 100)}`;
  return `      <span class="ocrx_word" id="${id}" title="${title}">${xmlText(text)}</span>\n`;
}

/** Slope and offset of the baseline are seen from the lower left corner of the box; y points down. */
function lineTitle(cell: readonly DocumentLine[]): string {
  const box = bboxOf(cell.map(({ quad }) => quad));
  const { left, bottom } = boxAround(cell.map(({ quad }) => boxOf(quad)));
  const [first, last] = [cell[0]!, cell.at(-1)!];
  const height = Math.round(Math.hypot(first.quad[6] - first.quad[0], first.quad[7] - first.quad[1]));
  if (first.direction === 'vertical') return box;
  const run = last.quad[4] - first.quad[6];
  const slope = Math.abs(run) < 1 ? 0 : (last.quad[5] - first.quad[7]) / run;
  const offset = first.quad[7] + (left - first.quad[6]) * slope - bottom;
  return `${box}; baseline ${round(slope, 3)} ${round(offset, 1)}; x_size ${height}`;
}

function bboxOf(quads: readonly Quad[]): string {
  const { left, top, right, bottom } = boxAround(quads.map(boxOf));
  return `bbox ${[left, top, right, bottom].map((side) => Math.max(0, Math.round(side))).join(' ')}`;
}

function round(value: number, digits: number): number {
  // -0 would be written as such.
  return Math.round(value * 10 ** digits) / 10 ** digits || 0;
}
