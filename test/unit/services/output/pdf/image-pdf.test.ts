import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import type { DocumentPage } from '../../../../../models/core/document.ts';
import { ImagePdf } from '../../../../../services/output/pdf/image-pdf.ts';
import { TextCodes } from '../../../../../services/output/pdf/text-codes.ts';
import { imageMatrix, textLayer } from '../../../../../services/output/pdf/text-layer.ts';
import { toyBlock, toyDocumentPage, toyLine } from '../../../../support/toy-document.ts';

const page = (text: string, turnedDegrees: DocumentPage['turnedDegrees'] = 0): DocumentPage => ({
  ...toyDocumentPage(1, [toyBlock(toyLine(text, 100, 50))]),
  turnedDegrees,
});

/** Where a run begins, in points from the lower left corner of the picture as it came, and the direction it takes. */
function runOf(layer: string): { x: number; y: number; degrees: number; size: number } {
  const match = /\/BytefuseText (\S+) Tf \S+ Tz (\S+) (\S+) \S+ \S+ (\S+) (\S+) Tm/.exec(layer)!;
  const [size, cos, sin, x, y] = match.slice(1).map(Number) as [number, number, number, number, number];
  return { x, y, size, degrees: Math.round((Math.atan2(sin, cos) * 180) / Math.PI) };
}

test('the run of a line lies on it, whichever way the page was turned to be read', () => {
  // One point per pixel. The line begins 100 from the left and its foot is 70 from the top of an upright page of 800 x 600.
  const at = (turned: DocumentPage['turnedDegrees']) =>
    runOf(textLayer(page('ab', turned), imageMatrix(page('ab', turned), 1), new TextCodes()));
  assert.deepEqual(at(0), { x: 100, y: 530, degrees: 0, size: 20 });
  assert.deepEqual(at(180), { x: 700, y: 70, degrees: 180, size: 20 });
  // As it came the picture was 600 wide and 800 high.
  assert.deepEqual(at(90), { x: 70, y: 100, degrees: 90, size: 20 });
  assert.deepEqual(at(270), { x: 530, y: 700, degrees: -90, size: 20 });
});

test('codes are UTF-16, and characters beyond it get codes of their own with their meaning in the table', () => {
  const codes = new TextCodes();
  assert.equal(codes.encode('aş你'), '0061015f4f60');
  assert.equal(codes.encode('𠮷a𠮷😀'), 'd8000061d800d801');
  assert.equal(codes.encode('\u{D800}'), 'fffd');
  const table = codes.toUnicode();
  assert.match(table, /2 beginbfchar\n<d800> <d842dfb7>\n<d801> <d83dde00>\nendbfchar/);
  assert.ok([...table.matchAll(/(\d+) beginbf/g)].every((match) => Number(match[1]) <= 100));
});

test('when the free codes are used up, further characters are written as the replacement character', () => {
  const codes = new TextCodes();
  for (let i = 0; i < 2048; i++) assert.notEqual(codes.encode(String.fromCodePoint(0x20000 + i)), 'fffd');
  assert.equal(codes.encode(String.fromCodePoint(0x20000 + 2048)), 'fffd');
  assert.equal(codes.encode(String.fromCodePoint(0x20000)), 'd800');
});

test('every object stands where the table says, and the text is stretched to its line', async () => {
  const parts: Buffer[] = [];
  const pdf = new ImagePdf(async (bytes) => void parts.push(Buffer.from(bytes)), { title: 'Şiir' });
  await pdf.begin();
  const picture = { jpeg: new Uint8Array([0xff, 0xd8, 0xff]), widthPx: 800, heightPx: 600, colors: 'rgb' as const };
  await pdf.page(page('abcd'), picture);
  await pdf.page(page('ef'), picture);
  await pdf.end();
  const file = Buffer.concat(parts);
  const text = file.toString('latin1');
  const start = Number(/startxref\n(\d+)\n/.exec(text)![1]);
  const entries = text.slice(start).match(/^\d{10} 00000 n $/gm)!;
  entries.forEach((entry, i) => {
    assert.ok(text.startsWith(`${i + 1} 0 obj\n`, Number(entry.slice(0, 10))), `object ${i + 1}`);
  });
  assert.match(text, /\/Count 2/);
  assert.match(text, /\/MediaBox \[ 0 0 384 288 \]/);
  const content = /\/Filter \/FlateDecode \/Length (\d+) >>\nstream\n/.exec(text)!;
  const from = content.index + content[0].length;
  const layer = inflateSync(file.subarray(from, from + Number(content[1]))).toString();
  // 40 pixels at 150 dots per inch are 19.2 points; four glyphs of half an em of 9.6 points are as long.
  assert.match(layer, /\/BytefuseText 9.6 Tf 100 Tz 1 0 0 1 48 254.4 Tm <00610062006300640020> Tj/);
});
