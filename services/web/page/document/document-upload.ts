/** A document to `/v1/documents`: its pages as they are read, and what only the service can write. */
import type { DocumentPage } from '../../../../models/core/document.ts';
import { post, postForEvents } from '../service.ts';

const PATH = '/v1/documents';
/** Readings of a line, as many as one compares at a glance. */
const READINGS = '4';

/** Throws as `postForEvents` does, and SyntaxError where a page is none. */
export async function* readDocument(file: File, signal: AbortSignal): AsyncGenerator<DocumentPage, void> {
  const form = new FormData();
  form.append('stream', 'true');
  form.append('format', 'json');
  form.append('n_best', READINGS);
  form.append('explain', 'true');
  form.append('file', file, file.name);
  for await (const event of postForEvents(PATH, form, signal)) {
    if (event['type'] === 'document.page') yield checkedPage(event['page']);
  }
}

/** The searchable PDF: it needs the pictures of the pages, which only the service has. */
export async function searchablePdf(file: File, signal: AbortSignal): Promise<Blob> {
  const form = new FormData();
  form.append('format', 'pdf');
  form.append('file', file, file.name);
  return (await post(PATH, form, signal)).blob();
}

/** Enough of a check that nothing later fails halfway; values are only ever shown as text and as numbers. */
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

function isLine(line: DocumentPage['blocks'][number]['lines'][number]): boolean {
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
