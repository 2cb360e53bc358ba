/** Documents through the real intake: its processes, its limits. The page recognizer is a toy that finds nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { bytefuseOver } from '../../services/app/bytefuse.ts';
import type { ServiceLimits } from '../../services/server/config.ts';
import { pdfBytes, textContent } from '../support/pdf-bytes.ts';
import { TOY_READ_OPTIONS, ToyPageRecognizer, toyPageSearch } from '../support/toy-pages.ts';
import { toyServer } from '../support/toy-server.ts';
import { TOY_FACTS } from '../support/toy-service.ts';

/** Black pages, as the toy reads them, have no text. */
function emptyReader() {
  const recognizer = new ToyPageRecognizer();
  return bytefuseOver({
    facts: TOY_FACTS,
    transcribe: () => Promise.reject(new Error('no speech here')),
    listen: () => {
      throw new Error('no speech here');
    },
    async *read(images, _, { signal }) {
      let index = 0;
      for await (const image of images) {
        const unit = await recognizer.read(image, index++, TOY_READ_OPTIONS, signal);
        const { language, stats, warnings } = await toyPageSearch(unit, signal);
        yield { page: unit, lines: [], language, stats, warnings, searchMs: 0 };
      }
    },
    close: async () => {},
  });
}

async function service(t: { after: (undo: () => unknown) => void }, limits: Partial<ServiceLimits> = {}) {
  const bytefuse = emptyReader();
  const { url, door } = await toyServer(t, { limits, loading: true });
  t.after(() => bytefuse.close());
  door.ready(bytefuse);
  return (body: Uint8Array, query = '') => fetch(`${url}/v1/documents${query}`, { method: 'POST', body });
}

const LINES = ['The quick brown fox jumps over the lazy dog.', 'Pack my box with five dozen liquor jugs.'];
const PDF = pdfBytes([{ content: textContent(LINES) }, { content: textContent(LINES) }]);

const code = async (answer: Response) => ((await answer.json()) as { error: { code: string } }).error.code;

test('a PDF with sound text of its own is taken as it is, in every form', async (t) => {
  const post = await service(t);
  const text = await (await post(PDF, '?format=text')).text();
  assert.equal(text.match(/quick brown fox/g)?.length, 2, text);
  const pdf = Buffer.from(await (await post(PDF, '?format=pdf')).arrayBuffer());
  assert.ok(pdf.includes('%PDF-') && pdf.includes('%%EOF'));
  const stream = await (await post(PDF, '?stream=true&pages=2')).text();
  assert.match(stream, /"number":2/);
  assert.match(stream, /"type":"document\.done","pages":1/);
});

test('pages of a request: n are taken, n + 1 are not', async (t) => {
  assert.equal((await (await service(t, { pagesMax: 2 }))(PDF)).status, 200);
  const over = await (await service(t, { pagesMax: 1 }))(PDF);
  assert.equal(over.status, 413);
  assert.equal(await code(over), 'document_too_many_pages');
  assert.equal((await (await service(t, { pagesMax: 1 }))(PDF, '?pages=2')).status, 200);
});

test('pixels of a page: n are taken, n + 1 are not', async (t) => {
  const png = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#000' } })
    .png()
    .toBuffer();
  assert.equal((await (await service(t, { pixelsMax: 1200 }))(png)).status, 200);
  const over = await (await service(t, { pixelsMax: 1199 }))(png);
  assert.equal(over.status, 413);
  assert.equal(await code(over), 'image_too_large');
});

test('a document that is broken inside fails alone', async (t) => {
  const post = await service(t);
  const broken = await post(PDF.slice(0, 60));
  assert.ok([400, 422].includes(broken.status), String(broken.status));
  assert.equal((await post(PDF)).status, 200);
});
