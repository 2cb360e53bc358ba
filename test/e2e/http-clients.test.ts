/** The official clients against our service, unchanged; and the examples of the documentation, as they stand there. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { readTlsIdentity } from '../../services/server/tls-identity.ts';
import { certificateFiles } from '../support/certificate.ts';
import { pdfBytes } from '../support/pdf-bytes.ts';
import { PROJECT_ROOT, readProjectFile } from '../support/project-files.ts';
import { pythonWith } from '../support/python.ts';
import { pcm16 } from '../support/toy-listener.ts';
import { toyServer, toyServerProcess } from '../support/toy-server.ts';
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

const PYTHON_CLIENT = pythonWith('openai', 'websockets');
const withPython =
  PYTHON_CLIENT === null ? { skip: 'no Python with openai and websockets (BYTEFUSE_TEST_PYTHON)' } : {};

for (const scheme of ['http', 'https'] as const) {
  test(`the Python client works unchanged over ${scheme}`, withPython, async (t) => {
    const files = await certificateFiles(t);
    const { url } = await toyServer(t, { parts: { tls: scheme === 'https' ? await readTlsIdentity(files) : null } });
    const speech = join(await temporary(t), 'speech.wav');
    await writeFile(speech, WAV);
    const env = { SSL_CERT_FILE: files.certPath };
    const { status, stdout, stderr } = await run(PYTHON_CLIENT!, ['-c', PYTHON, url, speech], { env });
    assert.equal(status, 0, stderr);
    const out = JSON.parse(stdout);
    assert.equal(out.json, 'w0 w1 w2');
    assert.deepEqual(out.words, ['w0', 'w1', 'w2']);
    assert.match(out.srt, /^1\n00:00/);
    assert.deepEqual(out.stream, ['w0 w1 w2', 'transcript.text.done']);
    assert.equal(out.code, 'model_unknown');
  });
}

/** As its users write it: the environment says where the service is. Arguments: raw PCM16, and a base URL of WebSockets, or none. */
const PYTHON_REALTIME = `
import asyncio, base64, json, sys
from openai import AsyncOpenAI
async def main(pcm, *websocket_base_url):
    client = AsyncOpenAI(**dict(zip(["websocket_base_url"], websocket_base_url)))
    deltas = []
    async with client.realtime.connect(model="whisper-1") as connection:
        await connection.session.update(session={"type": "transcription", "audio": {"input": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "transcription": {"model": "whisper-1", "language": "en"},
            "turn_detection": {"type": "server_vad", "silence_duration_ms": 300}}}})
        await connection.input_audio_buffer.append(audio=base64.b64encode(open(pcm, "rb").read()).decode())
        async for event in connection:
            if event.type == "conversation.item.input_audio_transcription.delta":
                deltas.append(event.delta)
            if event.type == "conversation.item.input_audio_transcription.completed":
                return print(json.dumps({"transcript": event.transcript, "deltas": "".join(deltas)}))
            if event.type == "error":
                sys.exit(event.error.message)
asyncio.run(main(*sys.argv[1:]))
`;

for (const scheme of ['http', 'https'] as const) {
  test(`the Python client’s realtime connection works unchanged over ${scheme}`, withPython, async (t) => {
    const tls = await certificateFiles(t);
    const { url } = await toyServerProcess(t, scheme === 'https' ? { tls } : {});
    const pcm = join(await temporary(t), 'speech.pcm');
    await writeFile(pcm, pcm16([1.1, -0.4], 24_000));
    const sockets = `${url.replace('http', 'ws')}/v1`;
    for (const [base, ...given] of [[`${url}/v1`], ['http://nowhere.invalid/v1', sockets]] as const) {
      const env = { OPENAI_API_KEY: 'any', OPENAI_BASE_URL: base, SSL_CERT_FILE: tls.certPath };
      const { status, stdout, stderr } = await run(PYTHON_CLIENT!, ['-c', PYTHON_REALTIME, pcm, ...given], { env });
      assert.equal(status, 0, stderr);
      assert.deepEqual(JSON.parse(stdout), { transcript: 'w0 w1 w2 w3 W4', deltas: 'w0 w1 w2 w3 W4' });
    }
  });
}

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
    const { status, stdout, stderr } = await run('sh', ['-c', `${command} --fail-with-body`], { cwd: folder });
    assert.equal(status, 0, `${example}\n${stdout}${stderr}`);
    if (!example.includes(' -o ')) assert.notEqual(stdout, '', example);
  }
});

async function temporary(t: { after: (undo: () => Promise<void>) => void }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bytefuse-clients-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function run(program: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  return new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    const env = { ...process.env, ...options.env };
    const child = spawn(program, args, { ...options, env, stdio: ['ignore', 'pipe', 'pipe'] });
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
