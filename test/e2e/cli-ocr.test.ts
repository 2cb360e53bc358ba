/** `bytefuse ocr` as a process, with the real models: formats, several files, bad files, turned pages, fields. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { ERRORS, type ErrorCode } from '../../models/core/app-error.ts';
import type { DocumentText } from '../../models/core/document.ts';
import type { Raster } from '../../models/core/page.ts';
import { type Turn, turnedRaster } from '../../models/ocr/raster.ts';
import { ImagePdf } from '../../services/output/pdf/image-pdf.ts';
import { pagePicture } from '../../services/output/pdf/page-picture.ts';
import { runCli } from '../support/cli-process.ts';
import { pdfBytes, textContent } from '../support/pdf-bytes.ts';
import { PROJECT_ROOT } from '../support/project-files.ts';
import { cachedModel, pullHint } from '../support/ready-models.ts';
import { toyDocumentPage } from '../support/toy-document.ts';

const PAGES = join(PROJECT_ROOT, 'fixtures', 'pages');
const texts = JSON.parse(await readFile(join(PAGES, 'pages.json'), 'utf8')).texts as Record<string, string[]>;
const LINES = ['line-en.png', 'line-tr.png', 'line-zh.png'];
const hasOcr = (await cachedModel('pp-ocrv6')) !== null;
const skip = !hasOcr && pullHint;
const noLlm = (!hasOcr || (await cachedModel('gemma-3-270m')) === null) && pullHint;
const noPoppler = spawnSync('pdftotext', ['-v']).error ? 'pdftotext is not installed (Debian: poppler-utils)' : false;

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bytefuse-ocr-'));
  for (const name of ['page.png', ...LINES]) await copyFile(join(PAGES, name), join(folder, name));
});
after(() => rm(folder, { recursive: true, force: true }));

/** The recognizer alone is enough where nothing is said of the language model. */
const ALONE = ['--llm', 'none'];
const ocr = (...args: readonly string[]) => runCli(['ocr', ...args], { cwd: folder });
const outputs = async (name: string) => (await readdir(join(folder, name))).sort();
const output = (name: string, file: string) => readFile(join(folder, name, file), 'utf8');
const linesOf = (text: string) => text.split(/[\n\f]/).filter((line) => line !== '');

async function raster(name: string): Promise<Raster> {
  const { data, info } = await sharp(join(PAGES, name))
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, rgb: data };
}

test('every format of one page, into a folder, and the copied text of its PDF is the text', { skip }, async () => {
  const formats = 'text,markdown,json,hocr,alto,tsv,pdf';
  const { status, stdout, stderr } = await ocr('page.png', ...ALONE, '-f', formats, '-o', 'all');
  assert.equal(status, 0, stderr);
  assert.equal(stdout, '');
  const files = ['page.alto.xml', 'page.hocr.html', 'page.json', 'page.md', 'page.pdf', 'page.tsv', 'page.txt'];
  assert.deepEqual(await outputs('all'), files);
  assert.deepEqual(linesOf(await output('all', 'page.txt')), texts['page.png']);
  const { pages } = JSON.parse(await output('all', 'page.json')) as DocumentText;
  const read = pages.flatMap(({ blocks }) => blocks.flatMap(({ lines }) => lines));
  assert.deepEqual(
    read.map(({ text }) => text),
    texts['page.png'],
  );
  for (const format of ['page.md', 'page.hocr.html', 'page.alto.xml', 'page.tsv']) {
    const content = await output('all', format);
    for (const word of ['harbour', 'otobüsü']) assert.ok(content.includes(word), `${word} in ${format}`);
  }
  if (noPoppler) return;
  const copied = spawnSync('pdftotext', ['-enc', 'UTF-8', join(folder, 'all', 'page.pdf'), '-'], { encoding: 'utf8' });
  assert.deepEqual(linesOf(copied.stdout), texts['page.png']);
});

test('stdout takes one text format; several files are told apart; nothing is overwritten unasked', {
  skip,
}, async () => {
  const { status, stdout, stderr } = await ocr(...LINES, ...ALONE, '-q');
  assert.equal(status, 0, stderr);
  assert.equal(stdout, LINES.map((name) => `==> ${name} <==\n${texts[name]![0]}\n`).join(''));
  assert.equal((await ocr('page.png', '-f', 'text,json')).status, ERRORS.usage.exit);
  await mkdir(join(folder, 'kept'));
  await writeFile(join(folder, 'kept', 'page.txt'), 'mine');
  const refused = await ocr('page.png', ...ALONE, '-o', 'kept');
  assert.notEqual(refused.status, 0);
  assert.equal(await output('kept', 'page.txt'), 'mine');
});

test('bad files give their codes and do not stop the others', { skip }, async () => {
  const whole = await readFile(join(PAGES, 'page.png'));
  const hex = (byte: string) => `<${byte.repeat(32)}>`;
  const encrypt = `/Encrypt << /Filter /Standard /V 1 /R 2 /P -44 /O ${hex('41')} /U ${hex('42')} >> /ID [${hex('43')} ${hex('43')}]`;
  const bad: Readonly<Record<string, readonly [ErrorCode, Uint8Array | string]>> = {
    'cut.png': ['image_corrupt', whole.subarray(0, whole.length / 2)],
    'locked.pdf': ['pdf_encrypted', pdfBytes([{ content: '' }], { trailer: encrypt })],
    'drawing.png': ['document_unsupported', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'],
    'empty.jpg': ['file_empty', ''],
  };
  for (const [name, [, bytes]] of Object.entries(bad)) await writeFile(join(folder, name), bytes);
  const { status, stderr } = await ocr(...Object.keys(bad), 'page.png', ...ALONE, '-o', 'rest');
  for (const [name, [code]] of Object.entries(bad)) {
    assert.match(
      stderr,
      new RegExp(`${name.replace('.', '\\.')}[^\n]*\\[${code}\\]|\\[${code}\\][^\n]*\n?[^\n]*${name}`),
      `${name}: ${stderr}`,
    );
  }
  assert.match(stderr, /1 of 5 documents read, 4 failed/);
  assert.equal(status, Math.max(...Object.values(bad).map(([code]) => ERRORS[code].exit)));
  assert.deepEqual(await outputs('rest'), ['page.txt']);
  assert.deepEqual(linesOf(await output('rest', 'page.txt')), texts['page.png']);
});

/** How a viewer turns an image with each EXIF orientation, so how it must be stored to be seen as `seen`. */
function stored(seen: Raster, orientation: number): Raster {
  switch (orientation) {
    case 2:
      return mirrored(seen);
    case 3:
      return turnedRaster(seen, 180);
    case 4:
      return turnedRaster(mirrored(seen), 180);
    case 5:
      return mirrored(turnedRaster(seen, 90));
    case 6:
      return turnedRaster(seen, 270);
    case 7:
      return mirrored(turnedRaster(seen, 270));
    case 8:
      return turnedRaster(seen, 90);
    default:
      return seen;
  }
}

function mirrored({ width, height, rgb }: Raster): Raster {
  const out = new Uint8Array(rgb.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3;
      out.set(rgb.subarray(from, from + 3), (y * width + width - 1 - x) * 3);
    }
  }
  return { width, height, rgb: out };
}

test('a page turned in any of four ways, stored in any of eight, gives the same text', { skip }, async () => {
  const upright = await raster('page.png');
  const names: string[] = [];
  for (const turn of [0, 90, 180, 270] as const satisfies readonly Turn[]) {
    for (let orientation = 1; orientation <= 8; orientation++) {
      const { width, height, rgb } = stored(turnedRaster(upright, turn), orientation);
      const name = `turn-${turn}-exif-${orientation}.jpg`;
      await sharp(rgb, { raw: { width, height, channels: 3 } })
        .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
        .withMetadata({ orientation })
        .toFile(join(folder, name));
      names.push(name);
    }
  }
  const { status, stderr } = await ocr(...names, ...ALONE, '--mode', 'greedy', '-o', 'turned');
  assert.equal(status, 0, stderr);
  for (const name of names) {
    assert.deepEqual(linesOf(await output('turned', name.replace('.jpg', '.txt'))), texts['page.png'], name);
  }
});

test('pages of a TIFF and of a PDF come in their order, and --pages chooses among them', { skip }, async () => {
  const size = { width: 700, height: 64, fit: 'contain', position: 'left', background: 'white' } as const;
  const pages = await Promise.all(
    LINES.map((name) => sharp(join(PAGES, name)).resize(size).toColourspace('srgb').removeAlpha().png().toBuffer()),
  );
  await writeFile(
    join(folder, 'three.tif'),
    await sharp(pages, { join: { animated: true } })
      .tiff()
      .toBuffer(),
  );
  const parts: Buffer[] = [];
  const pdf = new ImagePdf(async (bytes) => void parts.push(Buffer.from(bytes)), { title: 'three' });
  await pdf.begin();
  for (const [i, name] of LINES.entries()) {
    const image = await raster(name);
    const page = { ...toyDocumentPage(i + 1, []), widthPx: image.width, heightPx: image.height };
    await pdf.page(page, await pagePicture(image));
  }
  await pdf.end();
  await writeFile(join(folder, 'three.pdf'), Buffer.concat(parts));
  const wanted = LINES.map((name) => texts[name]![0]!);
  for (const name of ['three.tif', 'three.pdf']) {
    const all = await ocr(name, ...ALONE, '-q');
    assert.equal(all.status, 0, all.stderr);
    assert.deepEqual(
      all.stdout.split('\f').map((page) => page.trim()),
      wanted,
      name,
    );
    const some = await ocr(name, ...ALONE, '-q', '--pages', '1,3');
    assert.deepEqual(
      some.stdout.split('\f').map((page) => page.trim()),
      [wanted[0], wanted[2]],
      name,
    );
    assert.notEqual((await ocr(name, ...ALONE, '--pages', '4')).status, 0);
  }
});

test('a PDF’s own text is taken, and said so, unless it is to be recognized', { skip }, async () => {
  const bytes = pdfBytes([{ content: textContent(['A page that can be read.']) }]);
  await writeFile(join(folder, 'born.pdf'), bytes);
  const own = await ocr('born.pdf', ...ALONE, '-f', 'json');
  assert.equal((JSON.parse(own.stdout) as DocumentText).pages[0]!.source, 'text-layer');
  assert.match(own.stderr, /1 with text of their own, taken as it is/);
  const seen = await ocr('born.pdf', ...ALONE, '-f', 'json', '--no-text-layer');
  assert.equal((JSON.parse(seen.stdout) as DocumentText).pages[0]!.source, 'recognized');
});

test('a field is filled only by what its rule allows', { skip }, async () => {
  const box = [0, 0, 1, 1];
  const fields = [{ name: 'time', box, regex: 'The ferry leaves at [0-9]{1,2}:[0-9]{2} from pier [0-9]+\\.' }];
  await writeFile(join(folder, 'fields.json'), JSON.stringify(fields));
  const { status, stdout, stderr } = await ocr('line-en.png', ...ALONE, '-f', 'json', '--fields', 'fields.json');
  assert.equal(status, 0, stderr);
  const [page] = (JSON.parse(stdout) as DocumentText).pages;
  const found = page!.fields.map(({ name, text, matched }) => [name, text, matched]);
  assert.deepEqual(found, [['time', texts['line-en.png']![0], true]]);
  await writeFile(join(folder, 'fields.json'), '[{"name": "time", "box": [0, 0, 1]}]');
  const refused = await ocr('line-en.png', ...ALONE, '--fields', 'fields.json');
  assert.equal(refused.status, ERRORS.invalid_option.exit);
  assert.match(refused.stderr, /field 1: "box" must be/);
});

test('--explain shows what fusion changed, as text and as a page with the crop', { skip: noLlm }, async () => {
  await copyFile(join(PAGES, 'line-tr-dots.png'), join(folder, 'dots.png'));
  const { status, stderr } = await ocr('dots.png', '-l', 'tr', '--explain', '-o', 'explained');
  assert.equal(status, 0, stderr);
  const [line] = texts['line-tr-dots.png']!;
  assert.equal(await output('explained', 'dots.txt'), `${line}\n`);
  assert.match(stderr, /dots\.png, page 1: ".+" -> ".+" in ".+"\n {4}recognizer -\d/);
  const html = await output('explained', 'dots.explain.html');
  assert.match(html, /<img[^>]+src="data:image\/png;base64,/);
  assert.ok(html.includes(line!));
});
