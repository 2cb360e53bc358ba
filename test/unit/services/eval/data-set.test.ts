import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import { readDataSet } from '../../../../services/eval/data-set.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bytefuse-data-set-'));
  for (const name of ['a.wav', 'b.wav', 'c.wav']) await writeFile(join(folder, name), 'x');
  await writeFile(join(folder, 'c.txt'), 'from a file');
});
after(() => rm(folder, { recursive: true, force: true }));

async function read(lines: readonly (object | string)[], filter = {}) {
  const manifest = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  await writeFile(join(folder, 'manifest.jsonl'), manifest);
  return readDataSet(folder, filter);
}

const rejects = (lines: readonly (object | string)[], message: RegExp) =>
  assert.rejects(read(lines), (error) => {
    assert.ok(error instanceof AppError && error.code === 'manifest_malformed');
    assert.match(error.message, message);
    return true;
  });

test('clips carry path, language, spoken reference, set and length', async () => {
  const clips = await read([
    { file: 'a.wav', lang: 'en', text: 'in 1455', text_normalized: 'in fourteen fifty-five', set: 's', duration_s: 2 },
    '',
    { file: 'c.wav', lang: 'zh', gt_file: 'c.txt' },
  ]);
  assert.deepEqual(clips, [
    {
      file: 'a.wav',
      path: join(folder, 'a.wav'),
      language: 'en',
      text: 'in fourteen fifty-five',
      set: 's',
      speaker: '',
      durationS: 2,
    },
    {
      file: 'c.wav',
      path: join(folder, 'c.wav'),
      language: 'zh',
      text: 'from a file',
      set: '',
      speaker: '',
      durationS: undefined,
    },
  ]);
});

test('sets, languages and a limit per language choose clips evenly', async () => {
  const row = (file: string, lang: string, set: string) => ({ file, lang, text: 'x', set });
  const rows = [row('a.wav', 'en', 'one'), row('b.wav', 'en', 'two'), row('c.wav', 'zh', 'two')];
  assert.equal((await read(rows, { sets: ['two'] })).length, 2);
  assert.equal((await read(rows, { languages: ['zh'] })).length, 1);
  assert.deepEqual(
    (await read(rows, { limit: 1 })).map((clip) => clip.file),
    ['a.wav', 'c.wav'],
  );
});

test('a malformed manifest is an error with file and line', async () => {
  const good = { file: 'a.wav', lang: 'en', text: 'x' };
  await rejects([good, '{"file": '], /^manifest\.jsonl:2: not a JSON object/);
  await rejects([good, '[]'], /:2: not a JSON object/);
  await rejects([{ lang: 'en', text: 'x' }], /:1: "file" is missing/);
  await rejects([{ file: 'a.wav', text: 'x' }], /:1: "lang" is missing/);
  await rejects([{ file: 'a.wav', lang: 'en', text: 3 }], /:1: "text" is not a string/);
  await rejects([{ file: 'a.wav', lang: 'en', text: '' }], /:1: the reference is missing/);
  await rejects([{ file: 'gone.wav', lang: 'en', text: 'x' }], /:1: gone\.wav does not exist/);
  await rejects([{ file: '../x.wav', lang: 'en', text: 'x' }], /:1: .* outside the manifest's folder/);
});

test('a folder without a manifest is file_not_found', async () => {
  await assert.rejects(readDataSet(join(folder, 'nowhere')), (error) => (error as AppError).code === 'file_not_found');
});
