/** The official clients against our service, unchanged; and the examples of the documentation, as they stand there. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { pdfBytes } from '../support/pdf-bytes.ts';
import { PROJECT_ROOT, readProjectFile } from '../support/project-files.ts';
import { toyServer } from '../support/toy-server.ts';
import { toyWav } from '../support/toy-service.ts';

const WAV = toyWav(3);
const file = () => toFile(WAV, 'speech.wav');

test('the npm client transcribes in every format', async (t) => {
  const { url, log } = await toyServer(t);
  const client = new OpenAI({ apiKey: 'none', baseURL: `${url}/v1`, maxRetries: 0 });
  const model = 'whisper-1';
  const json = await client.audio.transcriptions.create({ file: await file(), model });
  assert.equal(json.text, 'w0 w1 w2');
  const verbose = await client.audio.transcriptions.create({
    file: await file(),
    model,
    response_format: 'verbose_json',
    timestamp_granularities: ['word', 'segment'],
    language: 'en',
    prompt: 'Hello.',
    temperature: 0,
  });
  assert.equal(verbose.segments?.length, 3);
  assert.equal(verbose.words?.[2]?.word, 'w2');
  for (const [format, start] of [
    ['text', 'w0 w1 w2'],
    ['srt', '1\n00:00:00,000'],
    ['vtt', 'WEBVTT'],
  ] as const) {
    const text: unknown = await client.audio.transcriptions.create({
      file: await file(),
      model,
      response_format: format,
    });
    assert.ok(String(text).startsWith(start), String(text));
  }
  const translated = await client.audio.translations.create({ file: await file(), model });
  assert.equal(translated.text, 'w0 w1 w2');
  assert.equal(log.options.at(-1)!.task, 'translate');
});

test('the npm client streams', async (t) => {
  const { url } = await toyServer(t);
  const client = new OpenAI({ apiKey: 'none', baseURL: `${url}/v1`, maxRetries: 0 });
  const stream = await client.audio.transcriptions.create({
    file: await file(),
    model: 'whisper-1',
    stream: true,
    include: ['logprobs'],
    chunking_strategy: { type: 'server_vad' },
  });
  let text = '';
  let last = '';
  for await (const event of stream) {
    last = event.type;
    if (event.type === 'transcript.text.delta') text += event.delta;
    if (event.type === 'transcript.text.done') assert.equal(event.text, text);
  }
  assert.equal(last, 'transcript.text.done');
  assert.equal(text, 'w0 w1 w2');
});

test('the npm client understands refusals and tries again where that helps', async (t) => {
  const { url, door } = await toyServer(t, { loading: true });
  const once = new OpenAI({ apiKey: 'none', baseURL: `${url}/v1`, maxRetries: 0 });
  const refused = once.audio.transcriptions.create({ file: await file(), model: 'whisper-1' });
  await assert.rejects(refused, (error) => error instanceof OpenAI.APIError && error.status === 503);
  const { bytefuse } = await toyServer(t);
  door.ready(bytefuse);
  const wrong = once.audio.transcriptions.create({ file: await file(), model: 'gpt-9' });
  await assert.rejects(wrong, (error) => {
    return error instanceof OpenAI.NotFoundError && error.code === 'model_unknown' && error.param === 'model';
  });
  const models = await once.models.list();
  assert.ok(models.data.some(({ id }) => id === 'whisper-1'));
});

test('a failure within a stream reaches the npm client as an error', async (t) => {
  const { url } = await toyServer(t, {
    beforeUnit: (index) => (index === 1 ? Promise.reject(new Error('x')) : undefined),
  });
  const client = new OpenAI({ apiKey: 'none', baseURL: `${url}/v1`, maxRetries: 0 });
  const stream = await client.audio.transcriptions.create({ file: await file(), model: 'whisper-1', stream: true });
  await assert.rejects(
    async () => {
      for await (const _ of stream);
    },
    (error) => error instanceof OpenAI.APIError && error.code === 'internal',
  );
});

const PYTHON = `
import sys, io, json
from openai import OpenAI, NotFoundError
client = OpenAI(api_key="none", base_url=sys.argv[1] + "/v1", max_retries=0)
speech = lambda: ("speech.wav", open(sys.argv[2], "rb"))
out = {"json": client.audio.transcriptions.create(file=speech(), model="whisper-1").text}
verbose = client.audio.transcriptions.create(file=speech(), model="whisper-1", response_format="verbose_json", timestamp_granularities=["word"])
out["words"] = [word.word for word in verbose.words]
out["srt"] = client.audio.transcriptions.create(file=speech(), model="whisper-1", response_format="srt")
events = list(client.audio.transcriptions.create(file=speech(), model="whisper-1", stream=True))
out["stream"] = ["".join(e.delta for e in events if e.type == "transcript.text.delta"), events[-1].type]
try:
    client.audio.transcriptions.create(file=speech(), model="gpt-9")
except NotFoundError as error:
    out["code"] = error.code
print(json.dumps(out))
`;

test('the Python client works unchanged', async (t) => {
  const python = process.env['BYTEFUSE_TEST_PYTHON'] ?? 'python3';
  const found = await run(python, ['-c', 'import openai']).catch(() => ({ status: 1 }));
  if (found.status !== 0) return t.skip('python3 has no openai package: pip install openai');
  const { url } = await toyServer(t);
  const folder = await temporary(t);
  await writeFile(join(folder, 'speech.wav'), WAV);
  const { status, stdout, stderr } = await run(python, ['-c', PYTHON, url, join(folder, 'speech.wav')]);
  assert.equal(status, 0, stderr);
  const out = JSON.parse(stdout);
  assert.equal(out.json, 'w0 w1 w2');
  assert.deepEqual(out.words, ['w0', 'w1', 'w2']);
  assert.match(out.srt, /^1\n00:00/);
  assert.deepEqual(out.stream, ['w0 w1 w2', 'transcript.text.done']);
  assert.equal(out.code, 'model_unknown');
});

/** Commands of fenced blocks that begin with curl. */
function curlExamples(): string[] {
  return ['README.md', 'docs/api.md'].flatMap((page) =>
    [...readProjectFile(page).matchAll(/^```sh\n([\s\S]*?)^```/gm)]
      .flatMap(([, block]) => block!.split('\n'))
      .filter((line) => line.startsWith('curl ')),
  );
}

test('the curl examples of the documentation run as they are written', async (t) => {
  if ((await run('curl', ['--version']).catch(() => ({ status: 1 }))).status !== 0)
    return t.skip('there is no curl here');
  const { url } = await toyServer(t);
  const folder = await temporary(t);
  await symlink(join(PROJECT_ROOT, 'fixtures'), join(folder, 'fixtures'));
  await writeFile(join(folder, 'scan.pdf'), pdfBytes([{ content: '' }, { content: '' }]));
  const examples = curlExamples();
  assert.ok(examples.length >= 8, String(examples.length));
  for (const example of new Set(examples)) {
    // The port is the one that the test was given; nothing else is changed.
    const command = example.replaceAll('http://127.0.0.1:8080', url);
    const { status, stdout, stderr } = await run('sh', ['-c', `${command} --fail-with-body`], folder);
    assert.equal(status, 0, `${example}\n${stdout}${stderr}`);
    if (!example.includes(' -o ')) assert.notEqual(stdout, '', example);
  }
});

async function temporary(t: { after: (undo: () => Promise<void>) => void }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bytefuse-clients-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function run(program: string, args: readonly string[], cwd?: string) {
  return new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const out = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      out.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      out.stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, ...out }));
  });
}
