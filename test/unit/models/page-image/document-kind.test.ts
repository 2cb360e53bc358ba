import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentFormat } from '../../../../models/page-image/document-kind.ts';

const latin = (text: string) => Buffer.from(text, 'latin1');
const iso = (major: string, ...compatible: string[]) => {
  const brands = compatible.join('');
  return latin(`\0\0\0${String.fromCharCode(16 + brands.length)}ftyp${major}\0\0\0\0${brands}`);
};

test('each format is known by its first bytes', () => {
  const heads: [string, Uint8Array][] = [
    ['jpeg', latin('\xff\xd8\xff\xe0\0\x10JFIF')],
    ['png', latin('\x89PNG\r\n\x1a\n')],
    ['gif', latin('GIF87a')],
    ['gif', latin('GIF89a')],
    ['webp', latin('RIFF\0\0\0\0WEBPVP8 ')],
    ['tiff', latin('II*\0')],
    ['tiff', latin('MM\0*')],
    ['tiff', latin('II+\0\x08\0\0\0')],
    ['tiff', latin('MM\0+\0\x08\0\0')],
    ['avif', iso('avif', 'mif1', 'miaf')],
    ['avif', iso('mif1', 'avif')],
    ['pdf', latin('%PDF-1.7\n')],
    ['pdf', latin('\xef\xbb\xbf\r\n%PDF-1.4\n')],
  ];
  for (const [format, head] of heads) assert.equal(documentFormat(head, 'x'), format);
});

test('known formats that are not read are refused by name', () => {
  const heads: [RegExp, Uint8Array][] = [
    [/HEIC/, iso('heic', 'mif1', 'heic')],
    [/HEIC/, iso('mif1', 'heic')],
    [/ISO media/, iso('isom', 'mp41')],
    [/SVG/, latin('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    [/SVG/, latin('\xef\xbb\xbf<?xml version="1.0"?>\n<!-- a -->\n<svg:svg>')],
    [/SVG/, Buffer.from('\ufeff<svg width="1">', 'utf16le')],
    [/HTML/, latin('<!DOCTYPE html><p>%PDF-1.4')],
    [/JPEG XL/, latin('\xff\x0a\xfa')],
    [/JPEG 2000/, latin('\0\0\0\x0cjP  \r\n\x87\n')],
    [/ZIP/, latin('PK\x03\x04')],
    [/PostScript/, latin('%!PS-Adobe-3.0 %PDF-1.4')],
    [/BMP/, latin('BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0')],
  ];
  for (const [words, head] of heads) {
    assert.throws(() => documentFormat(head, 'scan.png'), { code: 'document_unsupported', message: words });
  }
});

test('anything else is of no known format, however short', () => {
  for (const head of [
    latin('B'),
    latin('\xff\xd8'),
    latin('BM'),
    latin('plain text'),
    latin('\0\0\0\0ftyp'),
    latin('%PD'),
  ]) {
    assert.throws(() => documentFormat(head, 'x'), { code: /document_un(recognized|supported)/ });
  }
});

test('a file that is two things is what it begins with', () => {
  assert.equal(documentFormat(latin('\xff\xd8\xff\xe0 %PDF-1.7'), 'x'), 'jpeg');
  assert.equal(documentFormat(latin('%PDF-1.7 <svg>'), 'x'), 'pdf');
});

test('a header of PDF counts within the first kilobyte only', () => {
  assert.equal(documentFormat(latin(`${'x'.repeat(1024)}%PDF-1.7`), 'x'), 'pdf');
  assert.throws(() => documentFormat(latin(`${'x'.repeat(1025)}%PDF-1.7`), 'x'), { code: 'document_unrecognized' });
});
