import { AppError } from '../core/app-error.ts';

/** A page of a TIFF file. */
export interface TiffPage {
  /** Number of its directory in the file's chain, from 0: what decoders call the page. */
  readonly directory: number;
  readonly widthPx: number;
  readonly heightPx: number;
  /** Where the directory begins, and where it says which one comes next; absolute offsets. */
  readonly offset: number;
  readonly nextAt: number;
}

/** Bytes at an absolute offset, fewer only at the end of the file. */
export type ReadAt = (offset: number, length: number) => Uint8Array;

const NEW_SUBFILE_TYPE = 254;
const IMAGE_WIDTH = 256;
const IMAGE_LENGTH = 257;
/** NewSubfileType: bit 0 a smaller copy of another image, bit 2 a transparency mask of one. */
const NOT_A_PAGE = 0b101;
/** A directory has a few dozen entries; 4096 leaves room for private tags, and no more for a bomb. */
const ENTRIES_MAX = 4096;

/**
 * Follows the chain of directories, so that pages are counted before any decoder sees the file: a chain that runs in a
 * circle or never ends is found here, at a cost of one small read each. Smaller copies and masks are passed over. Throws
 * AppError image_corrupt, document_too_many_pages.
 */
export function listTiffPages(readAt: ReadAt, options: { directoriesMax: number; name: string }): TiffPage[] {
  const { directoriesMax, name } = options;
  const file = openTiff(readAt, name);
  const pages: TiffPage[] = [];
  const seen = new Set<number>();
  for (let offset = file.first; offset !== 0; ) {
    if (seen.has(offset)) throw new AppError('image_corrupt', `The pages of ${name} run in a circle`);
    if (seen.size === directoriesMax) {
      throw new AppError('document_too_many_pages', `${name} has more than ${directoriesMax} pages`);
    }
    const directory = readDirectory(file, offset);
    if ((directory.subfileType & NOT_A_PAGE) === 0) {
      const { widthPx, heightPx, nextAt } = directory;
      pages.push({ directory: seen.size, widthPx, heightPx, offset, nextAt });
    }
    seen.add(offset);
    offset = directory.next;
  }
  if (pages.length === 0) throw new AppError('image_corrupt', `${name} has no page`);
  return pages;
}

/**
 * Rewrites a whole file in memory so that `page` is its only one. Decoders walk the chain anew for every page, which for
 * 2000 pages costs more than the pages; with a chain of one there is nothing to walk. Can be done again for other pages.
 */
export function leaveOnlyPage(file: Uint8Array, page: TiffPage): void {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const littleEndian = view.getUint8(0) === 0x49;
  if (view.getUint16(2, littleEndian) === 43) {
    view.setBigUint64(8, BigInt(page.offset), littleEndian);
    view.setBigUint64(page.nextAt, 0n, littleEndian);
  } else {
    view.setUint32(4, page.offset, littleEndian);
    view.setUint32(page.nextAt, 0, littleEndian);
  }
}

interface TiffFile {
  readonly readAt: ReadAt;
  readonly name: string;
  readonly littleEndian: boolean;
  /** BigTIFF: offsets and counts have 8 bytes. */
  readonly big: boolean;
  readonly first: number;
}

function openTiff(readAt: ReadAt, name: string): TiffFile {
  const head = bytesAt({ readAt, name }, 0, 8);
  const littleEndian = head.getUint8(0) === 0x49;
  const big = head.getUint16(2, littleEndian) === 43;
  const file = { readAt, name, littleEndian, big, first: 0 };
  if (!big) return { ...file, first: head.getUint32(4, littleEndian) };
  if (head.getUint16(4, littleEndian) !== 8)
    throw new AppError('image_corrupt', `${name} has offsets of a strange size`);
  return { ...file, first: wordAt(bytesAt(file, 8, 8), 0, file) };
}

function readDirectory(file: TiffFile, offset: number) {
  const { littleEndian, big } = file;
  const countBytes = big ? 8 : 2;
  const entryBytes = big ? 20 : 12;
  const head = bytesAt(file, offset, countBytes);
  const count = big ? wordAt(head, 0, file) : head.getUint16(0, littleEndian);
  if (count === 0 || count > ENTRIES_MAX) {
    throw new AppError('image_corrupt', `A page of ${file.name} says that it has ${count} fields`);
  }
  const body = bytesAt(file, offset + countBytes, count * entryBytes + (big ? 8 : 4));
  const nextAt = offset + countBytes + count * entryBytes;
  const directory = { subfileType: 0, widthPx: 0, heightPx: 0, next: 0, nextAt };
  for (let entry = 0; entry < count * entryBytes; entry += entryBytes) {
    const tag = body.getUint16(entry, littleEndian);
    if (tag !== NEW_SUBFILE_TYPE && tag !== IMAGE_WIDTH && tag !== IMAGE_LENGTH) continue;
    // These three hold one number, which stands in the entry itself: type 3 has two bytes, type 4 four, type 16 eight.
    const type = body.getUint16(entry + 2, littleEndian);
    const at = entry + (big ? 12 : 8);
    const value =
      type === 3
        ? body.getUint16(at, littleEndian)
        : big && type === 16
          ? wordAt(body, at, file)
          : body.getUint32(at, littleEndian);
    if (tag === NEW_SUBFILE_TYPE) directory.subfileType = value;
    else if (tag === IMAGE_WIDTH) directory.widthPx = value;
    else directory.heightPx = value;
  }
  const last = count * entryBytes;
  directory.next = big ? wordAt(body, last, file) : body.getUint32(last, littleEndian);
  if (directory.widthPx === 0 || directory.heightPx === 0) {
    throw new AppError('image_corrupt', `A page of ${file.name} has no size`);
  }
  return directory;
}

/** An 8-byte number; beyond 2^53 it cannot be an offset of any file, and stays far behind the end of this one. */
function wordAt(view: DataView, at: number, { littleEndian }: TiffFile): number {
  return Number(view.getBigUint64(at, littleEndian));
}

function bytesAt({ readAt, name }: Pick<TiffFile, 'readAt' | 'name'>, offset: number, length: number): DataView {
  const bytes = Number.isSafeInteger(offset) ? readAt(offset, length) : new Uint8Array(0);
  if (bytes.length < length) throw new AppError('image_corrupt', `${name} ends early`);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
