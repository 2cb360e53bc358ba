import { glyphlessFont } from './glyphless-font.ts';
import type { PdfFile } from './pdf-file.ts';
import type { TextCodes } from './text-codes.ts';

/** Dictionaries of the font, shared by both ways of writing a PDF. References are given as they stand in the file. */
export const FONT = {
  type0: (descendant: string, toUnicode: string) =>
    `<< /Type /Font /Subtype /Type0 /BaseFont /GlyphLessFont /Encoding /Identity-H /DescendantFonts [ ${descendant} ] /ToUnicode ${toUnicode} >>`,
  descendant: (descriptor: string, cidToGid: string) =>
    `<< /Type /Font /Subtype /CIDFontType2 /BaseFont /GlyphLessFont /CIDToGIDMap ${cidToGid} ` +
    `/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor ${descriptor} /DW 500 >>`,
  descriptor: (file: string) =>
    `<< /Type /FontDescriptor /FontName /GlyphLessFont /Flags 5 /FontBBox [ 0 0 500 1000 ] /ItalicAngle 0 ` +
    `/Ascent 1000 /Descent 0 /CapHeight 1000 /StemV 80 /FontFile2 ${file} >>`,
} as const;

/** Every code shows glyph 1. */
export function cidToGidMap(): Uint8Array {
  const map = new Uint8Array(2 * 0x10000);
  for (let i = 1; i < map.length; i += 2) map[i] = 1;
  return map;
}

/** Writes the font; call it once all text is encoded, for the meaning of some codes is known only then. */
export async function writeFont(file: PdfFile, font: number, codes: TextCodes): Promise<void> {
  const [descendant, descriptor, program, map, toUnicode] = Array.from({ length: 5 }, () => file.reserve());
  const ref = (number: number | undefined) => `${number} 0 R`;
  await file.object(font, FONT.type0(ref(descendant), ref(toUnicode)));
  await file.object(descendant!, FONT.descendant(ref(descriptor), ref(map)));
  await file.object(descriptor!, FONT.descriptor(ref(program)));
  const bytes = glyphlessFont();
  await file.compressed(program!, `/Length1 ${bytes.length}`, bytes);
  await file.compressed(map!, '', cidToGidMap());
  await file.compressed(toUnicode!, '', Buffer.from(codes.toUnicode()));
}
