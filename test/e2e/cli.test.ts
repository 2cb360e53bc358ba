/** The command line on a real recording, with real models from the cache. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { cacheHome } from '../../models/manifest/cache-home.ts';
import { runCli } from '../support/cli-process.ts';
import { PROJECT_ROOT } from '../support/project-files.ts';
import { cachedModel, pullHint } from '../support/ready-models.ts';
import { toneBytes, wavBytes } from '../support/wav-bytes.ts';

const SPEECH = join(PROJECT_ROOT, 'fixtures', 'audio', 'speech-en.ogg');
const noWhisper = (await cachedModel('whisper-base')) === null && pullHint;
const noLlm = noWhisper || ((await cachedModel('gemma-3-270m')) === null && pullHint);

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bytefuse-cli-'));
});
after(() => rm(folder, { recursive: true, force: true }));

test('speech becomes text on stdout, and nothing else does', { skip: noLlm }, async () => {
  const { status, stdout, stderr } = await runCli(['transcribe', SPEECH, '-l', 'en']);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^[A-Z][^\n]*fine today[^\n]*train leaves[^\n]*\n$/);
  assert.match(stderr, /6\.\d s of audio in .*real-time factor \d+\.\d\d, language en/);
});

test('--quiet says nothing on stderr', { skip: noWhisper }, async () => {
  const { status, stdout, stderr } = await runCli(['transcribe', SPEECH, '-q', '-r', '0']);
  assert.equal(status, 0);
  assert.notEqual(stdout, '');
  assert.equal(stderr, '');
});

test('a run writes nothing beside the cache: the runtime keeps and sends no record of its use', {
  skip: noWhisper,
}, async () => {
  const home = join(folder, 'home');
  await mkdir(home);
  const env = {
    BYTEFUSE_HOME: cacheHome(),
    HOME: home,
    TMPDIR: home,
    XDG_CACHE_HOME: undefined,
    ORT_DISABLE_TELEMETRY: undefined,
  };
  const { status, stderr } = await runCli(['transcribe', SPEECH, '-q', '-r', '0'], { env });
  assert.equal(status, 0, stderr);
  assert.deepEqual(await readdir(home), []);
});

test('all formats at once, into a folder that is made for them', { skip: noWhisper }, async () => {
  const out = join(folder, 'a', 'b');
  const formats = 'text,json,verbose_json,srt,vtt,tsv';
  const args = ['transcribe', SPEECH, '-r', '0', '-l', 'en', '-f', formats, '-o', out, '--word-timestamps'];
  const { status, stdout, stderr } = await runCli(args);
  assert.equal(status, 0, stderr);
  assert.equal(stdout, '');
  const names = ['txt', 'json', 'verbose.json', 'srt', 'vtt', 'tsv'].map((ending) => `speech-en.${ending}`).sort();
  assert.deepEqual((await readdir(out)).sort(), names);
  const read = (ending: string) => readFile(join(out, `speech-en.${ending}`), 'utf8');
  const verbose = JSON.parse(await read('verbose.json'));
  assert.equal(verbose.text, (await read('txt')).trim());
  assert.ok(Math.abs(verbose.duration - 6) < 0.5);
  assert.ok(verbose.words.length > 5);
  for (const { start, end } of verbose.words) assert.ok(start <= end && end <= verbose.duration + 0.01);
  assert.match(await read('srt'), /^1\n00:00:0\d,\d{3} --> 00:00:0\d,\d{3}\n/);
  assert.match(await read('vtt'), /^WEBVTT\n\n/);
});

test('audio from stdin gives the same text as from the file', { skip: noWhisper }, async () => {
  const args = ['-q', '-r', '0', '-l', 'en'];
  const [fromFile, fromStdin] = [
    await runCli(['transcribe', SPEECH, ...args]),
    await runCli(['transcribe', '-', ...args], { stdin: await readFile(SPEECH) }),
  ];
  assert.equal(fromStdin.status, 0, fromStdin.stderr);
  assert.equal(fromStdin.stdout, fromFile.stdout);
});

test('several files: texts under headings, in the order of the command line', { skip: noWhisper }, async () => {
  const { writeFile } = await import('node:fs/promises');
  const silence = join(folder, 'silence.wav');
  await writeFile(silence, wavBytes({ data: new Uint8Array(64_000) }));
  const { status, stdout } = await runCli(['transcribe', SPEECH, silence, '-q', '-r', '0', '-l', 'en', '-j', '2']);
  assert.equal(status, 0);
  const pattern = /^==> .*speech-en\.ogg <==\n[^\n]+\n==> .*silence\.wav <==\n$/;
  assert.match(stdout, pattern, 'silence has no text, and its heading stays');
});

test('Ctrl-C ends with 130 and leaves no file', { skip: noWhisper }, async () => {
  const { writeFile } = await import('node:fs/promises');
  const long = join(folder, 'long.wav');
  await writeFile(long, wavBytes({ data: toneBytes(300) }));
  const out = join(folder, 'interrupted');
  const { status, stdout, stderr } = await runCli(['transcribe', long, '-v', '-r', '0', '--no-vad', '-o', out], {
    interrupt: (text) => (text.includes('Ready after') ? 'SIGINT' : undefined),
  });
  assert.equal(status, 130, stderr);
  assert.equal(stdout, '');
  assert.deepEqual(await readdir(out), []);
});

test('--explain shows both readings and both scores, or says that nothing changed', { skip: noLlm }, async () => {
  const { status, stderr } = await runCli(['transcribe', SPEECH, '-l', 'en', '--llm-weight', '0.4', '--explain']);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /the language model changed (nothing|the outcome in)/);
  if (/changed the outcome/.test(stderr)) {
    assert.match(stderr, /recognized +".*" +recognizer +-?\d+\.\d\d +language model +-?\d+\.\d\d/);
    assert.match(stderr, /chosen +".*" +recognizer +-?\d+\.\d\d +language model +-?\d+\.\d\d/);
  }
});
