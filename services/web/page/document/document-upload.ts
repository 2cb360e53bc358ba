/** A document to `/v1/documents`: its pages as they are read, and what only the service can write. */
import type { DocumentPage } from '../../../../models/core/document.ts';
import { post, postForEvents } from '../service.ts';
import { checkedPage } from './page-check.ts';

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
