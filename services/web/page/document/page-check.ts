/** The border at which pages of the service come in. */
import type { DocumentLine, DocumentPage } from '../../../../models/core/document.ts';

/**
 * The page, checked enough that nothing later fails halfway: its values are only ever shown as text and as numbers. Throws
 * SyntaxError where it is none.
 */
export function checkedPage(raw: unknown): DocumentPage {
  const page = raw as DocumentPage;
  const isSound =
    typeof page === 'object' &&
    page !== null &&
    [page.number, page.widthPx, page.heightPx, page.turnedDegrees].every(Number.isFinite) &&
    typeof page.language === 'string' &&
    Array.isArray(page.blocks) &&
    page.blocks.every(({ lines }) => Array.isArray(lines) && lines.every(isLine));
  if (!isSound) throw new SyntaxError('a page of the answer is malformed');
  return page;
}

function isLine(line: DocumentLine): boolean {
  return (
    typeof line.text === 'string' &&
    Array.isArray(line.changes) &&
    Array.isArray(line.nBest) &&
    Array.isArray(line.words) &&
    line.words.every(
      ({ text, quad }) =>
        typeof text === 'string' && Array.isArray(quad) && quad.length === 8 && quad.every(Number.isFinite),
    )
  );
}
