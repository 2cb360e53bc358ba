/**
 * Every kind of bad input gets a message with a code, an exit status that is not 0, nothing on stdout, and leaves nothing
 * half written. Most cases must be told before any model is loaded, so they run with an empty cache and no network.
 */
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, open, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ERRORS, type ErrorCode } from '../../models/core/app-error.ts';
import { type CliOptions, runCli } from '../support/cli-process.ts';
import { PROJECT_ROOT } from '../support/project-files.ts';
import { cachedModel, pullHint } from '../support/ready-models.ts';
import { toneBytes, wavBytes } from '../support/wav-bytes.ts';

const fixture = (name: string) => readFile(join(PROJECT_ROOT, 'fixtures', 'audio', name));

let folder = '';
let noModels: CliOptions = {};
const noWhisper = (await cachedModel('whisper-base')) === null && pullHint;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bytefuse-bad-'));
  noModels = { cwd: folder, env: { BYTEFUSE_HOME: join(folder, 'cache'), BYTEFUSE_OFFLINE: '1' } };
});
after(() => rm(folder, { recursive: true, force: true }));

/** Runs `transcribe` with an output folder; checks everything that every failure has in common. */
async function fails(code: ErrorCode, args: readonly string[], options: CliOptions = noModels): Promise<string> {
  const out = join(folder, 'out');
  await rm(out, { recursive: true, force: true });
  const result = await runCli(['transcribe', ...args, '-o', out, '-f', 'text,srt'], { cwd: folder, ...options });
  assert.match(result.stderr, new RegExp(`\\[${code}\\]\n {2}\\S`), `wanted ${code}, got: ${result.stderr}`);
  assert.equal(result.status, ERRORS[code].exit, result.stderr);
  assert.equal(result.stdout, '');
  assert.doesNotMatch(result.stderr, /\n\s+at .*:\d+/, 'a stack is shown');
  assert.deepEqual(await readdir(out).catch(() => []), [], 'something was written');
  return result.stderr;
}

async function file(name: string, bytes: Uint8Array | string): Promise<string> {
  await writeFile(join(folder, name), bytes);
  return name;
}

test('a path that is not there, a folder, an empty file', async () => {
  assert.match(await fails('file_not_found', ['nowhere.wav']), /nowhere\.wav/);
  await mkdir(join(folder, 'folder.wav'));
  await fails('file_is_directory', ['folder.wav']);
  await fails('file_empty', [await file('empty.wav', '')]);
  await symlink('nowhere.wav', join(folder, 'dangling.wav'));
  await fails('file_not_found', ['dangling.wav']);
});

test('a file that we may not read', async (t) => {
  if (process.getuid?.() === 0) return t.skip('root may read everything');
  await chmod(join(folder, await file('secret.wav', wavBytes({ data: toneBytes(1) }))), 0o000);
  await fails('file_unreadable', ['secret.wav']);
});

test('what is not audio, whatever its name says', async () => {
  await fails('audio_unrecognized', [await file('text.wav', 'These are words, not samples.\n')]);
  await fails('audio_unrecognized', [
    await file('noise.mp3', Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * i * 31) & 127))),
  ]);
  await fails('audio_unrecognized', [await file('page.flac', '<!doctype html><html><body>Not found</body></html>')]);
  await fails('audio_unrecognized', [await file('one-byte.ogg', 'O')]);
  await fails('audio_unrecognized', [
    await file('picture.wav', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')),
  ]);
});

test('WAV headers that cannot be', async () => {
  const data = toneBytes(0.5);
  await fails('audio_corrupt', [await file('no-channels.wav', wavBytes({ channels: 0, data }))]);
  await fails('audio_corrupt', [await file('no-rate.wav', wavBytes({ rateHz: 0, data }))]);
  const oneBit = await runCli(['transcribe', await file('one-bit.wav', wavBytes({ bits: 1, data }))], noModels);
  assert.match(oneBit.stderr, /\[audio_(unsupported|corrupt)\]/);
  assert.equal(oneBit.status, 3);
  await fails('audio_unsupported', [await file('codec.wav', wavBytes({ tag: 0x0161, data }))]);
  await fails('audio_empty', [await file('no-samples.wav', wavBytes())]);
});

test('a header that promises more than there is', async () => {
  const bytes = wavBytes({ data: toneBytes(1), declaredBytes: 320_000 });
  const stderr = await fails('audio_truncated', [await file('cut.wav', bytes)]);
  assert.match(stderr, /--allow-truncated/);
});

test('a recording of thirteen hours is refused by its header', async () => {
  const bytes = 13 * 3600 * 16_000 * 2;
  const handle = await open(join(folder, 'long.wav'), 'w');
  await handle.write(wavBytes({ declaredBytes: bytes }));
  // A hole: takes no room on the disk.
  await handle.truncate(44 + bytes);
  await handle.close();
  await fails('audio_too_long', ['long.wav']);
  await fails('audio_too_long', [await file('two.wav', wavBytes({ data: toneBytes(2) })), '--max-seconds', '1']);
});

test('AAC without an ffmpeg', async () => {
  const env = { ...noModels.env, PATH: folder };
  await fails('ffmpeg_missing', [await file('a.m4a', await fixture('sample.m4a'))], { ...noModels, env });
});

test('options out of range, unknown options and commands', async () => {
  const good = await file('good.wav', wavBytes({ data: toneBytes(1) }));
  await fails('invalid_option', [good, '--beams', '17']);
  await fails('invalid_option', [good, '--llm-weight', '2']);
  await fails('invalid_option', [good, '-f', 'docx']);
  await fails('usage', [good, '--bemas', '3']);
  await fails('usage', []);
  const unknown = await runCli(['transcrib', good], noModels);
  assert.deepEqual([unknown.status, unknown.stdout], [2, '']);
  assert.match(unknown.stderr, /\[usage\]/);
});

test('no models and no network', async () => {
  const good = await file('good.wav', wavBytes({ data: toneBytes(1) }));
  await fails('source_offline', [good]);
  await fails('model_unknown', [good, '--model', 'whisper-gigantic']);
  await fails('model_format', [good, '--model', 'gemma-3-270m']);
});

test('a network that does not answer, and no Python', async () => {
  const good = await file('good.wav', wavBytes({ data: toneBytes(1) }));
  // Port 9 of this machine: nobody listens there.
  const dead = { HF_ENDPOINT: 'http://127.0.0.1:9', PATH: folder, BYTEFUSE_OFFLINE: undefined };
  const result = await runCli(['transcribe', good], { ...noModels, env: { ...noModels.env, ...dead } });
  assert.equal(result.status, 4, result.stderr);
  assert.match(result.stderr, /\[(source_unavailable|python_missing)\]/);
});

test('a cache folder that cannot be made', async () => {
  const good = await file('good.wav', wavBytes({ data: toneBytes(1) }));
  const blocked = join(folder, await file('a-file', 'x'), 'cache');
  await fails('cache_unwritable', [good], { env: { BYTEFUSE_HOME: blocked, BYTEFUSE_OFFLINE: '1' } });
});

test('output files that are in the way are told before any work', async () => {
  const good = await file('good.wav', wavBytes({ data: toneBytes(1) }));
  await mkdir(join(folder, 'kept'), { recursive: true });
  await file('kept/good.txt', 'mine');
  const result = await runCli(['transcribe', good, '-o', 'kept'], noModels);
  assert.equal(result.status, ERRORS.output_exists.exit);
  assert.match(result.stderr, /\[output_exists\]/);
  assert.equal(await readFile(join(folder, 'kept', 'good.txt'), 'utf8'), 'mine');
  const blocked = await runCli(['transcribe', good, '-o', 'good.wav/out'], noModels);
  assert.match(blocked.stderr, /\[output_unwritable\]/);
});

test('files whose damage shows only on the way', { skip: noWhisper }, async () => {
  const flac = await fixture('sample.flac');
  await file('cut.flac', flac.subarray(0, flac.length * 0.6));
  const options = { cwd: folder };
  await fails('audio_truncated', ['cut.flac', '--llm', 'none'], options);
  const mp3 = Buffer.from(await fixture('sample.mp3'));
  mp3.fill(0x55, 600);
  await file('damaged.mp3', mp3);
  const damaged = await runCli(['transcribe', 'damaged.mp3', '--llm', 'none'], options);
  assert.equal(damaged.status, 3, damaged.stderr);
  assert.match(damaged.stderr, /\[audio_\w+\]/);
  assert.equal(damaged.stdout, '');
});

test('a truncated file is transcribed when that is asked for, and the result says so', {
  skip: noWhisper,
}, async () => {
  const flac = await fixture('sample-16k-mono.flac');
  await file('cut16.flac', flac.subarray(0, flac.length * 0.6));
  const args = ['transcribe', 'cut16.flac', '--llm', 'none', '--allow-truncated', '-f', 'verbose_json'];
  const result = await runCli(args, { cwd: folder });
  assert.equal(result.status, 0, result.stderr);
  assert.deepEqual(
    JSON.parse(result.stdout).warnings.map(({ code }: { code: string }) => code),
    ['audio_truncated'],
  );
});

test('a language that the model does not know', { skip: noWhisper }, async () => {
  const good = await file('good.wav', wavBytes({ data: toneBytes(1) }));
  await fails('unknown_language', [good, '-l', 'klingon', '--llm', 'none'], { cwd: folder });
});

test('a bad file among good ones: the others are transcribed, and the status is its own', {
  skip: noWhisper,
}, async () => {
  await file('speech.ogg', await fixture('speech-en.ogg'));
  await file('empty.wav', '');
  const out = join(folder, 'mixed');
  const args = ['transcribe', 'empty.wav', 'speech.ogg', 'nowhere.wav', '--llm', 'none', '-o', out];
  const result = await runCli(args, { cwd: folder });
  assert.equal(result.status, 3);
  assert.match(result.stderr, /\[file_empty\]/);
  assert.match(result.stderr, /\[file_not_found\]/);
  assert.match(result.stderr, /1 of 3 recordings transcribed, 2 failed/);
  assert.deepEqual(await readdir(out), ['speech.txt']);
});

test('a deadline that passes', { skip: noWhisper }, async () => {
  await file('tone.wav', wavBytes({ data: toneBytes(120) }));
  await fails('deadline_exceeded', ['tone.wav', '--llm', 'none', '--no-vad', '--deadline', '0.2'], { cwd: folder });
});
