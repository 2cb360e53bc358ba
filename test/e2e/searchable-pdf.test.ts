/** PDFs of ours as other programs see them: qpdf checks the structure, poppler's pdftotext copies the text. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { DocumentPage } from '../../models/core/document.ts';
import type { Raster } from '../../models/core/page.ts';
import { ImagePdf } from '../../services/output/pdf/image-pdf.ts';
import { overlayPdf, withoutWords } from '../../services/output/pdf/overlay-pdf.ts';
import { pagePicture } from '../../services/output/pdf/page-picture.ts';
import { toyBlock, toyDocumentPage, toyLine } from '../support/toy-document.ts';

const missing = ['qpdf', 'pdftotext'].filter((name) => spawnSync(name, ['--version']).error !== undefined);
const skip = missing.length > 0 ? `${missing.join(' and ')} not installed (Debian: qpdf, poppler-utils)` : false;

const folder = mkdtempSync(join(tmpdir(), 'bytefuse-pdf-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const LINES = [
  '你好,世界!這是一行繁體字',
  'Iğdır’ın ışığı şöyle: çığ, öğüt, İstanbul',
  'The quick brown fox, 3.14',
  '𠮷野家 😀 ok',
];

function pageOf(number: number, turnedDegrees: DocumentPage['turnedDegrees'], texts = LINES as readonly string[]) {
  const lines = texts.map((text, i) => toyLine(text, 60, 80 + 60 * i, { height: 24 }));
  return { ...toyDocumentPage(number, lines.length === 0 ? [] : [toyBlock(...lines)]), turnedDegrees };
}

function pixelsOf(page: DocumentPage): Raster {
  const sideways = page.turnedDegrees === 90 || page.turnedDegrees === 270;
  const [width, height] = sideways ? [page.heightPx, page.widthPx] : [page.widthPx, page.heightPx];
  return { width, height, rgb: new Uint8Array(width * height * 3).fill(240) };
}

const TURNS = [0, 90, 180, 270] as const;

async function picturePdf(lines: readonly string[] = LINES): Promise<Buffer> {
  const parts: Buffer[] = [];
  const pdf = new ImagePdf(async (bytes) => void parts.push(Buffer.from(bytes)), { title: 'Deneme 試験' });
  await pdf.begin();
  for (const [i, turn] of TURNS.entries()) {
    const page = pageOf(i + 1, turn, lines);
    await pdf.page(page, await pagePicture(pixelsOf(page)));
  }
  await pdf.end();
  return Buffer.concat(parts);
}

function check(bytes: Uint8Array, name: string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  const checked = spawnSync('qpdf', ['--check', path], { encoding: 'utf8' });
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
  return path;
}

/** Texts of the pages, as a reader copies them. */
function copied(path: string): string[] {
  const text = execFileSync('pdftotext', ['-enc', 'UTF-8', path, '-'], { encoding: 'utf8' });
  return text.split('\f').slice(0, -1);
}

const linesOf = (page: string) => page.split('\n').filter((line) => line !== '');

test('pictures: whatever way a page was turned, its text is copied as it was read', { skip }, async () => {
  const path = check(await picturePdf(), 'pictures.pdf');
  const pages = copied(path);
  assert.equal(pages.length, TURNS.length);
  for (const page of pages) assert.deepEqual(linesOf(page), LINES);
});

test('the text lies on its picture: a box around a line finds that line alone', { skip }, async () => {
  const path = check(await picturePdf(), 'boxes.pdf');
  // 150 dots per inch on the picture and in the box; the second line stands at 60, 140 and is 24 high.
  const box = ['-r', '150', '-x', '50', '-y', '135', '-W', '700', '-H', '34'];
  const text = execFileSync('pdftotext', [...box, '-l', '1', path, '-'], { encoding: 'utf8' });
  assert.deepEqual(linesOf(text.replace('\f', '')), [LINES[1]]);
});

test('an existing PDF keeps its own pages, and gets the text over them, also where it is turned', {
  skip,
}, async () => {
  const original = await picturePdf([]);
  assert.deepEqual(copied(check(original, 'bare.pdf')).flatMap(linesOf), []);
  // /Rotate shows these pages upright, and so they were read.
  const pages = TURNS.map((_, i) => withoutWords(pageOf(i + 1, 0)));
  const path = check(await overlayPdf(original, pages), 'overlay.pdf');
  const found = copied(path);
  assert.equal(found.length, TURNS.length);
  for (const page of found) assert.deepEqual(linesOf(page), LINES);
});

test('pages with text of their own are left as they are', { skip }, async () => {
  const page: DocumentPage = { ...pageOf(1, 0), source: 'text-layer' };
  const path = check(await overlayPdf(await picturePdf(), [page]), 'own.pdf');
  assert.deepEqual(linesOf(copied(path)[0]!), LINES);
});
