/** A document as a file, page by page: pages are written as they finish, so a long one is never held whole. */
import type { DocumentPage, DocumentText } from '../../../models/core/document.ts';
import type { Warning } from '../../../models/core/stepwise.ts';
import { altoWriter } from './alto.ts';
import { hocrWriter } from './hocr.ts';
import { jsonWriter } from './json.ts';
import { markdownWriter } from './markdown.ts';
import { textWriter } from './text.ts';
import { tsvWriter } from './tsv.ts';

export interface DocumentSource {
  /** File name, without folders; '' where there is none. */
  readonly name: string;
}

/** Call `begin` once, `page` for each page in order, `end` once; what they return, joined, is the file. */
export interface DocumentWriter {
  begin(): string;
  page(page: DocumentPage): string;
  /** `warnings`: those of the document as a whole. */
  end(warnings: readonly Warning[]): string;
}

export const DOCUMENT_FORMATS = ['text', 'markdown', 'json', 'hocr', 'alto', 'tsv', 'pdf'] as const;
export type DocumentFormat = (typeof DOCUMENT_FORMATS)[number];

/** Formats that are text; a PDF needs the pages' pictures as well (services/output/pdf). */
export type TextDocumentFormat = Exclude<DocumentFormat, 'pdf'>;

export const DOCUMENT_ENDINGS: Readonly<Record<DocumentFormat, string>> = {
  text: '.txt',
  markdown: '.md',
  json: '.json',
  hocr: '.hocr.html',
  alto: '.alto.xml',
  tsv: '.tsv',
  pdf: '.pdf',
};

const WRITERS: Readonly<Record<TextDocumentFormat, (source: DocumentSource) => DocumentWriter>> = {
  text: textWriter,
  markdown: markdownWriter,
  json: jsonWriter,
  hocr: hocrWriter,
  alto: altoWriter,
  tsv: tsvWriter,
};

export function openDocumentWriter(format: TextDocumentFormat, source: DocumentSource): DocumentWriter {
  return WRITERS[format](source);
}

/** The whole file at once. */
export function writeDocument(document: DocumentText, format: TextDocumentFormat, source: DocumentSource): string {
  const writer = openDocumentWriter(format, source);
  return [writer.begin(), ...document.pages.map((page) => writer.page(page)), writer.end(document.warnings)].join('');
}
