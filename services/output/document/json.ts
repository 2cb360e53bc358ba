import type { DocumentPage } from '../../../models/core/document.ts';
import type { DocumentSource, DocumentWriter } from './document-writer.ts';

/** The document model as JSON (models/core/document.ts), one page per line; numbers are rounded for reading. */
export function jsonWriter(source: DocumentSource): DocumentWriter {
  let pages = 0;
  return {
    begin: () => `{"source":${JSON.stringify(source.name)},"pages":[\n`,
    page: (page) => (pages++ > 0 ? ',\n' : '') + JSON.stringify(pageValue(page)),
    end: (warnings) => `\n],"warnings":${JSON.stringify(warnings)}}\n`,
  };
}

/** Pixels to a tenth, probabilities and scores to four digits. */
export function pageValue(page: DocumentPage): unknown {
  return JSON.parse(JSON.stringify(page, rounded));
}

function rounded(key: string, value: unknown): unknown {
  if (key === 'quad') return (value as number[]).map((coordinate) => Math.round(coordinate * 10) / 10);
  if (typeof value !== 'number') return value;
  // JSON has no infinities; a log-probability of nothing is told apart from 0 by being absent.
  return Number.isFinite(value) ? Math.round(value * 1e4) / 1e4 : null;
}
