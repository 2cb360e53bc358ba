import { AppError } from '../core/app-error.ts';

/** What can be read here. HEIC is not: the image library's own build leaves HEVC out. */
export type DocumentFormat = 'jpeg' | 'png' | 'webp' | 'tiff' | 'gif' | 'avif' | 'pdf';

/** Enough to hold every signature here, the brands of an ISO file, and the preamble that a PDF may have. */
export const KIND_HEAD_BYTES = 4096;
/** Readers of PDF accept the header within the first kilobyte (ISO 32000-1, annex H, note 13). */
const PDF_PREAMBLE_BYTES = 1024;
/** Brands of HEIF files that hold HEVC, and of those that say nothing on what they hold. */
const HEIC_BRANDS = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs', 'mif1', 'msf1']);
const AVIF_BRANDS = new Set(['avif', 'avis']);

/**
 * Tells the format by the first bytes alone; a file's name is never looked at. The signature at the very start decides, so
 * a file that is two things at once is read as what it begins with. Throws AppError document_unsupported for formats that
 * are known and refused, document_unrecognized for the rest; `name` is for the message.
 */
export function documentFormat(head: Uint8Array, name: string): DocumentFormat {
  const format = rasterFormat(head);
  if (format !== null) return format;
  const refused = refusedFormat(head);
  if (refused !== null) throw new AppError('document_unsupported', `${name} is ${refused}, which is not read here`);
  if (latin(head, 0, PDF_PREAMBLE_BYTES + 5).includes('%PDF-')) return 'pdf';
  throw new AppError('document_unrecognized', `${name} is no image or document of a known format`);
}

function rasterFormat(head: Uint8Array): DocumentFormat | null {
  if (startsWith(head, 0xff, 0xd8, 0xff)) return 'jpeg';
  if (startsWith(head, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'png';
  const word = latin(head, 0, 4);
  if (word === 'GIF8' && /^[79]a$/.test(latin(head, 4, 2))) return 'gif';
  if (word === 'RIFF' && latin(head, 8, 4) === 'WEBP') return 'webp';
  // Classic TIFF has version 42, BigTIFF 43, either in both byte orders.
  if (word === 'II*\0' || word === 'MM\0*' || word === 'II+\0' || word === 'MM\0+') return 'tiff';
  const brands = isoBrands(head);
  if (brands.some((brand) => AVIF_BRANDS.has(brand))) return 'avif';
  if (latin(head, 0, 5) === '%PDF-') return 'pdf';
  return null;
}

/** A known format that is refused, as a message names it. */
function refusedFormat(head: Uint8Array): string | null {
  const brands = isoBrands(head);
  if (brands.some((brand) => HEIC_BRANDS.has(brand)))
    return 'HEIC (convert it to JPEG; phones can be set to take JPEG)';
  if (brands.length > 0) return `an ISO media file (${brands[0]!.trim()})`;
  const word = latin(head, 0, 4);
  if (word === '8BPS') return 'a Photoshop file';
  if (word === 'AT&T') return 'DjVu';
  if (word === 'PK\x03\x04') return 'a ZIP archive or an office file (export it as PDF)';
  if (word === '\xd0\xcf\x11\xe0') return 'an older office file (export it as PDF)';
  if (word === '%!PS' || word === '\xc5\xd0\xd3\xc6') return 'PostScript';
  if (word === '{\\rt') return 'RTF (export it as PDF)';
  if (startsWith(head, 0xff, 0x0a) || latin(head, 4, 4) === 'JXL ') return 'JPEG XL';
  if (latin(head, 4, 4) === 'jP  ' || startsWith(head, 0xff, 0x4f, 0xff, 0x51)) return 'JPEG 2000';
  if (startsWith(head, 0x1f, 0x8b)) return 'a gzip file (unpack it; SVGZ is not read either)';
  if (startsWith(head, 0x00, 0x00, 0x01, 0x00)) return 'an icon file';
  if (isBmp(head)) return 'BMP';
  return markupKind(head);
}

/** BMP's signature is two letters only, so its header has to agree. */
function isBmp(head: Uint8Array): boolean {
  if (latin(head, 0, 2) !== 'BM' || head.length < 18) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  return view.getUint32(6, true) === 0 && [12, 40, 52, 56, 64, 108, 124].includes(view.getUint32(14, true));
}

/** SVG and HTML in any encoding that a parser would detect: zero bytes of UTF-16 and UTF-32 are passed over. */
function markupKind(head: Uint8Array): string | null {
  const text = String.fromCharCode(...head.filter((byte) => byte !== 0))
    .replace(/^(\xef\xbb\xbf|\xff\xfe|\xfe\xff)/, '')
    .trimStart();
  if (!text.startsWith('<')) return null;
  if (/<(\w+:)?svg[\s>:/]/i.test(text)) return 'SVG (export it as PNG or PDF)';
  return /<(!doctype\s+html|html|head|body)[\s>]/i.test(text) ? 'HTML (print it to PDF)' : 'an XML file';
}

/** Major brand and compatible brands of an ISO base media file; empty where it is none. */
function isoBrands(head: Uint8Array): string[] {
  if (latin(head, 4, 4) !== 'ftyp') return [];
  const size = new DataView(head.buffer, head.byteOffset, head.byteLength).getUint32(0);
  const brands = [latin(head, 8, 4)];
  for (let offset = 16; offset + 4 <= Math.min(size, head.length); offset += 4) brands.push(latin(head, offset, 4));
  return brands;
}

function startsWith(head: Uint8Array, ...bytes: number[]): boolean {
  return head.length >= bytes.length && bytes.every((byte, i) => head[i] === byte);
}

function latin(bytes: Uint8Array, offset: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + length));
}
