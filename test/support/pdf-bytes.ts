/** PDFs by the byte: a few objects, a cross-reference table, and whatever a test wants to be wrong with them. */
import { deflateSync } from 'node:zlib';

export interface PdfPage {
  readonly widthPt?: number;
  readonly heightPt?: number;
  readonly rotate?: 0 | 90 | 180 | 270;
  /** Operators of the page's content; F1 is Helvetica, F2 a font without a map to characters, Im1 the image. */
  readonly content: string | Uint8Array;
  /** Further entries of the page's dictionary, as they stand in the file. */
  readonly entries?: string;
}

export interface PdfOptions {
  /** Further entries of the catalog and of the trailer. */
  readonly catalog?: string;
  readonly trailer?: string;
  /** Further objects, numbered on from `FIRST_EXTRA_OBJECT`. */
  readonly objects?: readonly (string | Uint8Array)[];
  /** A JPEG file and its size, as Im1. */
  readonly image?: { readonly jpeg: Uint8Array; readonly width: number; readonly height: number };
}

/** 1 catalog, 2 pages, 3 and 4 fonts, 5 image. */
export const FIRST_EXTRA_OBJECT = 6;

export function pdfBytes(pages: readonly PdfPage[], options: PdfOptions = {}): Uint8Array {
  const extra = options.objects ?? [];
  const firstPage = FIRST_EXTRA_OBJECT + extra.length;
  const kids = pages.map((_, i) => `${firstPage + 2 * i} 0 R`).join(' ');
  const objects: (string | Uint8Array)[] = [
    `<< /Type /Catalog /Pages 2 0 R ${options.catalog ?? ''} >>`,
    `<< /Type /Pages /Count ${pages.length} /Kids [${kids}] >>`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>',
    // Codes without names of characters: what is drawn cannot be read.
    '<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats /Encoding << /Type /Encoding /Differences [32 /g1 /g2 /g3] >> >>',
    imageObject(options.image),
    ...extra,
    ...pages.flatMap((page, i) => [pageObject(page, firstPage + 2 * i + 1), pdfStream(page.content)]),
  ];
  const head = Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1');
  const parts: Uint8Array[] = [head];
  let offset = head.length;
  const offsets = objects.map((object, i) => {
    const at = offset;
    const body = typeof object === 'string' ? Buffer.from(object, 'latin1') : object;
    const part = Buffer.concat([Buffer.from(`${i + 1} 0 obj\n`), body, Buffer.from('\nendobj\n')]);
    parts.push(part);
    offset += part.length;
    return at;
  });
  const rows = offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('');
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}`;
  const trailer = `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R ${options.trailer ?? ''} >>\n`;
  parts.push(Buffer.from(`${table}${trailer}startxref\n${offset}\n%%EOF\n`));
  return Buffer.concat(parts);
}

/** A stream object, deflated; `entries` are further ones of its dictionary. */
export function pdfStream(data: string | Uint8Array, entries = ''): Uint8Array {
  const body = deflateSync(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  const head = `<< /Filter /FlateDecode /Length ${body.length} ${entries} >>\nstream\n`;
  return Buffer.concat([Buffer.from(head), body, Buffer.from('\nendstream')]);
}

/** Lines of text from the top of a page down, in Helvetica of 12 points. */
export function textContent(lines: readonly string[], options: { mode?: number; font?: string } = {}): string {
  const { mode = 0, font = 'F1' } = options;
  const shown = lines.map((line) => `(${line.replace(/[\\()]/g, '\\$&')}) Tj 0 -18 Td`).join('\n');
  return `BT /${font} 12 Tf ${mode} Tr 50 720 Td\n${shown}\nET`;
}

function pageObject(page: PdfPage, content: number): string {
  const { widthPt = 612, heightPt = 792, rotate = 0, entries = '' } = page;
  const resources = '/Resources << /Font << /F1 3 0 R /F2 4 0 R >> /XObject << /Im1 5 0 R >> >>';
  const box = `/MediaBox [0 0 ${widthPt} ${heightPt}]`;
  return `<< /Type /Page /Parent 2 0 R ${box} /Rotate ${rotate} ${resources} /Contents ${content} 0 R ${entries} >>`;
}

function imageObject(image: PdfOptions['image']): string | Uint8Array {
  if (!image) return 'null';
  const { jpeg, width, height } = image;
  const size = `/Width ${width} /Height ${height} /BitsPerComponent 8 /ColorSpace /DeviceRGB`;
  const head = `<< /Type /XObject /Subtype /Image ${size} /Filter /DCTDecode /Length ${jpeg.length} >>\nstream\n`;
  return Buffer.concat([Buffer.from(head), jpeg, Buffer.from('\nendstream')]);
}
