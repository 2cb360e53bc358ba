/** Documents as other programs take them: xmllint with the ALTO schema, hOCR by the rules of its readers, rows of TSV. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { DocumentText } from '../../models/core/document.ts';
import { type DocumentFormat, writeDocument } from '../../services/output/document/document-writer.ts';
import { PROJECT_ROOT } from '../support/project-files.ts';
import { TOY_DOCUMENT, toyBlock, toyDocumentPage, toyLine } from '../support/toy-document.ts';

const SCHEMA = join(PROJECT_ROOT, 'fixtures', 'schema');
const skip = spawnSync('xmllint', ['--version']).error ? 'xmllint is not installed (Debian: libxml2-utils)' : false;

const folder = mkdtempSync(join(tmpdir(), 'bytefuse-xml-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What XML must escape or cannot hold, quotes in every place, and a page without a line. */
const AWKWARD: DocumentText = {
  pages: [
    toyDocumentPage(1, [
      toyBlock(toyLine('a < b && "c" \'d\' ]]> \u0001 \ufffe', 10, 20), toyLine('𠮷 😀 e\u0301', 10, 60)),
    ]),
    toyDocumentPage(2, []),
  ],
  warnings: [],
};

const DOCUMENTS = { usual: TOY_DOCUMENT, awkward: AWKWARD } as const;

function written(name: keyof typeof DOCUMENTS, format: Exclude<DocumentFormat, 'pdf'>): { path: string; text: string } {
  const text = writeDocument(DOCUMENTS[name], format, { name: 'a "b" & <c>.png' });
  const path = join(folder, `${name}.${format}`);
  writeFileSync(path, text);
  return { path, text };
}

/** Validates without a network: the schema that ALTO imports is taken from beside it. */
function xmllint(args: readonly string[]): void {
  const catalog = join(folder, 'catalog.xml');
  const xlink = pathToFileURL(join(SCHEMA, 'xlink.xsd')).href;
  writeFileSync(
    catalog,
    `<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog"><system systemId="http://www.loc.gov/standards/xlink/xlink.xsd" uri="${xlink}"/><uri name="http://www.loc.gov/standards/xlink/xlink.xsd" uri="${xlink}"/></catalog>\n`,
  );
  const env = { ...process.env, XML_CATALOG_FILES: catalog };
  const { status, stderr } = spawnSync('xmllint', ['--noout', '--nonet', ...args], { encoding: 'utf8', env });
  assert.equal(status, 0, stderr);
}

for (const name of ['usual', 'awkward'] as const) {
  test(`ALTO of the ${name} document is valid by the schema of ALTO 4.4`, { skip }, () => {
    xmllint(['--schema', join(SCHEMA, 'alto-4-4.xsd'), written(name, 'alto').path]);
  });

  test(`hOCR of the ${name} document is well-formed, and its boxes lie in each other`, { skip }, () => {
    const { path, text } = written(name, 'hocr');
    xmllint([path]);
    // As readers of hOCR do it: the class says what an element is, its title where it stands.
    const elements = [...text.matchAll(/<(?:div|p|span) class="(ocrx?_\w+)"[^>]* title="([^"]*)"/g)];
    const boxes = new Map<string, number[]>();
    const order = ['ocr_page', 'ocr_carea', 'ocr_par', 'ocr_line', 'ocrx_word'];
    for (const [, kind, title] of elements) {
      const box = /bbox (\d+) (\d+) (\d+) (\d+)/.exec(title!)!.slice(1).map(Number);
      assert.ok(order.includes(kind!), kind);
      const around = boxes.get(order[order.indexOf(kind!) - 1] ?? '');
      if (around)
        assert.ok(box[0]! >= around[0]! && box[1]! >= around[1]! && box[2]! <= around[2]! && box[3]! <= around[3]!);
      boxes.set(kind!, box);
      if (kind === 'ocrx_word') assert.match(title!, /; x_wconf (?:\d|[1-9]\d|100)$/);
    }
    const ids = [...text.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length);
    const words = DOCUMENTS[name].pages.flatMap(({ blocks }) =>
      blocks.flatMap(({ lines }) => lines.flatMap((line) => line.words)),
    );
    assert.equal(elements.filter(([, kind]) => kind === 'ocrx_word').length, words.length);
  });

  test(`TSV of the ${name} document has twelve columns in every row, levels 1 to 5 in order`, () => {
    const [head, ...rows] = written(name, 'tsv').text.slice(0, -1).split('\n');
    assert.equal(head!.split('\t').length, 12);
    let before = 0;
    for (const row of rows) {
      const cells = row.split('\t');
      assert.equal(cells.length, 12, row);
      const level = Number(cells[0]);
      assert.ok(level >= 1 && level <= Math.min(5, before + 1), row);
      assert.equal(level === 5, Number(cells[10]) >= 0, row);
      before = level;
    }
  });
}
