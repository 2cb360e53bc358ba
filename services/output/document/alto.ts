import { boxAround, boxOf } from '../../../fusion/document/box.ts';
import type { DocumentBlock, DocumentLine, DocumentPage, DocumentWord } from '../../../models/core/document.ts';
import type { Quad } from '../../../models/core/page.ts';
import type { DocumentSource, DocumentWriter } from './document-writer.ts';
import { rowsOf } from './text-rows.ts';
import { xmlText } from './xml-text.ts';

/**
 * ALTO 4: Page > PrintSpace > TextBlock > TextLine > String and SP, in pixels of the upright page. A word that fusion
 * changed names what the recognizer alone would have written as ALTERNATIVE.
 */
export function altoWriter(source: DocumentSource): DocumentWriter {
  return {
    begin: () => head(source),
    page: pageAlto,
    end: () => '  </Layout>\n</alto>\n',
  };
}

function head({ name }: DocumentSource): string {
  const file =
    name === ''
      ? ''
      : `    <sourceImageInformation>\n      <fileName>${xmlText(name)}</fileName>\n    </sourceImageInformation>\n`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.loc.gov/standards/alto/ns-v4# http://www.loc.gov/standards/alto/v4/alto-4-4.xsd">
  <Description>
    <MeasurementUnit>pixel</MeasurementUnit>
${file}    <Processing ID="OCR_1">
      <processingSoftware>
        <softwareName>bytefuse</softwareName>
      </processingSoftware>
    </Processing>
  </Description>
  <Layout>
`;
}

function pageAlto(page: DocumentPage): string {
  const n = page.number;
  const size = `WIDTH="${page.widthPx}" HEIGHT="${page.heightPx}"`;
  const language = page.language === '' ? '' : ` LANG="${xmlText(page.language)}"`;
  const blocks = page.blocks.map((block, b) => blockAlto(block, `${n}_${b + 1}`, language));
  return (
    `    <Page ID="page_${n}" PHYSICAL_IMG_NR="${n}" ${size}>\n` +
    `      <PrintSpace HPOS="0" VPOS="0" ${size}>\n${blocks.join('')}      </PrintSpace>\n    </Page>\n`
  );
}

function blockAlto(block: DocumentBlock, id: string, language: string): string {
  const cells = rowsOf(block).flatMap((row) => row.filter((cell) => cell.length > 0));
  const lines = cells.map((cell, l) => lineAlto(cell, `${id}_${l + 1}`));
  return `        <TextBlock ID="block_${id}" ${placeOf([block.quad])}${language}>\n${lines.join('')}        </TextBlock>\n`;
}

function lineAlto(cell: readonly DocumentLine[], id: string): string {
  const words = cell.flatMap((line) => {
    const changed = alternatives(line);
    return line.words.map((word, i) => ({ word, instead: changed.get(i) }));
  });
  const strings = words.map(({ word, instead }, w) => {
    const before = words[w - 1]?.word;
    const gap = before === undefined ? '' : spaceAlto(before, word);
    return gap + stringAlto(word, `string_${id}_${w + 1}`, instead);
  });
  return `          <TextLine ID="line_${id}" ${placeOf(cell.map(({ quad }) => quad))}>\n${strings.join('')}          </TextLine>\n`;
}

function stringAlto({ text, quad, confidence }: DocumentWord, id: string, instead: string | undefined): string {
  const start = `            <String ID="${id}" CONTENT="${xmlText(text)}" ${placeOf([quad])} WC="${confidence.toFixed(2)}"`;
  if (instead === undefined) return `${start}/>\n`;
  return `${start}><ALTERNATIVE PURPOSE="recognizer alone">${xmlText(instead)}</ALTERNATIVE></String>\n`;
}

function spaceAlto(before: DocumentWord, after: DocumentWord): string {
  const [left, right] = [boxOf(before.quad), boxOf(after.quad)];
  const width = Math.max(0, Math.round(right.left - left.right));
  return `            <SP HPOS="${whole(left.right)}" VPOS="${whole(left.top)}" WIDTH="${width}"/>\n`;
}

/** Changes that lie within one word, by the word's number: what it would have been without them. */
function alternatives(line: DocumentLine): Map<number, string> {
  const found = new Map<number, string>();
  let start = 0;
  line.words.forEach((word, i) => {
    const end = start + word.text.length;
    let instead = word.text;
    // From the back, so that the offsets of those before stay true.
    for (const change of [...line.changes].reverse()) {
      const at = change.offset - start;
      if (at < 0 || change.offset + change.chosen.length > end) continue;
      instead = instead.slice(0, at) + change.recognized + instead.slice(at + change.chosen.length);
    }
    if (instead !== word.text) found.set(i, instead);
    start = end + (word.spaceAfter ? 1 : 0);
  });
  return found;
}

function placeOf(quads: readonly Quad[]): string {
  const { left, top, right, bottom } = boxAround(quads.map(boxOf));
  const [x, y] = [whole(left), whole(top)];
  return `HPOS="${x}" VPOS="${y}" WIDTH="${Math.max(0, whole(right) - x)}" HEIGHT="${Math.max(0, whole(bottom) - y)}"`;
}

function whole(value: number): number {
  return Math.max(0, Math.round(value));
}
