import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import type { PageUnit, Raster } from '../../models/core/page.ts';
import { greedyReading } from '../../models/ocr/ctc-greedy.ts';
import { type PageReadOptions, PpOcrPageRecognizer } from '../../models/ocr/page-recognizer.ts';
import { quadLengthPx } from '../../models/ocr/quad.ts';
import { turnedRaster } from '../../models/ocr/raster.ts';
import { PROJECT_ROOT } from '../support/project-files.ts';
import { cachedModel, pullHint } from '../support/ready-models.ts';

const PAGES = join(PROJECT_ROOT, 'fixtures', 'pages');
const texts = JSON.parse(readFileSync(join(PAGES, 'pages.json'), 'utf8')).texts as Record<string, string[]>;
const modelDir = await cachedModel('pp-ocrv6');
const skip = modelDir ? false : pullHint;
const OPTIONS: PageReadOptions = { orient: true, deskew: true, singleLine: 'auto' };

let recognizer: PpOcrPageRecognizer;
before(async () => {
  if (modelDir) recognizer = await PpOcrPageRecognizer.open(modelDir);
});
after(() => recognizer?.dispose());

async function picture(name: string): Promise<Raster> {
  const { data, info } = await sharp(join(PAGES, name)).toColourspace('srgb').removeAlpha().raw().toBuffer({
    resolveWithObject: true,
  });
  assert.equal(info.channels, 3);
  return { width: info.width, height: info.height, rgb: data };
}

function readings(page: PageUnit): string[] {
  return page.lines.map((line) => greedyReading(line.lattice, (id) => recognizer.alphabet.textOf(id)).text);
}

for (const name of ['line-en.png', 'line-tr.png', 'line-zh.png']) {
  test(`${name} is read letter by letter, found to be one line by its shape`, { skip }, async () => {
    const page = await recognizer.read(await picture(name), 3, OPTIONS);
    assert.deepEqual(readings(page), texts[name]);
    assert.equal(page.index, 3);
    assert.equal(page.lines[0]!.detectionScore, 1);
    assert.deepEqual(page.lines[0]!.quad, [0, 0, page.widthPx, 0, page.widthPx, 48, 0, 48]);
  });
}

test('detection finds the same line inside the image when it is told to search', { skip }, async () => {
  const page = await recognizer.read(await picture('line-zh.png'), 0, { ...OPTIONS, singleLine: 'no' });
  assert.deepEqual(readings(page), texts['line-zh.png']);
  assert.ok(page.lines[0]!.detectionScore < 1);
});

for (const turn of [0, 90, 180, 270] as const) {
  test(`a page turned by ${turn} degrees is turned back and read whole`, { skip }, async () => {
    const given = turnedRaster(await picture('page.png'), turn);
    const page = await recognizer.read(given, 0, OPTIONS);
    assert.equal(page.turnedDegrees, (360 - turn) % 360);
    assert.deepEqual([page.widthPx, page.heightPx], [760, 460]);
    assert.deepEqual(readings(page), texts['page.png']);
    assert.ok(Math.abs(page.skewDegrees) < 0.5, `skew ${page.skewDegrees}`);
  });
}

test('a page stays as it is where nobody asks which way up it is', { skip }, async () => {
  const given = turnedRaster(await picture('page.png'), 90);
  const page = await recognizer.read(given, 0, { ...OPTIONS, orient: false });
  assert.equal(page.turnedDegrees, 0);
  assert.equal(page.widthPx, 460);
  // Its lines are turned one by one; they run down the page.
  const found = readings(page);
  for (const text of texts['page.png']!) assert.ok(found.includes(text), text);
  for (const { quad } of page.lines) assert.ok(quad[3] - quad[1] > 100);
});

test('a leaning page is read, and says by how much it leans', { skip }, async () => {
  const page = await recognizer.read(await picture('page-leaning.png'), 0, OPTIONS);
  assert.ok(Math.abs(page.skewDegrees - 3) < 0.4, `skew ${page.skewDegrees}`);
  assert.deepEqual(readings(page), texts['page-leaning.png']);
});

test('columns of upright characters are read downwards and do not turn the page', { skip }, async () => {
  const page = await recognizer.read(await picture('columns.png'), 0, OPTIONS);
  assert.equal(page.turnedDegrees, 0);
  assert.deepEqual(
    page.lines.map((line) => line.direction),
    ['vertical', 'vertical'],
  );
  assert.deepEqual(readings(page).sort(), [...texts['columns.png']!].sort());
  for (const { quad } of page.lines) {
    assert.ok(quadLengthPx(quad) > 300);
    assert.ok(quad[1] < quad[3], 'reading runs down, from the first corner to the second');
  }
});

test('a lattice holds nearly all of each frame, best first, and its frames cover the line', { skip }, async () => {
  const page = await recognizer.read(await picture('page.png'), 0, OPTIONS);
  for (const { lattice, frameShare } of page.lines) {
    const { frames, width, ids, logProbs } = lattice;
    assert.equal(ids.length, frames * width);
    assert.ok(frames * frameShare >= 1 && (frames - 2) * frameShare < 1, `${frames} frames of ${frameShare}`);
    for (let frame = 0; frame < frames; frame++) {
      let mass = 0;
      for (let i = frame * width; i < (frame + 1) * width; i++) {
        mass += Math.exp(logProbs[i]!);
        const first = i === frame * width;
        assert.ok(
          first || logProbs[i]! < logProbs[i - 1]! || (logProbs[i] === logProbs[i - 1] && ids[i]! > ids[i - 1]!),
        );
      }
      assert.ok(mass > 0.9 && mass < 1.001, `frame ${frame} holds ${mass}`);
    }
  }
});

test('an abort ends the reading with its reason, before and during it, and the next page is read', {
  skip,
}, async () => {
  const given = await picture('page.png');
  const reason = new Error('enough');
  await assert.rejects(recognizer.read(given, 0, OPTIONS, AbortSignal.abort(reason)), reason);
  const during = new AbortController();
  const pending = recognizer.read(given, 0, OPTIONS, during.signal);
  setImmediate(() => during.abort(reason));
  await assert.rejects(pending, reason);
  const [a, b] = await Promise.all([
    recognizer.read(await picture('line-en.png'), 0, OPTIONS),
    recognizer.read(await picture('line-zh.png'), 1, OPTIONS),
  ]);
  assert.deepEqual([readings(a), readings(b)], [texts['line-en.png'], texts['line-zh.png']]);
});

test('an empty page has no lines, and one pixel breaks nothing', { skip }, async () => {
  const white = (width: number, height: number): Raster => ({
    width,
    height,
    rgb: new Uint8Array(3 * width * height).fill(255),
  });
  assert.deepEqual((await recognizer.read(white(400, 300), 0, OPTIONS)).lines, []);
  assert.deepEqual((await recognizer.read(white(1, 1), 0, OPTIONS)).lines, []);
  assert.equal((await recognizer.read(white(1, 1), 0, { ...OPTIONS, singleLine: 'yes' })).lines.length, 1);
  assert.throws(() => recognizer.read({ width: 2, height: 2, rgb: new Uint8Array(3) }, 0, OPTIONS), RangeError);
});
