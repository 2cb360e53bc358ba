import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import { outputPath, prepareOutputs, writeOutputs, writeTogether } from '../../../../services/output/output-files.ts';
import { segment, transcript } from '../../../support/toy-transcript.ts';

const result = transcript([segment(0, 1, ' Hello.')]);
const code = (wanted: string) => (error: unknown) => error instanceof AppError && error.code === wanted;

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bytefuse-output-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('results are named after their input, without its ending', () => {
  assert.equal(outputPath('out', 'in/talk.part1.wav', '.srt'), join('out', 'talk.part1.srt'));
  assert.equal(outputPath('out', '-', '.txt'), join('out', 'stdin.txt'));
  assert.equal(outputPath('out', '.wav', '.txt'), join('out', '.wav.txt'));
});

test('all formats are written, and nothing else stays in the folder', async (t) => {
  const folder = join(await folderFor(t), 'deep', 'out');
  await prepareOutputs(folder, ['talk.wav'], ['.txt', '.vtt'], false);
  const paths = await writeOutputs(folder, 'talk.wav', result, ['text', 'vtt'], false);
  assert.deepEqual(paths, [join(folder, 'talk.txt'), join(folder, 'talk.vtt')]);
  assert.deepEqual((await readdir(folder)).sort(), ['talk.txt', 'talk.vtt']);
  assert.equal(await readFile(paths[0]!, 'utf8'), 'Hello.\n');
});

test('a file that exists is kept unless --overwrite is given', async (t) => {
  const folder = await folderFor(t);
  await writeFile(join(folder, 'talk.txt'), 'mine');
  await assert.rejects(prepareOutputs(folder, ['talk.wav'], ['.txt'], false), code('output_exists'));
  // Also where it appeared while the work was under way.
  await assert.rejects(writeOutputs(folder, 'talk.wav', result, ['text'], false), code('output_exists'));
  assert.equal(await readFile(join(folder, 'talk.txt'), 'utf8'), 'mine');
  assert.deepEqual(await readdir(folder), ['talk.txt']);
  await prepareOutputs(folder, ['talk.wav'], ['.txt'], true);
  await writeOutputs(folder, 'talk.wav', result, ['text'], true);
  assert.equal(await readFile(join(folder, 'talk.txt'), 'utf8'), 'Hello.\n');
});

test('two inputs of one name are told before any work', async (t) => {
  const folder = await folderFor(t);
  await assert.rejects(prepareOutputs(folder, ['a/x.wav', 'b/x.mp3'], ['.txt'], true), code('invalid_option'));
});

test('a folder in the place of a result, or a file in the place of the folder, is told', async (t) => {
  const folder = await folderFor(t);
  await mkdir(join(folder, 'talk.txt'));
  await assert.rejects(prepareOutputs(folder, ['talk.wav'], ['.txt'], true), code('output_exists'));
  await writeFile(join(folder, 'file'), '');
  await assert.rejects(prepareOutputs(join(folder, 'file'), ['talk.wav'], ['.txt'], true), code('output_unwritable'));
});

test('a folder that cannot be written gives output_unwritable and leaves nothing', async (t) => {
  if (process.getuid?.() === 0) return t.skip('root may write everywhere');
  const folder = await folderFor(t);
  await chmod(folder, 0o555);
  await assert.rejects(writeOutputs(folder, 'talk.wav', result, ['text'], false), code('output_unwritable'));
  assert.deepEqual(await readdir(folder), []);
});

test('files that are written bit by bit appear together at the end, or not at all', async (t) => {
  const folder = await folderFor(t);
  const paths = [join(folder, 'a.txt'), join(folder, 'b.pdf')];
  await writeTogether(paths, false, async ([a, b]) => {
    await a!.write('one ');
    await b!.write(new Uint8Array([1, 2]));
    await a!.write('two');
    assert.ok((await readdir(folder)).every((name) => name.endsWith('.part')));
  });
  assert.equal(await readFile(paths[0]!, 'utf8'), 'one two');
  assert.deepEqual([...(await readFile(paths[1]!))], [1, 2]);
  const broken = new Error('no more pages');
  const failing = writeTogether([join(folder, 'c.txt')], false, async ([c]) => {
    await c!.write('half');
    throw broken;
  });
  await assert.rejects(failing, (error) => error === broken);
  assert.deepEqual((await readdir(folder)).sort(), ['a.txt', 'b.pdf']);
});
