/**
 * A font without ink for text that is only there to be found: every character shows the same empty glyph, half an em
 * wide. One such font serves all scripts, so none has to be embedded (the way Tesseract's and OCRmyPDF's layers are made).
 */

const UNITS_PER_EM = 1000;
/** Advance of the one glyph, in units of the em. */
export const GLYPH_ADVANCE_EM = 0.5;

/** A TrueType file with two empty glyphs: 0, which fonts must have, and 1, which everything is shown by. */
export function glyphlessFont(): Uint8Array {
  const tables: readonly (readonly [string, Uint8Array])[] = [
    ['cmap', words(0, 1, 3, 1, 0, 12, 4, 24, 0, 2, 2, 0, 0, 0xffff, 0, 0xffff, 1, 0)],
    ['glyf', new Uint8Array(4)],
    ['head', headTable()],
    ['hhea', words(1, 0, UNITS_PER_EM, 0, 0, 500, 0, 0, 500, 1, 0, 0, 0, 0, 0, 0, 0, 2)],
    ['hmtx', words(500, 0, 500, 0)],
    ['loca', words(0, 0, 0)],
    ['maxp', words(1, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0)],
    ['post', words(3, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)],
  ];
  const headerBytes = 12 + 16 * tables.length;
  const offsets: number[] = [];
  let total = headerBytes;
  for (const [, bytes] of tables) {
    offsets.push(total);
    total += (bytes.length + 3) & ~3;
  }
  const file = new Uint8Array(total);
  const view = new DataView(file.buffer);
  const power = Math.floor(Math.log2(tables.length));
  file.set(words(1, 0, tables.length, 16 * 2 ** power, power, 16 * (tables.length - 2 ** power)));
  tables.forEach(([tag, bytes], i) => {
    const at = 12 + 16 * i;
    file.set(new TextEncoder().encode(tag), at);
    view.setUint32(at + 4, checksum(bytes));
    view.setUint32(at + 8, offsets[i]!);
    view.setUint32(at + 12, bytes.length);
    file.set(bytes, offsets[i]!);
  });
  // checkSumAdjustment, as the format defines it.
  view.setUint32(offsets[2]! + 8, (0xb1b0afba - checksum(file)) >>> 0);
  return file;
}

function headTable(): Uint8Array {
  const bytes = new Uint8Array(54);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x00010000);
  view.setUint32(4, 0x00010000);
  view.setUint32(12, 0x5f0f3cf5);
  view.setUint16(18, UNITS_PER_EM);
  // Bounding box: the glyph's nominal cell.
  view.setInt16(40, 500);
  view.setInt16(42, UNITS_PER_EM);
  view.setUint16(46, 3);
  view.setInt16(48, 2);
  return bytes;
}

/** Big-endian 16-bit words. */
function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 2);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint16(i * 2, value);
  return bytes;
}

function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 4) {
    const word =
      ((bytes[i] ?? 0) << 24) | ((bytes[i + 1] ?? 0) << 16) | ((bytes[i + 2] ?? 0) << 8) | (bytes[i + 3] ?? 0);
    sum = (sum + (word >>> 0)) >>> 0;
  }
  return sum;
}
