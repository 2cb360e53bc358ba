/** Documents that can be read: what comes out of them, pixel by pixel where that can be said. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import sharp, { type Sharp } from 'sharp';
import type { Raster } from '../../models/core/page.ts';
import { turnRaster } from '../../models/page-image/turn.ts';
import { DocumentIntake, type DocumentOptions } from '../../services/intake/document-intake.ts';
import type { DocumentInput } from '../../services/intake/document-source.ts';
import { tiffBytes } from '../support/image-bytes.ts';
import { temporaryFolders } from '../support/left-behind.ts';
import { pdfBytes, textContent } from '../support/pdf-bytes.ts';

const intake = new DocumentIntake();
const folder = mkdtempSync(join(tmpdir(), 'documents-'));
after(async () => {
  await intake.close();
  rmSync(folder, { recursive: true });
});

async function read(input: DocumentInput, options: DocumentOptions = {}) {
  const document = await intake.open(input, options);
  const pages = [];
  for await (const page of document.pages()) pages.push(page);
  return { document, pages };
}

async function firstPage(input: DocumentInput, options: DocumentOptions = {}) {
  return (await read(input, options)).pages[0]!;
}

const COLORS = { red: [255, 0, 0], green: [0, 255, 0], blue: [0, 0, 255], white: [255, 255, 255] } as const;

/** 48 x 32 pixels of three colors in a way that no turn and no mirror leaves alone: r r g / b w w. */
function mosaic(): Sharp {
  const tiles = ['red', 'red', 'green', 'blue', 'white', 'white'] as const;
  const rgb = new Uint8Array(48 * 32 * 3);
  for (let y = 0; y < 32; y++) {
    for (let x = 0; x < 48; x++) rgb.set(COLORS[tiles[(y >> 4) * 3 + (x >> 4)]!], (y * 48 + x) * 3);
  }
  return sharp(rgb, { raw: { width: 48, height: 32, channels: 3 } });
}

/** Initials of the colors at the middles of the tiles, row by row: `rrg/bww` for the mosaic as it is. */
function tilesOf({ width, height, rgb }: Raster): string {
  const initial = (x: number, y: number) => {
    const at = (y * width + x) * 3;
    const distance = (color: readonly number[]) => color.reduce((sum, v, i) => sum + Math.abs(v - rgb[at + i]!), 0);
    const name = Object.entries(COLORS).find(([, color]) => distance(color) < 90)?.[0];
    return name?.[0] ?? '?';
  };
  const middles = (side: number) => Array.from({ length: side >> 4 }, (_, i) => i * 16 + 8);
  return middles(height)
    .map((y) =>
      middles(width)
        .map((x) => initial(x, y))
        .join(''),
    )
    .join('/');
}

test('every format comes out with its own pixels, from bytes and from a path with any name', async () => {
  const files: [string, Sharp][] = [
    ['jpeg', mosaic().jpeg({ quality: 95, chromaSubsampling: '4:4:4' })],
    ['png', mosaic().png()],
    ['webp', mosaic().webp({ lossless: true })],
    ['tiff', mosaic().tiff({ compression: 'lzw' })],
    ['gif', mosaic().gif()],
    ['avif', mosaic().avif({ quality: 90, effort: 0 })],
  ];
  for (const [format, image] of files) {
    const bytes = await image.toBuffer();
    const path = join(folder, `${format}.docx`);
    writeFileSync(path, bytes);
    for (const input of [bytes, path]) {
      const { document, pages } = await read(input);
      assert.deepEqual([document.format, document.pageCount, tilesOf(pages[0]!.raster)], [format, 1, 'rrg/bww']);
    }
  }
});

test('all 8 orientations of EXIF, each turned all 4 ways, are the one upright page turned', async () => {
  // How a camera stores the upright page under each orientation: the inverse of what the tag asks for.
  const stored: Record<number, string> = {
    1: 'rrg/bww',
    2: 'grr/wwb',
    3: 'wwb/grr',
    4: 'bww/rrg',
    5: 'rb/rw/gw',
    6: 'gw/rw/rb',
    7: 'wg/wr/br',
    8: 'br/wr/wg',
  };
  const turned = { 0: 'rrg/bww', 90: 'br/wr/wg', 180: 'wwb/grr', 270: 'gw/rw/rb' };
  for (const [orientation, layout] of Object.entries(stored)) {
    const bytes = await fromTiles(layout)
      .withMetadata({ orientation: Number(orientation) })
      .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
      .toBuffer();
    const { raster } = await firstPage(bytes);
    for (const degrees of [0, 90, 180, 270] as const) {
      assert.equal(
        tilesOf(turnRaster(raster, degrees)),
        turned[degrees],
        `orientation ${orientation}, ${degrees} degrees`,
      );
    }
  }
});

test('orientation also counts in PNG, WebP and TIFF', async () => {
  for (const format of ['png', 'webp', 'tiff'] as const) {
    const bytes = await fromTiles('gw/rw/rb')
      .withMetadata({ orientation: 6 })
      .toFormat(format, { lossless: true })
      .toBuffer();
    assert.equal(tilesOf((await firstPage(bytes)).raster), 'rrg/bww', format);
  }
});

function fromTiles(layout: string): Sharp {
  const rows = layout.split('/');
  const [width, height] = [rows[0]!.length * 16, rows.length * 16];
  const names = { r: 'red', g: 'green', b: 'blue', w: 'white' } as const;
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const tile = rows[y >> 4]![x >> 4] as keyof typeof names;
      rgb.set(COLORS[names[tile]], (y * width + x) * 3);
    }
  }
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}

test('transparent, 16-bit, grey, palette, CMYK and black-and-white images become RGB on white, light drawings on black', async () => {
  const pixel = ({ rgb }: Raster) => [...rgb.subarray(0, 3)];
  const near = async (image: Sharp, wanted: readonly number[], tolerance: number) => {
    const { raster } = await firstPage(await image.toBuffer());
    assert.equal(raster.rgb.length, raster.width * raster.height * 3);
    const got = pixel(raster);
    assert.ok(
      got.every((value, i) => Math.abs(value - wanted[i]!) <= tolerance),
      `${got} is not ${wanted}`,
    );
  };
  const even = (r: number, g: number, b: number, alpha = 1) =>
    sharp({ create: { width: 16, height: 16, channels: 4, background: { r, g, b, alpha } } });
  await near(even(0, 0, 0, 0).png(), [255, 255, 255], 0);
  await near(even(0, 0, 0, 0.5).png(), [127, 127, 127], 2);
  await near(even(255, 255, 255, 0.2).png(), [51, 51, 51], 2);
  await near(even(255, 255, 255, 0.2).toColourspace('b-w').webp({ lossless: true }), [51, 51, 51], 2);
  await near(even(200, 100, 50).removeAlpha().toColourspace('rgb16').png(), [200, 100, 50], 1);
  await near(even(90, 90, 90).removeAlpha().toColourspace('b-w').png(), [90, 90, 90], 1);
  await near(even(90, 90, 90).removeAlpha().toColourspace('grey16').png(), [90, 90, 90], 2);
  await near(even(255, 0, 0).removeAlpha().png({ palette: true }), [255, 0, 0], 0);
  await near(even(230, 230, 230).removeAlpha().toColourspace('cmyk').jpeg({ quality: 95 }), [230, 230, 230], 12);
  await near(even(255, 255, 255).removeAlpha().toColourspace('b-w').tiff({ bitdepth: 1 }), [255, 255, 255], 0);
});

test('a wide color profile is taken to sRGB', async () => {
  const p3 = await mosaic().withIccProfile('p3').png().toBuffer();
  const { rgb } = await sharp(p3)
    .raw()
    .toBuffer({ resolveWithObject: true })
    .then(async () => (await firstPage(p3)).raster);
  // The file holds red as 234, 51, 35 in P3; it has to come back as sRGB's own red.
  assert.ok(rgb[0]! >= 250 && rgb[1]! <= 8 && rgb[2]! <= 8, `${rgb.subarray(0, 3)}`);
});

test('the resolution of the file is passed on, an absurd one is not', async () => {
  assert.equal((await firstPage(await mosaic().withMetadata({ density: 300 }).jpeg().toBuffer())).dpi, 300);
  assert.equal((await firstPage(await mosaic().withMetadata({ density: 9999 }).jpeg().toBuffer())).dpi, undefined);
});

test('pages of a TIFF come one by one, those that were asked for', async () => {
  const bytes = tiffBytes({ pages: 40, width: 20, height: 10 });
  const { document, pages } = await read(bytes, {
    pages: [
      [38, 99],
      [2, 2],
    ],
  });
  assert.equal(document.pageCount, 40);
  assert.deepEqual(
    pages.map(({ number, raster }) => [number, raster.width, raster.height]),
    [2, 38, 39, 40].map((number) => [number, 20, 10]),
  );
});

test('pages of a PDF stand upright, in color, with their text on the ink', async () => {
  const content = `1 0 0 rg 0 700 200 92 re f 0 g ${textContent(['Top of the page, which is red at its left.', 'Second line'])}`;
  for (const rotate of [0, 90, 180, 270] as const) {
    const page = await firstPage(pdfBytes([{ content, rotate }]), { dpi: 72 });
    const { raster, textLayer } = page;
    assert.deepEqual([raster.width, raster.height], rotate % 180 === 0 ? [612, 792] : [792, 612]);
    // /Rotate turns clockwise: back again, the red corner is at the top left.
    const upright = turnRaster(raster, ((360 - rotate) % 360) as 0 | 90 | 180 | 270);
    assert.deepEqual([...upright.rgb.subarray(0, 3)], [255, 0, 0]);
    assert.deepEqual([...upright.rgb.subarray(-3)], [255, 255, 255]);
    assert.equal(textLayer!.verdict.reason, '');
    // Of pages that are turned, lines come in another order than in the file.
    const texts = textLayer!.lines.map(({ text }) => text);
    assert.deepEqual(texts.toSorted(), ['Second line', 'Top of the page, which is red at its left.']);
    const [left, top, right, beside] = textLayer!.lines[0]!.quad;
    const direction = Math.round((Math.atan2(beside - top, right - left) * 180) / Math.PI);
    assert.equal((direction + 360) % 360, rotate);
    assert.ok(Math.abs(page.dpi! - 72) < 0.01);
  }
});

test('text that runs upwards or slanted has quads in its direction', async () => {
  for (const degrees of [90, 30, -45]) {
    const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    const matrix = [cos, sin, -sin, cos].map((entry) => entry.toFixed(6)).join(' ');
    const content = `BT /F1 20 Tf ${matrix} 200 200 Tm (Slanted words on a page) Tj ET`;
    const { textLayer } = await firstPage(pdfBytes([{ content }]), { dpi: 72 });
    const [x0, y0, x1, y1] = textLayer!.lines[0]!.quad;
    assert.equal(textLayer!.lines[0]!.text, 'Slanted words on a page');
    // The page's y grows upwards, the pixels' downwards.
    assert.equal(Math.round((Math.atan2(y0 - y1, x1 - x0) * 180) / Math.PI), degrees);
    assert.ok(textLayer!.verdict.measures.onInkShare > 0.9);
  }
});

test('a hidden layer over a scan is sound where it fits, and not where it is sparse or signs without a meaning', async () => {
  const lines = Array.from({ length: 20 }, (_, i) => `Line ${i} of a scanned page that was recognized by somebody.`);
  const drawn = await firstPage(pdfBytes([{ content: textContent(lines) }]), { dpi: 100 });
  const { width, height, rgb } = drawn.raster;
  const jpeg = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .jpeg()
    .toBuffer();
  const scan = (text: string) =>
    firstPage(pdfBytes([{ content: `q 612 0 0 792 0 0 cm /Im1 Do Q ${text}` }], { image: { jpeg, width, height } }));
  const fault = async (text: string) => {
    const { textLayer } = await scan(text);
    return textLayer ? textLayer.verdict.fault : 'none';
  };
  assert.equal(await fault(textContent(lines, { mode: 3 })), null);
  assert.equal(await fault(textContent(lines.slice(0, 3), { mode: 3 })), 'partial');
  assert.equal(
    await fault(
      textContent(
        lines.map((line) => line.replace(/[a-z]/g, '|')),
        { mode: 3 },
      ),
    ),
    'nonsense',
  );
  assert.equal(await fault(''), 'none');
  assert.ok((await scan('')).raster.width > width);
});

test('the text layer stays in the file where it is not wanted', async () => {
  const { textLayer } = await firstPage(pdfBytes([{ content: textContent(['Text']) }]), { textLayer: 'never' });
  assert.equal(textLayer, undefined);
});

test('a stream is read whole, and what was kept of it goes away', async () => {
  const before = temporaryFolders();
  const bytes = await mosaic().png().toBuffer();
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += 10) yield bytes.subarray(at, at + 10);
  }
  const document = await intake.open(pieces());
  assert.equal(temporaryFolders().length, before.length + 1);
  for await (const { raster } of document.pages()) assert.equal(tilesOf(raster), 'rrg/bww');
  assert.deepEqual(temporaryFolders(), before);
});

test('at most one page is decoded ahead of the one that was handed out', async () => {
  const bytes = pdfBytes(Array.from({ length: 6 }, (_, i) => ({ content: textContent([`Page ${i + 1}`]) })));
  const document = await intake.open(bytes);
  const seen: number[] = [];
  for await (const page of document.pages()) {
    seen.push(page.number);
    if (seen.length === 3) break;
  }
  // Leaving the loop closed the document, and its place is free for others.
  assert.deepEqual(seen, [1, 2, 3]);
  const others = await Promise.all([read(bytes), read(bytes), read(bytes)]);
  assert.deepEqual(
    others.map(({ pages }) => pages.length),
    [6, 6, 6],
  );
});
