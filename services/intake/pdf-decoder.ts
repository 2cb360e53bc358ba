import { AppError } from '../../models/core/app-error.ts';
import type { Raster } from '../../models/core/page.ts';
import { judgeTextLayer } from '../../models/page-image/text-layer-verdict.ts';
import { FILE_PAGES_MAX, PAGE_SIDE_PX_MAX, PDF_DPI_MIN } from './limits.ts';
import type { DecodedPage, DecoderInput, PageDecoder } from './page-decoder.ts';
import { extractTextLayer, imageBoxes, PageFrame } from './pdf-text-layer.ts';
import type { Pdfium } from './pdfium-module.ts';
import { randomAccessBytes, randomAccessFile } from './random-access.ts';

const POINTS_PER_INCH = 72;
/** FPDFBitmap_BGR: three bytes a pixel. */
const BITMAP_BGR = 2;
/** FPDF_ANNOT: notes and filled fields as they look in print. FPDF_REVERSE_BYTE_ORDER: red comes first. */
const RENDER_FLAGS = 0x01 | 0x10;
const WHITE = 0xffffffff;
/** Values of FPDF_GetLastError: a password is missing, or the encryption is of an unknown kind. */
const ERROR_PASSWORD = 4;
const ERROR_SECURITY = 5;
/** FPDF_FILEACCESS: length, callback, its argument; four bytes each. */
const FILE_ACCESS_BYTES = 12;

/**
 * PDFium keeps every object that it has read until the document is closed: 300 scanned pages would be in memory at last.
 * After this many bytes the document is opened anew, which costs milliseconds.
 */
const RELOAD_BYTES = 64 * 1024 * 1024;

/** Opens a PDF that is read block by block as PDFium asks for it. Throws AppError pdf_encrypted, pdf_corrupt and others. */
export function openPdf(pdfium: Pdfium, input: DecoderInput): PageDecoder {
  const { name, source } = input;
  const { calls } = pdfium;
  const access = 'path' in source ? randomAccessFile(source.path) : randomAccessBytes(source.bytes);
  let readBytes = 0;
  const readBlock = (_argument: number, position: number, target: number, length: number): number => {
    const bytes = access.readAt(position >>> 0, length >>> 0);
    if (bytes.length < length >>> 0) return 0;
    calls.HEAPU8.set(bytes, target >>> 0);
    readBytes += bytes.length;
    return 1;
  };
  const callback = calls.addFunction(readBlock, 'iiiii');
  const pointer = calls._malloc(FILE_ACCESS_BYTES);
  calls.HEAP32.set([access.lengthBytes, callback, 0], pointer >>> 2);
  let document = 0;
  const close = () => {
    if (document !== 0) calls._FPDF_CloseDocument(document);
    calls._free(pointer);
    calls.removeFunction(callback);
    access.close();
  };
  const load = () => {
    readBytes = 0;
    document = calls._FPDF_LoadCustomDocument(pointer, 0);
    if (document === 0) throw openError(calls._FPDF_GetLastError(), name);
  };
  try {
    load();
    const pages = calls._FPDF_GetPageCount(document);
    if (pages <= 0) throw new AppError('pdf_corrupt', `${name} has no pages`);
    if (pages > FILE_PAGES_MAX) {
      throw new AppError(
        'document_too_many_pages',
        `${name} says that it has ${pages} pages (at most ${FILE_PAGES_MAX})`,
      );
    }
    return {
      pages,
      async decode(index, options) {
        if (readBytes > RELOAD_BYTES) {
          calls._FPDF_CloseDocument(document);
          load();
        }
        return decodePage(pdfium, input, document, index, options);
      },
      close,
    };
  } catch (error) {
    // Where PDFium itself broke down, the process ends and frees everything.
    if (error instanceof AppError) close();
    throw error;
  }
}

function openError(status: number, name: string): AppError {
  if (status === ERROR_PASSWORD) return new AppError('pdf_encrypted', `${name} opens only with a password`);
  if (status === ERROR_SECURITY)
    return new AppError('pdf_encrypted', `${name} is encrypted in a way that is not known`);
  return new AppError('pdf_corrupt', `${name} is no PDF that can be read or repaired`);
}

function decodePage(
  { calls }: Pdfium,
  { name, pixelsMax }: DecoderInput,
  document: number,
  index: number,
  options: { dpi: number; textLayer: boolean },
): DecodedPage {
  const page = calls._FPDF_LoadPage(document, index);
  if (page === 0) throw new AppError('pdf_corrupt', `Page ${index + 1} of ${name} cannot be read`);
  let bitmap = 0;
  let pixels = 0;
  const release = () => {
    if (bitmap !== 0) calls._FPDFBitmap_Destroy(bitmap);
    if (pixels !== 0) calls._free(pixels);
    calls._FPDF_ClosePage(page);
  };
  try {
    const size = pageSize(calls._FPDF_GetPageWidthF(page), calls._FPDF_GetPageHeightF(page), options.dpi, pixelsMax);
    if (size === null) {
      throw new AppError('image_too_large', `Page ${index + 1} of ${name} is too large even at ${PDF_DPI_MIN} dpi`);
    }
    const { width, height, dpi } = size;
    pixels = calls._malloc(width * height * 3);
    if (pixels !== 0) bitmap = calls._FPDFBitmap_CreateEx(width, height, BITMAP_BGR, pixels, width * 3);
    if (bitmap === 0) throw new AppError('document_too_heavy', `Page ${index + 1} of ${name} does not fit into memory`);
    calls._FPDFBitmap_FillRect(bitmap, 0, 0, width, height, WHITE);
    calls._FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, RENDER_FLAGS);
    const view = (): Raster => {
      const start = pixels >>> 0;
      return { width, height, rgb: calls.HEAPU8.subarray(start, start + width * height * 3) };
    };
    if (!options.textLayer) return { raster: view(), dpi, textLayer: null, release };
    const frame = new PageFrame(calls, page, width, height);
    const columns = extractTextLayer(calls, page, frame, dpi);
    const images = imageBoxes(calls, page, frame);
    // The heap may have moved while text was read, so the view on the pixels is taken last.
    const raster = view();
    return { raster, dpi, textLayer: { columns, verdict: judgeTextLayer(columns, { raster, dpi, images }) }, release };
  } catch (error) {
    if (error instanceof AppError) release();
    throw error;
  }
}

/**
 * Pixels of a page of this many points. A page that is too large at `dpi` is drawn at the highest resolution at which it
 * fits; null where that would be below PDF_DPI_MIN, or where the page has no size.
 */
export function pageSize(widthPt: number, heightPt: number, dpi: number, pixelsMax: number) {
  if (!(widthPt > 0 && heightPt > 0 && Number.isFinite(widthPt) && Number.isFinite(heightPt))) return null;
  const [widthIn, heightIn] = [widthPt / POINTS_PER_INCH, heightPt / POINTS_PER_INCH];
  const byArea = Math.sqrt(pixelsMax / (widthIn * heightIn));
  const bySide = PAGE_SIDE_PX_MAX / Math.max(widthIn, heightIn);
  const fitting = Math.min(dpi, byArea, bySide);
  if (fitting < Math.min(dpi, PDF_DPI_MIN)) return null;
  // Down where the size had to shrink, so that rounding cannot pass the bound again.
  const round = fitting < dpi ? Math.floor : Math.round;
  const side = (inches: number) => Math.max(1, round(inches * fitting));
  return { width: side(widthIn), height: side(heightIn), dpi: fitting };
}
