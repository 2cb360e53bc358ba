/** Searchable PDF from a PDF: its pages stay as they are, the text that was read is laid over those that were recognized. */
import {
  PDFDict,
  PDFDocument,
  PDFName,
  type PDFObject,
  PDFObjectParser,
  type PDFPage,
  type PDFRef,
} from '@cantoo/pdf-lib';
import { AppError } from '../../../models/core/app-error.ts';
import type { DocumentPage } from '../../../models/core/document.ts';
import { cidToGidMap, FONT } from './font-objects.ts';
import { glyphlessFont } from './glyphless-font.ts';
import { TextCodes } from './text-codes.ts';
import { FONT_NAME, type Matrix, textLayer } from './text-layer.ts';

/**
 * `pages`: those that were read; pages with a text layer of their own get none. Returns the new file. The whole file is
 * held in memory, as it came and as it is written. Throws pdf_corrupt where the pages cannot be found in it.
 */
export async function overlayPdf(original: Uint8Array, pages: readonly DocumentPage[]): Promise<Uint8Array> {
  const pdf = await openForWriting(original);
  const codes = new TextCodes();
  const font = pdf.context.nextRef();
  const all = pdf.getPages();
  for (const page of pages) {
    const target = all[page.number - 1];
    if (target === undefined)
      throw new AppError('pdf_corrupt', `Page ${page.number} is not among ${all.length} pages.`);
    if (page.source === 'text-layer') continue;
    const layer = textLayer(page, overlayMatrix(target, page), codes);
    // Content before it may leave the graphics state changed, so it is wrapped.
    const before = pdf.context.register(pdf.context.flateStream('q\n'));
    const after = pdf.context.register(pdf.context.flateStream(`\nQ\n${layer}`));
    target.node.normalize();
    target.node.wrapContentStreams(before, after);
    fontsOf(pdf, target).set(PDFName.of(FONT_NAME), font);
  }
  embedFont(pdf, font, codes);
  return pdf.save({ updateFieldAppearances: false });
}

/** What overlayPdf needs of a page: for documents of many pages, whose characters need not be kept. */
export function withoutWords(page: DocumentPage): DocumentPage {
  const blocks = page.blocks.map((block) => ({
    ...block,
    lines: block.lines.map((line) => ({ ...line, words: [], nBest: [], changes: [] })),
  }));
  return { ...page, blocks };
}

async function openForWriting(original: Uint8Array): Promise<PDFDocument> {
  try {
    return await PDFDocument.load(original, { updateMetadata: false });
  } catch (cause) {
    throw new AppError('pdf_corrupt', 'The PDF can be shown but not be written anew: its structure is broken.', {
      cause,
    });
  }
}

/**
 * From pixels of the upright page to the page's own space. The picture that was read shows the crop box, turned by
 * /Rotate; recognition may have turned it again.
 */
function overlayMatrix(target: PDFPage, page: DocumentPage): Matrix {
  const { x, y, width, height } = target.getCropBox();
  const shown = (((target.getRotation().angle % 360) + 360) % 360) as 0 | 90 | 180 | 270;
  const turn = ((shown + page.turnedDegrees) % 360) as 0 | 90 | 180 | 270;
  const [w, h] = [page.widthPx, page.heightPx];
  const upright = turn === 90 || turn === 270 ? [height, width] : [width, height];
  // The two differ by the rounding of the rendering to whole pixels.
  const [sx, sy] = [upright[0]! / w, upright[1]! / h];
  switch (turn) {
    case 0:
      return [sx, 0, 0, -sy, x, y + height];
    case 90:
      return [0, sx, sy, 0, x, y];
    case 180:
      return [-sx, 0, 0, sy, x + width, y];
    case 270:
      return [0, -sx, -sy, 0, x + width, y + height];
  }
}

/** The font dictionary of the page's own resources; inherited ones are copied, for they may be shared. */
function fontsOf(pdf: PDFDocument, page: PDFPage): PDFDict {
  const inherited = page.node.Resources();
  const resources = inherited ? inherited.clone(pdf.context) : pdf.context.obj({});
  page.node.set(PDFName.of('Resources'), resources);
  const fonts = resources.lookupMaybe(PDFName.of('Font'), PDFDict)?.clone(pdf.context) ?? pdf.context.obj({});
  resources.set(PDFName.of('Font'), fonts);
  return fonts;
}

function embedFont(pdf: PDFDocument, font: PDFRef, codes: TextCodes): void {
  const { context } = pdf;
  const program = glyphlessFont();
  const file = context.register(context.flateStream(program, { Length1: program.length }));
  const map = context.register(context.flateStream(cidToGidMap()));
  const toUnicode = context.register(context.flateStream(codes.toUnicode()));
  const descriptor = context.register(parsed(pdf, FONT.descriptor(file.toString())));
  const descendant = context.register(parsed(pdf, FONT.descendant(descriptor.toString(), map.toString())));
  context.assign(font, parsed(pdf, FONT.type0(descendant.toString(), toUnicode.toString())));
}

function parsed(pdf: PDFDocument, text: string): PDFObject {
  return PDFObjectParser.forBytes(Buffer.from(text, 'latin1'), pdf.context).parseObject();
}
