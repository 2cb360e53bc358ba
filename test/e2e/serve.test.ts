/** `bytefuse serve` as a user runs it: real models, a real client, signals. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import OpenAI from 'openai';
import { runCli } from '../support/cli-process.ts';
import { pdfBytes, textContent } from '../support/pdf-bytes.ts';
import { PROJECT_ROOT } from '../support/project-files.ts';
import { cachedModel, pullHint } from '../support/ready-models.ts';
import { served } from '../support/served.ts';

const ready = (await cachedModel('whisper-base')) !== null && (await cachedModel('gemma-3-270m')) !== null;
const SPEECH = join(PROJECT_ROOT, 'fixtures', 'audio', 'speech-en.ogg');

test('the service transcribes a real recording in every form, and ends when it is told to', {
  skip: !ready && pullHint,
}, async (t) => {
  const { child, url, out } = await served(t, ['--no-ocr']);
  const client = new OpenAI({ apiKey: 'none', baseURL: `${url}/v1`, maxRetries: 0 });
  const file = () => createReadStream(SPEECH);
  const verbose = await client.audio.transcriptions.create({
    file: file(),
    model: 'whisper-1',
    language: 'en',
    response_format: 'verbose_json',
    timestamp_granularities: ['word', 'segment'],
  });
  assert.match(verbose.text, /train leaves/i);
  assert.ok(verbose.words!.length > 5);
  const stream = await client.audio.transcriptions.create({
    file: file(),
    model: 'whisper-1',
    language: 'en',
    stream: true,
    include: ['logprobs'],
  });
  let text = '';
  for await (const event of stream) {
    if (event.type === 'transcript.text.delta') text += event.delta;
    if (event.type !== 'transcript.text.done') continue;
    assert.equal(event.text, text);
    // The tokens spell the text that they belong to.
    assert.equal(
      event
        .logprobs!.map(({ token }) => token)
        .join('')
        .trim(),
      text,
    );
    assert.ok(event.logprobs!.every(({ logprob }) => logprob! <= 0));
  }
  assert.equal(text, verbose.text);
  const page = await fetch(`${url}/`);
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
  assert.match(await page.text(), /<script[^>]+src="\/web\//);
  const { models } = (await (await fetch(`${url}/readyz`)).json()) as { models: Record<string, unknown> };
  assert.deepEqual([models['recognizer'], models['llm'], models['device']], ['whisper-base', 'gemma-3-270m', 'cpu']);
  assert.deepEqual(models['providers'], { recognizer: ['cpu'], llm: ['cpu'] });
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'close'), [143, null]);
  const lines = out.log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(lines.filter(({ msg, status }) => msg === 'request' && status === 200).length, 4);
  assert.ok(!out.log.includes('train'), 'the log holds text');
});

test('the service reads documents, and without speech it says so', {
  skip: (await cachedModel('pp-ocrv6')) === null && pullHint,
}, async (t) => {
  const { url } = await served(t, ['--no-speech', '--llm', 'none']);
  const body = pdfBytes([{ content: textContent(['The quick brown fox jumps over the lazy dog.']) }]);
  const answer = await fetch(`${url}/v1/documents?format=text&text_layer=never`, { method: 'POST', body });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  assert.match(text, /quick brown fox/);
  const form = new FormData();
  form.set('file', new Blob([body]), 'a.pdf');
  const speech = await fetch(`${url}/v1/audio/transcriptions`, { method: 'POST', body: form });
  assert.equal(speech.status, 400);
});

test('keys are made and taken back; beyond this machine none means no service', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'bytefuse-serve-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const env = { BYTEFUSE_KEYS: join(folder, 'keys.json') };
  const refused = await runCli(['serve', '--host', '0.0.0.0', '--port', '0'], { env });
  assert.equal(refused.status, 2, refused.stderr);
  assert.match(refused.stderr, /needs keys.*bytefuse keys add/);
  const added = await runCli(['keys', 'add', 'phone', '--scopes', 'transcribe', '--rate-audio', '7200'], { env });
  assert.match(added.stdout, /^bf_[\w-]{43}\n$/);
  const listed = await runCli(['keys', 'list'], { env });
  assert.match(listed.stdout, /^[0-9a-f]{8}\t\d{4}-\d\d-\d\d\ttranscribe\taudioSecondsPerHour=7200\tphone\n$/);
  assert.ok(!listed.stdout.includes(added.stdout.trim()));
  const revoked = await runCli(['keys', 'revoke', listed.stdout.split('\t')[0]!], { env });
  assert.equal(revoked.status, 0);
  assert.equal((await runCli(['keys', 'list'], { env })).stdout, '');
});

test('a port that is taken is told before any model is loaded', async (t) => {
  const { createServer } = await import('node:net');
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  t.after(() => holder.close());
  const { port } = holder.address() as { port: number };
  const { status, stderr } = await runCli(['serve', '--port', String(port)]);
  assert.equal(status, 5, stderr);
  assert.match(stderr, /address_unusable/);
});
