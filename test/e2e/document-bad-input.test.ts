/** Documents that cannot be read, or should not be: a code for each, in bounded time and memory. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { AppError } from '../../models/core/app-error.ts';
import { DecoderPool } from '../../services/intake/decoder-pool.ts';
import { DocumentIntake, type DocumentOptions } from '../../services/intake/document-intake.ts';
import type { DocumentInput } from '../../services/intake/document-source.ts';
import { gifBytes, pngBytes, tiffBytes } from '../support/image-bytes.ts';
import { temporaryFolders } from '../support/left-behind.ts';
import { pdfBytes, pdfStream, textContent } from '../support/pdf-bytes.ts';

const MEGABYTE = 1024 * 1024;
const intake = new DocumentIntake({ decodersMax: 1 });
const folder = mkdtempSync(join(tmpdir(), 'documents-'));
after(async () => {
  await intake.close();
  rmSync(folder, { recursive: true });
});

async function read(input: DocumentInput, options: DocumentOptions = {}, from = intake): Promise<number> {
  const document = await from.open(input, options);
  let pages = 0;
  for await (const _ of document.pages()) pages++;
  return pages;
}

/** Unlike AbortSignal.timeout, it keeps the test alive until then. */
function abortedIn(ms: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), ms);
  return controller.signal;
}

const GOOD = pdfBytes([{ content: textContent(['A page that can be read.']) }]);
const picture = (width = 200, height = 150) =>
  sharp({
    create: { width, height, channels: 3, background: '#fff', noise: { type: 'gaussian', mean: 128, sigma: 40 } },
  });

test('images that end early are corrupt, at whatever place', async () => {
  const files = {
    jpeg: picture().jpeg(),
    'progressive jpeg': picture().jpeg({ progressive: true }),
    png: picture().png(),
    'interlaced png': picture().png({ progressive: true }),
    webp: picture().webp(),
    tiff: picture().tiff({ compression: 'deflate' }),
    gif: picture().gif(),
    avif: picture().avif({ effort: 0 }),
  };
  for (const [name, image] of Object.entries(files)) {
    const bytes = await image.toBuffer();
    assert.equal(await read(bytes), 1, name);
    for (const share of [0.1, 0.5, 0.9]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share));
      await assert.rejects(read(cut), { code: 'image_corrupt' }, `${name} cut at ${share}`);
    }
  }
});

test('images of absurd sizes are too large by their header alone', async () => {
  await assert.rejects(read(pngBytes(60_000, 60_000, new Uint8Array(9))), { code: 'image_too_large' });
  await assert.rejects(read(pngBytes(8001, 8000, new Uint8Array(9))), { code: 'image_too_large', message: /64000000/ });
  await assert.rejects(read(pngBytes(32_001, 1, new Uint8Array(9))), { code: 'image_too_large' });
  await assert.rejects(read(gifBytes(65_535, 65_535)), { code: 'image_too_large' });
  await assert.rejects(read(tiffBytes({ pages: 1, width: 60_000, height: 60_000 })), { code: 'image_too_large' });
  const options: DocumentOptions = { limits: { pixelsMax: 100 * 100 } };
  assert.equal(await read(await picture(100, 100).png().toBuffer(), options), 1);
  await assert.rejects(read(await picture(101, 100).png().toBuffer(), options), { code: 'image_too_large' });
});

test('bombs inside of a PNG stay as small as the image', async () => {
  const bomb = Buffer.concat([Buffer.from('x\0\0'), deflateSync(Buffer.alloc(200 * MEGABYTE))]);
  for (const type of ['iCCP', 'zTXt']) {
    assert.equal(await read(pngBytes(8, 8, new Uint8Array(72), [{ type, data: bomb }])), 1, type);
  }
});

test('a TIFF of 10,000 pages is refused whole and read in part; one that runs in a circle is corrupt', async () => {
  const bytes = tiffBytes({ pages: 10_000 });
  await assert.rejects(read(bytes), { code: 'document_too_many_pages' });
  assert.equal(await read(bytes, { pages: [[9999, 10_000]] }), 2);
  await assert.rejects(read(tiffBytes({ pages: 3, last: 'first' })), { code: 'image_corrupt', message: /circle/ });
});

test('what is no document says so', async () => {
  const svg = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>';
  const disguised = join(folder, 'logo.png');
  writeFileSync(disguised, svg);
  await assert.rejects(read(disguised), { code: 'document_unsupported', message: /logo\.png is SVG/ });
  await assert.rejects(read(Buffer.from(`\x89PNG\r\n\x1a\n${svg}`, 'latin1')), { code: 'image_corrupt' });
  await assert.rejects(read(Buffer.from(`GIF89a${svg}`)), { code: /^image_/ });
  await assert.rejects(read(new Uint8Array(0)), { code: 'file_empty' });
  await assert.rejects(read(Buffer.from('%')), { code: 'document_unrecognized' });
  await assert.rejects(read(Buffer.from('%PDF-')), { code: 'pdf_corrupt' });
  await assert.rejects(read(Buffer.alloc(1000)), { code: 'document_unrecognized' });
  await assert.rejects(read(join(folder, 'nothing.pdf')), { code: 'file_not_found' });
  await assert.rejects(read(folder), { code: 'file_is_directory' });
  await assert.rejects(read(GOOD, { limits: { bytesMax: GOOD.length - 1 } }), { code: 'document_too_large' });
  await assert.rejects(read(GOOD, { dpi: 1 }), { code: 'invalid_option' });
});

test('two files in one are read as the first one', async () => {
  const jpeg = await picture().jpeg().toBuffer();
  const both = await intake.open(Buffer.concat([jpeg, GOOD]));
  assert.equal(both.format, 'jpeg');
  await both.close();
});

test('PDFs that want a password, or are none, have their codes', async () => {
  const hex = (byte: string) => `<${byte.repeat(32)}>`;
  const encrypt = `/Encrypt << /Filter /Standard /V 1 /R 2 /P -44 /O ${hex('41')} /U ${hex('42')} >> /ID [${hex('43')} ${hex('43')}]`;
  await assert.rejects(read(pdfBytes([{ content: '' }], { trailer: encrypt })), { code: 'pdf_encrypted' });
  await assert.rejects(read(GOOD.subarray(0, 300)), { code: 'pdf_corrupt' });
  await assert.rejects(read(Buffer.from('%PDF-1.7\n%%EOF')), { code: 'pdf_corrupt' });
  // Without a way to its table a PDF can be put together again.
  const text = Buffer.from(GOOD).toString('latin1');
  assert.equal(await read(Buffer.from(text.replace(/startxref\n\d+/, 'startxref\n99999999'), 'latin1')), 1);
});

test('scripts of a PDF are not run: its pages come at once', async () => {
  const script = '<< /S /JavaScript /JS (while \\(true\\) {} app.alert\\(1\\);) >>';
  const catalog = `/OpenAction ${script} /AA << /WC ${script} >> /Names << /JavaScript << /Names [(a) ${script}] >> >>`;
  const page = { content: textContent(['Nothing runs here.']), entries: `/AA << /O ${script} >>` };
  assert.equal(await read(pdfBytes([page], { catalog }), { limits: { pageMsMax: 5000 } }), 1);
});

test('pages of absurd size are too large, large ones are drawn at less resolution', async () => {
  const page = (widthPt: number, heightPt: number) => pdfBytes([{ content: '', widthPt, heightPt }]);
  await assert.rejects(read(page(1_000_000, 1_000_000)), { code: 'image_too_large' });
  const document = await intake.open(page(7200, 7200), { dpi: 300, limits: { pixelsMax: 72e4 * 72 } });
  for await (const { raster, dpi } of document.pages())
    assert.ok(raster.width * raster.height <= 72e4 * 72 && dpi! >= 72);
});

test('bombs inside of a PDF end as too heavy or are never opened, and the next document is read', async () => {
  const twice = (bytes: number) => deflateSync(deflateSync(Buffer.alloc(bytes)));
  const small = new DocumentIntake({ decodersMax: 1, memoryBytesMax: 400 * MEGABYTE });
  const bomb = (entries: string) => {
    const body = twice(800 * MEGABYTE);
    const head = `<< /Filter [/FlateDecode /FlateDecode] /Length ${body.length} ${entries} >>\nstream\n`;
    return Buffer.concat([Buffer.from(head), body, Buffer.from('\nendstream')]);
  };
  try {
    const content = pdfBytes([{ content: '', entries: '/Contents 6 0 R' }], { objects: [bomb('')] });
    await assert.rejects(read(content, {}, small), { code: 'document_too_heavy' });
    const objects = pdfBytes([{ content: '' }], { objects: [bomb('/Type /ObjStm /N 100000 /First 1000000')] });
    assert.equal(await read(objects, {}, small), 1);
    assert.equal(await read(GOOD, {}, small), 1);
  } finally {
    await small.close();
  }
});

test('an image that needs more memory than a decoder may have ends as too heavy, for itself alone', async () => {
  const small = new DocumentIntake({ decodersMax: 1, memoryBytesMax: 140 * MEGABYTE });
  try {
    const large = await sharp({ create: { width: 7000, height: 7000, channels: 3, background: '#abc' } })
      .png()
      .toBuffer();
    await assert.rejects(read(large, {}, small), { code: 'document_too_heavy', message: /Page 1 of the document/ });
    assert.equal(await read(GOOD, {}, small), 1);
  } finally {
    await small.close();
  }
});

test('a page that takes too long ends there, and the next document is read', async () => {
  const content = pdfStream('0 0 600 800 re 10 10 30 40 re f\n'.repeat(3_000_000));
  const slow = pdfBytes([{ content: '', entries: '/Contents 6 0 R' }], { objects: [content] });
  const startedMs = performance.now();
  await assert.rejects(read(slow, { limits: { pageMsMax: 300 } }), { code: 'document_timeout' });
  assert.ok(performance.now() - startedMs < 60_000);
  assert.equal(await read(GOOD), 1);
});

test('a signal ends opening, waiting and decoding, and nothing stays', async () => {
  const before = temporaryFolders();
  const content = pdfStream('0 0 600 800 re 10 10 30 40 re f\n'.repeat(3_000_000));
  const slow = pdfBytes([{ content: '', entries: '/Contents 6 0 R' }], { objects: [content] });
  await assert.rejects(read(GOOD, { signal: AbortSignal.abort() }), { code: 'canceled' });
  const held = await intake.open(GOOD);
  await assert.rejects(read(GOOD, { signal: abortedIn(50) }), { code: 'canceled' });
  await held.close();
  await assert.rejects(read(slow, { signal: abortedIn(700) }), { code: 'canceled' });
  async function* stalling() {
    yield GOOD.subarray(0, 100);
    await delay(60_000, undefined, { ref: false });
  }
  await assert.rejects(read(stalling(), { signal: abortedIn(50) }), { code: 'canceled' });
  const reason = new AppError('deadline_exceeded', 'Too late');
  await assert.rejects(read(GOOD, { signal: AbortSignal.abort(reason) }), reason);
  assert.equal(await read(GOOD), 1);
  assert.deepEqual(temporaryFolders(), before);
});

test('a stream that fails, is too long or no document leaves nothing behind', async () => {
  const before = temporaryFolders();
  async function* failing() {
    yield GOOD.subarray(0, 100);
    throw new Error('the sender went away');
  }
  async function* endless() {
    for (;;) yield Buffer.concat([GOOD, Buffer.alloc(100_000)]);
  }
  async function* text() {
    for (;;) yield Buffer.alloc(5000, 'a');
  }
  await assert.rejects(read(failing()), { code: 'file_unreadable' });
  await assert.rejects(read(endless(), { limits: { bytesMax: 2 * MEGABYTE } }), { code: 'document_too_large' });
  // Refused with its first bytes: the stream has no end.
  await assert.rejects(read(text()), { code: 'document_unrecognized' });
  assert.deepEqual(temporaryFolders(), before);
});

test('a decoder that crashes takes its own document with it and no other', async () => {
  const pool = new DecoderPool({ decodersMax: 2, memoryBytesMax: 1024 * MEGABYTE, pixelsMax: 1e6 });
  try {
    const [first, second] = [await pool.take(), await pool.take()];
    const open = { kind: 'open', format: 'pdf', name: 'x', path: null, pixelsMax: 1e6, pageMsMax: 9999 } as const;
    const call = { what: 'Opening x', msMax: 30_000, payload: [GOOD] };
    const doomed = first.request(open, call);
    process.kill(first.pid!, 'SIGSEGV');
    await assert.rejects(doomed, { code: 'document_crashed', message: /Opening x.*SIGSEGV/ });
    assert.equal(first.healthy, false);
    assert.equal((await second.request(open, call)).message.kind, 'opened');
    await pool.giveBack(first);
    const third = await pool.take();
    assert.notEqual(third.pid, first.pid);
    assert.equal((await third.request(open, call)).message.kind, 'opened');
  } finally {
    await pool.close();
  }
});

test('one process serves one document after the other', async () => {
  const pool = new DecoderPool({ decodersMax: 1, memoryBytesMax: 1024 * MEGABYTE, pixelsMax: 1e6 });
  try {
    const first = await pool.take();
    await pool.giveBack(first);
    const second = await pool.take();
    assert.equal(second.pid, first.pid);
    await second.kill();
    await pool.giveBack(second);
    assert.notEqual((await pool.take()).pid, first.pid);
  } finally {
    await pool.close();
  }
});

test('a PDF far larger than the memory of its pages is read in bounded memory', async () => {
  const [width, height, pages] = [3000, 4000, 24];
  const head = `<< /Type /XObject /Subtype /Image /Width ${width} /Height ${height} /BitsPerComponent 8 /ColorSpace /DeviceGray`;
  const image = (grey: number) =>
    Buffer.concat([
      Buffer.from(`${head} /Length ${width * height} >>\nstream\n`),
      Buffer.alloc(width * height, grey),
      Buffer.from('\nendstream'),
    ]);
  const numbers = Array.from({ length: pages }, (_, i) => i);
  const path = join(folder, 'scans.pdf');
  const bytes = pdfBytes(
    numbers.map((i) => ({
      content: 'q 612 0 0 792 0 0 cm /Im1 Do Q',
      entries: `/Resources << /XObject << /Im1 ${6 + i} 0 R >> >>`,
    })),
    { objects: numbers.map((i) => image(10 * i)) },
  );
  writeFileSync(path, bytes);
  const pool = new DecoderPool({ decodersMax: 1, memoryBytesMax: 1024 * MEGABYTE, pixelsMax: 1e6 });
  try {
    const decoder = await pool.take();
    const call = { what: 'x', msMax: 60_000 };
    await decoder.request({ kind: 'open', format: 'pdf', name: 'x', path, pixelsMax: 1e6, pageMsMax: 60_000 }, call);
    for (const index of numbers) {
      const { payload } = await decoder.request({ kind: 'page', index, dpi: 72, textLayer: false }, call);
      assert.equal(payload[payload.length >> 1], 10 * index, `page ${index}`);
    }
    assert.ok(bytes.length > 270 * MEGABYTE);
    assert.ok(decoder.peakBytes < 260 * MEGABYTE, `${decoder.peakBytes} bytes at most`);
  } finally {
    await pool.close();
  }
});

test('closing the intake ends what is under way', async () => {
  const closing = new DocumentIntake({ decodersMax: 1 });
  const document = await closing.open(GOOD);
  const waiting = closing.open(GOOD);
  const page = document.pages().next();
  await closing.close();
  await assert.rejects(waiting, { code: 'canceled' });
  await page.catch((error) => assert.equal((error as AppError).code, 'canceled'));
  await assert.rejects(closing.open(GOOD), { code: 'canceled' });
});
