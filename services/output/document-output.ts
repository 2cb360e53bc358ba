/** One file that a document becomes, written while its pages come: text formats, a PDF of pictures, or a PDF with text over it. */
import { readFile } from 'node:fs/promises';
import type { DocumentPage } from '../../models/core/document.ts';
import type { Raster } from '../../models/core/page.ts';
import type { Warning } from '../../models/core/stepwise.ts';
import { type DocumentFormat, type DocumentWriter, openDocumentWriter } from './document/document-writer.ts';
import { ImagePdf } from './pdf/image-pdf.ts';
import { overlayPdf, withoutWords } from './pdf/overlay-pdf.ts';
import { pagePicture } from './pdf/page-picture.ts';

export type WriteContent = (content: string | Uint8Array) => Promise<void>;

/** `begin` once, `page` for each page in order, `end` once. */
export interface DocumentOutput {
  begin(): Promise<void>;
  page(result: { readonly page: DocumentPage; readonly image: Raster }): Promise<void>;
  /** `warnings`: those of the document as a whole. */
  end(warnings: readonly Warning[]): Promise<void>;
}

export interface OutputSource {
  /** File name, without folders; '' where there is none. */
  readonly name: string;
  /** Where the document itself is a PDF: its path. Then `pdf` lays text over its pages. */
  readonly pdfPath: string | null;
}

export function openDocumentOutput(format: DocumentFormat, source: OutputSource, write: WriteContent): DocumentOutput {
  const { name, pdfPath } = source;
  if (format !== 'pdf') return textOutput(openDocumentWriter(format, { name }), write);
  return pdfPath === null ? pictureOutput(name, write) : overlayOutput(pdfPath, write);
}

function textOutput(writer: DocumentWriter, write: WriteContent): DocumentOutput {
  return {
    begin: () => write(writer.begin()),
    page: ({ page }) => write(writer.page(page)),
    end: (warnings) => write(writer.end(warnings)),
  };
}

function pictureOutput(title: string, write: WriteContent): DocumentOutput {
  const pdf = new ImagePdf(write, { title });
  return {
    begin: () => pdf.begin(),
    page: async ({ page, image }) => pdf.page(page, await pagePicture(image)),
    end: () => pdf.end(),
  };
}

/** The pages' lines are kept until the end: the file is written anew as a whole. */
function overlayOutput(pdfPath: string, write: WriteContent): DocumentOutput {
  const pages: DocumentPage[] = [];
  return {
    begin: async () => undefined,
    page: async ({ page }) => void pages.push(withoutWords(page)),
    end: async () => write(await overlayPdf(await readFile(pdfPath), pages)),
  };
}
