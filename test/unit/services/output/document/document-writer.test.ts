import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DocumentLine } from '../../../../../models/core/document.ts';
import {
  DOCUMENT_FORMATS,
  openDocumentWriter,
  type TextDocumentFormat,
  writeDocument,
} from '../../../../../services/output/document/document-writer.ts';
import { TOY_DOCUMENT, toyBlock, toyDocumentPage, toyLine } from '../../../../support/toy-document.ts';

const SOURCE = { name: 'a "scan" & more.png' };
const write = (format: TextDocumentFormat) => writeDocument(TOY_DOCUMENT, format, SOURCE);
const one = (format: TextDocumentFormat, ...lines: readonly DocumentLine[]) =>
  writeDocument({ pages: [toyDocumentPage(1, [toyBlock(...lines)])], warnings: [] }, format, { name: '' });

test('text: rows, tabs between cells, an empty line between blocks, a form feed between pages', () => {
  assert.equal(
    write('text'),
    'Başlık\n\nYarın & <gel>\n"İkinci" *satır*\n\nÇay\t2,50\n\t1|00\n\f你好,世界\n\n直排文字\n',
  );
});

test('text: lines that the detector took apart stand on one row', () => {
  assert.equal(
    one('text', toyLine('left', 0, 0), toyLine('right', 60, 2), toyLine('below', 0, 30)),
    'left right\nbelow\n',
  );
});

test('markdown: a heading by its size, a table with pipes, marks of the language escaped', () => {
  assert.equal(
    write('markdown'),
    '## Başlık\n\nYarın & \\<gel\\>\n"İkinci" \\*satır\\*\n\n| Çay | 2,50 |\n| --- | --- |\n|  | 1\\|00 |\n' +
      '\n<!-- page 2 -->\n\n你好,世界\n\n直排文字\n',
  );
});

test('markdown: what would begin a list, a heading or a quotation is escaped at the start of a line only', () => {
  const text = one(
    'markdown',
    toyLine('# 1 - a', 0, 0),
    toyLine('12. item', 0, 25),
    toyLine('- dash', 0, 50),
    toyLine('3.14', 0, 75),
  );
  assert.equal(text, '\\# 1 - a\n12\\. item\n\\- dash\n3.14\n');
});

test('json: the document model, whole and rounded', () => {
  const value = JSON.parse(write('json'));
  assert.equal(value.source, SOURCE.name);
  assert.deepEqual(value.warnings, TOY_DOCUMENT.warnings);
  const [line] = value.pages[0].blocks[1].lines;
  assert.equal(line.text, 'Yarın & <gel>');
  assert.deepEqual(line.words[0].quad, [10, 60, 60, 60, 60, 80, 10, 80]);
  assert.equal(line.changes[0].chosen, 'ı');
  assert.equal(line.words[0].confidence, 0.9);
});

test('hocr: pages, areas, lines and words with their boxes; the text of the words is the text of the page', () => {
  const html = write('hocr');
  assert.match(
    html,
    /title="image &quot;a _scan_ &amp; more.png&quot;; bbox 0 0 800 600; ppageno 0; scan_res 150 150"/,
  );
  assert.match(html, /<p class="ocr_par" id="par_1_1" lang="tr"/);
  assert.match(html, /<span class="ocrx_word" id="word_1_2" title="bbox 10 60 60 80; x_wconf 90">Yarın<\/span>/);
  assert.match(html, /class="ocr_line" id="line_1_2" title="bbox 10 60 140 80; baseline 0 0; x_size 20"/);
  const words = [...html.matchAll(/<span class="ocrx_word"[^>]*>([^<]*)</g)].map((match) => match[1]);
  assert.deepEqual(words.slice(0, 6), ['Başlık', 'Yarın', '&amp;', '&lt;gel&gt;', '&quot;İkinci&quot;', '*satır*']);
});

test('hocr: the baseline of a line that falls is seen from the lower left corner of its box', () => {
  const line = toyLine('falls', 0, 0);
  const falling = { ...line, quad: [0, 0, 50, 5, 50, 25, 0, 20] as const };
  assert.match(one('hocr', falling), /bbox 0 0 50 25; baseline 0.1 -5; x_size 20/);
});

test('alto: strings and spaces, with what the recognizer alone would have written', () => {
  const xml = write('alto');
  assert.match(xml, /<fileName>a &quot;scan&quot; &amp; more.png<\/fileName>/);
  assert.match(xml, /<Page ID="page_2" PHYSICAL_IMG_NR="2" WIDTH="800" HEIGHT="600">/);
  assert.match(
    xml,
    /CONTENT="Yarın" HPOS="10" VPOS="60" WIDTH="50" HEIGHT="20" WC="0.90"><ALTERNATIVE PURPOSE="recognizer alone">Yarin<\/ALTERNATIVE>/,
  );
  assert.match(xml, /<SP HPOS="60" VPOS="60" WIDTH="10"\/>/);
});

test('tsv: Tesseract’s columns and levels; a word that begins with a quotation mark is quoted', () => {
  const rows = write('tsv')
    .trimEnd()
    .split('\n')
    .map((row) => row.split('\t'));
  assert.equal(
    rows[0]!.join(' '),
    'level page_num block_num par_num line_num word_num left top width height conf text',
  );
  assert.ok(rows.every((row) => row.length === 12));
  assert.deepEqual(rows[1]!.slice(0, 11), ['1', '1', '0', '0', '0', '0', '0', '0', '800', '600', '-1']);
  assert.deepEqual(
    rows.find((row) => row[11] === 'Yarın'),
    ['5', '1', '2', '1', '1', '1', '10', '60', '50', '20', '90', 'Yarın'],
  );
  assert.ok(rows.some((row) => row[11] === '"""İkinci"""'));
});

test('characters that XML has no place for are dropped, and nothing breaks out of an attribute', () => {
  const hostile = toyLine('a\u0000"><script>\uFFFE\u{D800}', 0, 0);
  for (const format of ['hocr', 'alto'] as const) {
    const text = one(format, hostile);
    assert.ok(text.includes('a&quot;&gt;&lt;script&gt;\uFFFD'), text);
    assert.ok(!text.includes('<script>'));
  }
});

for (const format of DOCUMENT_FORMATS) {
  if (format === 'pdf') continue;
  test(`${format}: a document without pages is a whole file, and pages written one by one make the same file`, () => {
    const writer = openDocumentWriter(format, SOURCE);
    const parts = [
      writer.begin(),
      ...TOY_DOCUMENT.pages.map((page) => writer.page(page)),
      writer.end(TOY_DOCUMENT.warnings),
    ];
    assert.equal(parts.join(''), write(format));
    const empty = writeDocument({ pages: [], warnings: [] }, format, SOURCE);
    if (format === 'json') assert.deepEqual(JSON.parse(empty).pages, []);
    if (format === 'hocr') assert.ok(empty.endsWith('</html>\n'));
    if (format === 'alto') assert.ok(empty.endsWith('</alto>\n'));
  });
}
