/** Image files by the byte: the broken and the absurd ones, which no encoder writes. */
import { deflateSync } from 'node:zlib';

/** A PNG of 8-bit grey; `data` are the rows as they are deflated, and need not be what the header promises. */
export function pngBytes(
  width: number,
  height: number,
  data: Uint8Array,
  chunks: readonly { readonly type: string; readonly data: Uint8Array }[] = [],
): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    ...chunks.map(({ type, data: bytes }) => pngChunk(type, bytes)),
    pngChunk('IDAT', deflateSync(data, { level: 9 })),
    pngChunk('IEND', new Uint8Array(0)),
  ]);
}

function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(checksum(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** A GIF whose canvas has this size, with one frame of one pixel. */
export function gifBytes(width: number, height: number): Uint8Array {
  const size = Buffer.alloc(4);
  size.writeUInt16LE(width, 0);
  size.writeUInt16LE(height, 2);
  const screen = [0x80, 0, 0, 0, 0, 0, 255, 255, 255];
  const frame = [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3b];
  return Buffer.concat([Buffer.from('GIF89a'), size, Buffer.from([...screen, ...frame])]);
}

export interface TiffOptions {
  readonly pages: number;
  readonly width?: number;
  readonly height?: number;
  readonly big?: boolean;
  readonly bigEndian?: boolean;
  /** What the last directory points to: 0 ends the chain. `first` points back to the first one. */
  readonly last?: 'end' | 'first' | 'outside';
  /** NewSubfileType of each page; 0 where absent. */
  readonly subfileTypes?: readonly number[];
}

/** An uncompressed grey TIFF; all pages share the same even pixels. */
export function tiffBytes(options: TiffOptions): Uint8Array {
  const { pages, width = 8, height = 8, big = false, bigEndian = false, last = 'end', subfileTypes = [] } = options;
  // An absurd size is only said, not written.
  const pixelBytes = Math.min(width * height, 4096);
  const tags = (page: number): [tag: number, value: number][] => [
    [254, subfileTypes[page] ?? 0],
    [256, width],
    [257, height],
    [258, 8],
    [259, 1],
    [262, 1],
    [273, big ? 16 : 8],
    [277, 1],
    [278, height],
    [279, pixelBytes],
  ];
  const [entryBytes, countBytes, offsetBytes] = big ? [20, 8, 8] : [12, 2, 4];
  const directoryBytes = countBytes + tags(0).length * entryBytes + offsetBytes;
  const first = (big ? 16 : 8) + Math.ceil(pixelBytes / 8) * 8;
  const bytes = Buffer.alloc(first + pages * directoryBytes, 0xc8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const little = !bigEndian;
  const offset = (at: number, value: number) =>
    big ? view.setBigUint64(at, BigInt(value), little) : view.setUint32(at, value, little);
  bytes.write(little ? 'II' : 'MM', 'latin1');
  view.setUint16(2, big ? 43 : 42, little);
  if (big) view.setUint32(4, little ? 8 : 8 << 16, little);
  offset(big ? 8 : 4, first);
  for (let page = 0; page < pages; page++) {
    const start = first + page * directoryBytes;
    const entries = tags(page);
    if (big) view.setBigUint64(start, BigInt(entries.length), little);
    else view.setUint16(start, entries.length, little);
    entries.forEach(([tag, value], i) => {
      const at = start + countBytes + i * entryBytes;
      view.setUint16(at, tag, little);
      view.setUint16(at + 2, 4, little);
      if (big) view.setBigUint64(at + 4, 1n, little);
      else view.setUint32(at + 4, 1, little);
      bytes.fill(0, at + (big ? 12 : 8), at + entryBytes);
      view.setUint32(at + (big ? 12 : 8), value, little);
    });
    const ends = { end: 0, first, outside: bytes.length + 100 }[last];
    offset(start + directoryBytes - offsetBytes, page === pages - 1 ? ends : start + directoryBytes);
  }
  return bytes;
}

/** CRC-32 of PNG chunks; Node has one of its own only from version 22 on. */
function checksum(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
