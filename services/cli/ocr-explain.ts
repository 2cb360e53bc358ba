/** `--explain` for documents: each line where fusion changed the reading, as text, and as a page with pictures of the lines. */

import sharp from 'sharp';
import { boxOf } from '../../fusion/document/box.ts';
import type { DocumentLine, DocumentPage } from '../../models/core/document.ts';
import type { Raster } from '../../models/core/page.ts';
import { xmlText } from '../output/document/xml-text.ts';
import { openPicture } from '../output/pdf/page-picture.ts';

/** A changed line, and what it looks like. */
export interface ExplainedLine {
  readonly page: number;
  readonly line: DocumentLine;
  /** PNG of the line as it stands on the upright page. */
  readonly png: Uint8Array;
}

/** Changed lines of one document that are shown with their picture: some megabytes of page. */
export const EXPLAINED_LINES_MAX = 500;

/** `limit`: lines that may still be shown. */
export async function explainedLines(page: DocumentPage, image: Raster, limit: number): Promise<ExplainedLine[]> {
  const changed = page.blocks.flatMap(({ lines }) => lines.filter(({ changes }) => changes.length > 0));
  if (changed.length === 0 || limit === 0) return [];
  const upright = await openPicture(image).rotate(page.turnedDegrees).png({ compressionLevel: 0 }).toBuffer();
  const found: ExplainedLine[] = [];
  for (const line of changed.slice(0, limit)) {
    const box = boxOf(line.quad);
    const left = Math.max(0, Math.floor(box.left) - MARGIN_PX);
    const top = Math.max(0, Math.floor(box.top) - MARGIN_PX);
    const width = Math.min(page.widthPx, Math.ceil(box.right) + MARGIN_PX) - left;
    const height = Math.min(page.heightPx, Math.ceil(box.bottom) + MARGIN_PX) - top;
    if (width < 1 || height < 1) continue;
    const png = await sharp(upright).extract({ left, top, width, height }).png().toBuffer();
    found.push({ page: page.number, line, png });
  }
  return found;
}

const MARGIN_PX = 4;

/** What the terminal shows of a page: a line for each change, both readings and both scores. */
export function explainPageText(name: string, page: DocumentPage): string {
  const changes = page.blocks.flatMap(({ lines }) =>
    lines.flatMap((line) => line.changes.map((change) => ({ change, line }))),
  );
  return changes
    .map(({ change, line }) => {
      const { recognizedLogProb: before, chosenLogProb: after } = change;
      const gain = (from: number, to: number) => `${to >= from ? '+' : ''}${(to - from).toFixed(2)}`;
      return (
        `${name}, page ${page.number}: "${change.recognized}" -> "${change.chosen}" in "${line.text}"\n` +
        `    recognizer ${gain(before.recognizer, after.recognizer)} nats, language model ${gain(before.llm, after.llm)} nats\n`
      );
    })
    .join('');
}

/** A page of its own, with the pictures inside. */
export function explainHtml(name: string, lines: readonly ExplainedLine[], more: number): string {
  const rows = lines.map(({ page, line, png }) => {
    const picture = `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
    const changes = line.changes.map(
      ({ recognized, chosen, recognizedLogProb: before, chosenLogProb: after }) =>
        `<li><del>${xmlText(recognized || '∅')}</del> → <ins>${xmlText(chosen || '∅')}</ins>: recognizer ` +
        `${before.recognizer.toFixed(2)} → ${after.recognizer.toFixed(2)}, language model ${before.llm.toFixed(2)} → ${after.llm.toFixed(2)}</li>`,
    );
    return (
      `<section><p>Page ${page}</p><img src="${picture}" alt="${xmlText(line.text)}">` +
      `<p class="text">${xmlText(line.text)}</p><ul>${changes.join('')}</ul></section>\n`
    );
  });
  const rest = more > 0 ? `<p>${more} more changed lines are not shown here.</p>\n` : '';
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>What fusion changed in ${xmlText(name)}</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid #8884; padding: 1rem 0; }
section > p:first-child { color: GrayText; font-size: .85rem; margin: 0 0 .25rem; }
img { max-width: 100%; background: #fff; }
.text { font-size: 1.15rem; margin: .25rem 0; }
ul { font-size: .9rem; margin: 0; font-variant-numeric: tabular-nums; }
del { color: #b3261e; } ins { color: #1b6e3c; }
@media (prefers-color-scheme: dark) { del { color: #ff9d94; } ins { color: #86d7a4; } }
</style></head><body>
<h1>What fusion changed in ${xmlText(name)}</h1>
<p>Scores are natural log-probabilities of the whole line, as the recognizer alone would have it and as it was chosen.</p>
${rows.join('')}${rest}</body></html>
`;
}
