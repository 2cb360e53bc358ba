import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { formRequest } from '../../../support/form-body.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { pdfBytes, textContent } from '../../../support/pdf-bytes.ts';
import { TOY_DOCUMENT } from '../../../support/toy-document.ts';
import { TOY_PNG, type ToyServiceOptions, toyService } from '../../../support/toy-service.ts';

const URL = '/v1/documents';
const headers = { host: 'localhost', 'content-type': 'image/png' };

async function post(query: string, options: ToyServiceOptions = {}, payload: Buffer = TOY_PNG) {
  const { app, log } = await toyService(options);
  const answer = await app.inject({ method: 'POST', url: `${URL}${query}`, headers, payload });
  await app.close();
  return { answer, log };
}

// A folder of its own: other tests leave theirs in the common one while they run.
const temporary = mkdtempSync(join(tmpdir(), 'bytefuse-test-'));
process.env['TMPDIR'] = temporary;
after(() => rmSync(temporary, { recursive: true, force: true }));
const temporaryFolders = () => readdirSync(temporary).length;

test('a raw body is read with options in the address; json is the answer unless told otherwise', async () => {
  const { answer, log } = await post(
    '?language=TR&pages=1-3,7,9-&dpi=300&text_layer=never&orient=false&llm_weight=0.5',
  );
  assert.equal(answer.statusCode, 200, answer.payload);
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
  assert.equal(answer.headers['content-length'], String(Buffer.byteLength(answer.payload)));
  assert.equal(answer.json().pages.length, 2);
  const { language, pages, dpi, textLayer, orient, llmWeight } = log.reads[0]!;
  assert.deepEqual([language, dpi, textLayer, orient, llmWeight], ['tr', 300, 'never', false, 0.5]);
  assert.deepEqual(pages, [
    [1, 3],
    [7, 7],
    [9, 2 ** 31 - 1],
  ]);
});

test('a form does the same', async () => {
  const { app, log } = await toyService();
  const fields = { format: 'text', fields: '[{"name":"total","box":[0,0,1,1],"format":"amount"}]' };
  const answer = await app.inject(formRequest(URL, TOY_PNG, fields));
  assert.equal(answer.statusCode, 200, answer.payload);
  assert.match(answer.payload, /Başlık/);
  assert.equal(log.reads[0]!.fields![0]!.name, 'total');
});

test('each format comes with its type', async () => {
  const cases = [
    ['text', 'text/plain; charset=utf-8', 'Başlık'],
    ['markdown', 'text/markdown; charset=utf-8', '## Başlık'],
    ['json', 'application/json; charset=utf-8', '{"source"'],
    ['hocr', 'text/html; charset=utf-8', '<?xml'],
    ['alto', 'application/xml; charset=utf-8', '<?xml'],
    ['tsv', 'text/tab-separated-values; charset=utf-8', 'level\t'],
    ['pdf', 'application/pdf', '%PDF-'],
  ] as const;
  for (const [format, type, start] of cases) {
    const { answer } = await post(`?format=${format}`);
    assert.equal(answer.statusCode, 200, answer.payload);
    assert.equal(answer.headers['content-type'], type);
    assert.ok(answer.payload.startsWith(start), `${format}: ${answer.payload.slice(0, 60)}`);
    // hOCR is HTML: nothing in it may run.
    assert.match(String(answer.headers['content-security-policy']), /default-src 'none'/);
  }
});

test('a stream gives a page per event and ends with done', async () => {
  for (const format of ['json', 'text', 'markdown']) {
    const { answer } = await post(`?stream=true&format=${format}`);
    assert.equal(answer.headers['content-type'], 'text/event-stream; charset=utf-8');
    const events = answer.payload
      .trim()
      .split('\n\n')
      .map((block) => JSON.parse(block.slice('data: '.length)));
    assert.deepEqual(
      events.map(({ type }) => type),
      ['document.page', 'document.page', 'document.done'],
    );
    assert.equal(events[2].pages, 2);
    if (format === 'json') assert.equal(events[1].page.number, 2);
    else assert.match(events[1].text, /你好/);
  }
});

test('what is not supported is refused and named', async () => {
  for (const [query, code, param] of [
    ['?stream=true&format=pdf', 'unsupported_parameter', 'stream'],
    ['?colour=red', 'unsupported_parameter', 'colour'],
    ['?format=docx', 'invalid_option', 'format'],
    ['?pages=3-1', 'invalid_option', 'pages'],
    ['?pages=0', 'invalid_option', 'pages'],
    ['?dpi=9999', 'invalid_option', 'dpi'],
    ['?fields=nonsense', 'invalid_option', 'fields'],
    ['?fields=[{}]', 'invalid_option', 'fields'],
    ['?model=other', 'model_unknown', 'model'],
  ] as const) {
    const { answer, log } = await post(query);
    assert.deepEqual([answer.json().error.code, answer.json().error.param], [code, param], query);
    assert.equal(log.reads.length, 0);
  }
});

test('content decides: a picture by name that is none is refused', async () => {
  const { answer } = await post('', {}, Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'));
  assert.equal(answer.statusCode, 415);
  const { answer: empty } = await post('', {}, Buffer.alloc(0));
  assert.equal(empty.json().error.code, 'file_empty');
});

test('bodies that are something else than a document are refused by their type', async () => {
  const { app } = await toyService();
  for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain; charset=utf-8']) {
    const answer = await app.inject({
      method: 'POST',
      url: URL,
      headers: { ...headers, 'content-type': type },
      payload: '{}',
    });
    assert.equal(answer.statusCode, 415, type);
  }
});

test('bytes of a raw body: n is taken, n + 1 is not', async () => {
  const of = async (uploadBytesMax: number) => (await post('', { limits: { uploadBytesMax } })).answer.statusCode;
  assert.deepEqual([await of(TOY_PNG.length), await of(TOY_PNG.length - 1)], [200, 413]);
});

test('bytes of a PDF that is written anew: n are taken, n + 1 are not', async () => {
  const pdf = Buffer.from(pdfBytes([{ content: textContent(['a']) }]));
  const of = async (overlayBytesMax: number, query: string) => {
    const { answer } = await post(query, { limits: { overlayBytesMax }, pages: TOY_DOCUMENT.pages.slice(0, 1) }, pdf);
    return [answer.statusCode, answer.statusCode === 200 ? null : answer.json().error.param];
  };
  assert.deepEqual(await of(pdf.length, '?format=pdf'), [200, null]);
  assert.deepEqual(await of(pdf.length - 1, '?format=pdf'), [413, 'format']);
  assert.deepEqual(await of(pdf.length - 1, '?format=text'), [200, null]);
});

test('bounds of pages and pixels reach the intake', async () => {
  const { log } = await post('', { limits: { pagesMax: 7, pixelsMax: 1234, uploadBytesMax: 5000 } });
  assert.deepEqual(log.reads[0]!.limits, { pagesMax: 7, pixelsMax: 1234, bytesMax: 5000 });
});

test('a key has so many pixels an hour', async () => {
  const key = {
    id: 'k',
    name: '',
    hash: '',
    scopes: ['read' as const],
    limits: { pixelsPerHour: 80 * 60 * 3 },
    createdAt: '',
  };
  const { app } = await toyService({
    clock: new ManualClock(),
    parts: { keys: { find: async () => key, holds: async () => true } },
  });
  const of = () =>
    app.inject({ method: 'POST', url: URL, headers: { ...headers, 'x-api-key': 'k' }, payload: TOY_PNG });
  assert.equal((await of()).statusCode, 200);
  const over = await of();
  assert.deepEqual([over.statusCode, over.json().error.code], [429, 'rate_limited']);
});

test('a failure before the first page has its status; one after it is the last event', async () => {
  const failAt = (page: number) => ({
    beforePage: (index: number) => (index === page ? Promise.reject(new Error('broken')) : undefined),
  });
  assert.equal((await post('?stream=true', failAt(0))).answer.statusCode, 500);
  const { answer } = await post('?stream=true', failAt(1));
  assert.equal(answer.statusCode, 200);
  assert.match(answer.payload, /"type":"error","error":\{.*"code":"internal"\}\}\n\n$/);
});

test('nothing of a document stays on the disk, whatever became of it', async () => {
  const before = temporaryFolders();
  await post('?format=text');
  await post('?format=pdf');
  await post('?stream=true');
  await post('?format=docx');
  await post('', { beforePage: () => Promise.reject(new Error('broken')) });
  await post('', {}, Buffer.from('nonsense'));
  assert.equal(temporaryFolders(), before);
});
