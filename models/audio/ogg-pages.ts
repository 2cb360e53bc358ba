import type { ByteReader } from './byte-reader.ts';

/** One page of an Ogg stream (RFC 3533 section 6). */
export interface OggPage {
  /** The page with its header, as in the file. */
  readonly bytes: Uint8Array;
  readonly body: Uint8Array;
  /** Lengths of the body's segments. */
  readonly lacing: Uint8Array;
  /** The first packet began on an earlier page. */
  readonly continued: boolean;
  readonly first: boolean;
  readonly last: boolean;
  /** Codec's count of samples at the end of the last packet that ends here; -1 where none ends. */
  readonly granule: bigint;
  readonly serial: number;
  readonly sequence: number;
}

const HEAD_BYTES = 27;

/** The page at the start of `bytes`: null where it is no page or damaged, or the length that is missing. */
export function parseOggPage(bytes: Uint8Array): OggPage | { readonly needBytes: number } | null {
  if (bytes.length < HEAD_BYTES) return { needBytes: HEAD_BYTES };
  if (bytes[0] !== 0x4f || bytes[1] !== 0x67 || bytes[2] !== 0x67 || bytes[3] !== 0x53 || bytes[4] !== 0) return null;
  const headBytes = HEAD_BYTES + bytes[26]!;
  if (bytes.length < headBytes) return { needBytes: headBytes };
  const lacing = bytes.subarray(HEAD_BYTES, headBytes);
  let length = headBytes;
  for (const size of lacing) length += size;
  if (bytes.length < length) return { needBytes: length };
  const page = bytes.subarray(0, length);
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  if (pageChecksum(page) !== view.getUint32(22, true)) return null;
  return {
    bytes: page,
    body: page.subarray(headBytes),
    lacing,
    continued: (page[5]! & 1) !== 0,
    first: (page[5]! & 2) !== 0,
    last: (page[5]! & 4) !== 0,
    granule: view.getBigInt64(6, true),
    serial: view.getUint32(14, true),
    sequence: view.getUint32(18, true),
  };
}

/** What went by beside the pages. */
export interface OggDamage {
  /** Bytes that belong to no sound page. */
  skippedBytes: number;
  /** The file ends inside a page. */
  cut: boolean;
}

/** All sound pages in order, of every stream in the file; passes over damage and notes it. */
export async function* oggPages(reader: ByteReader, damage: OggDamage): AsyncGenerator<OggPage> {
  let need = HEAD_BYTES;
  for (;;) {
    const bytes = await reader.peek(need);
    if (bytes.length === 0) return;
    const page = parseOggPage(bytes);
    if (page && 'needBytes' in page) {
      if (bytes.length >= page.needBytes) throw new Error('an Ogg page asked for bytes that it has');
      if (bytes.length < need) {
        damage.cut = true;
        return;
      }
      need = page.needBytes;
      continue;
    }
    need = HEAD_BYTES;
    if (page) {
      await reader.skip(page.bytes.length);
      yield page;
    } else {
      damage.skippedBytes += await reader.skip(nextCapture(bytes));
    }
  }
}

/** Distance to the next possible page start, at least 1. */
function nextCapture(bytes: Uint8Array): number {
  const at = bytes.indexOf(0x4f, 1);
  return at < 0 ? bytes.length : at;
}

/** The last whole page of a stream in the file's last bytes; null where there is none. */
export function lastOggPage(tail: Uint8Array, serial: number): OggPage | null {
  for (let at = tail.length - HEAD_BYTES; at >= 0; at--) {
    if (tail[at] !== 0x4f || tail[at + 1] !== 0x67) continue;
    const page = parseOggPage(tail.subarray(at));
    if (page && 'body' in page && page.serial === serial) return page;
  }
  return null;
}

/** Joins segments to packets, across pages. */
export class OggPackets {
  #open: Uint8Array[] = [];

  /** Packets that end on this page. */
  push(page: OggPage): Uint8Array[] {
    const packets: Uint8Array[] = [];
    if (!page.continued) this.#open = [];
    let lost = page.continued && this.#open.length === 0;
    let offset = 0;
    let start = 0;
    for (const size of page.lacing) {
      offset += size;
      if (size === 255) continue;
      const part = page.body.subarray(start, offset);
      start = offset;
      // The first packet's beginning is on a page that is gone.
      if (lost) lost = false;
      else packets.push(this.#open.length === 0 ? part : concat([...this.#open, part]));
      this.#open = [];
    }
    if (offset > start && !lost) this.#open.push(page.body.subarray(start, offset));
    // A packet of an hour of segments is damage or an attack; no codec here has packets beyond a page or two.
    if (this.#open.length > 16) this.#open = [];
    return packets;
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

const CRC = new Uint32Array(256);
for (let i = 0; i < 256; i++) {
  let value = i << 24;
  for (let bit = 0; bit < 8; bit++) value = value < 0 ? (value << 1) ^ 0x04c11db7 : value << 1;
  CRC[i] = value >>> 0;
}

/** CRC-32 with polynomial 0x04c11db7, no reflection, over the page with its checksum field as zeros. */
export function pageChecksum(page: Uint8Array): number {
  let crc = 0;
  for (let i = 0; i < page.length; i++) {
    const byte = i >= 22 && i < 26 ? 0 : page[i]!;
    crc = (crc << 8) ^ CRC[((crc >>> 24) ^ byte) & 255]!;
  }
  return crc >>> 0;
}
