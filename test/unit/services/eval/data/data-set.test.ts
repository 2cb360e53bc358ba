import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../../../../models/core/app-error.ts';
import { openDataSet } from '../../../../../services/eval/data/data-set.ts';
import { dataFolder, readAll } from './temporary-data.ts';

const code = (expected: string, message?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AppError, String(error));
  assert.equal(error.code, expected, error.message);
  if (message) assert.match(error.message, message);
  return true;
};

/** Ten English and four Chinese sentences, mixed. */
const mixed = Array.from({ length: 14 }, (_, i) => {
  const lang = i % 4 === 1 ? 'zh' : 'en';
  return JSON.stringify({ id: `${lang}${i}`, source: 'a', target: 'b', lang, set: i < 7 ? 'one' : 'two' });
}).join('\n');

test('a limit takes items of each language, spread evenly over the list and in its order', async () => {
  const folder = await dataFolder({ 'manifest.jsonl': mixed });
  const ids = async (limit: number) => {
    const { dataSet, items } = await readAll(folder, { task: 'gec', limit });
    assert.equal(dataSet.count, items.length);
    return items.map(({ id }) => id);
  };
  // English items are 0 2 3 4 6 7 8 10 11 12: numbers 0, 3 and 6 of them.
  assert.deepEqual(await ids(3), ['en0', 'zh1', 'en4', 'zh5', 'en8', 'zh9']);
  assert.deepEqual(await ids(1), ['en0', 'zh1']);
  assert.equal((await ids(100)).length, 14);
  await assert.rejects(ids(0), code('invalid_option'));
  await assert.rejects(ids(1.5), code('invalid_option'));
});

test('sets and languages choose; a filter that leaves nothing says what there is', async () => {
  const folder = await dataFolder({ 'manifest.jsonl': mixed });
  const count = async (filter: object) => (await openDataSet(folder, { task: 'gec', ...filter })).count;
  assert.equal(await count({ sets: ['two'] }), 7);
  assert.equal(await count({ languages: ['zh'] }), 4);
  assert.equal(await count({ languages: ['zh'], sets: ['one'], limit: 1 }), 1);
  await assert.rejects(count({ sets: ['three'] }), code('invalid_option', /sets: one, two; languages: en, zh/));
});

test('items can be read again, and leaving off early closes the file', async () => {
  const folder = await dataFolder({ 'manifest.jsonl': mixed });
  const dataSet = await openDataSet(folder, { task: 'gec' });
  for (let round = 0; round < 2; round++) {
    const first: string[] = [];
    for await (const { id } of dataSet.items()) {
      first.push(id);
      if (first.length === 2) break;
    }
    assert.deepEqual(first, ['en0', 'zh1']);
  }
});

test('what is no data set is told apart: missing, empty, unknown, several lists', async () => {
  const folder = await dataFolder({
    'a/x.txt': 'x',
    'b/1.csv': 'source,target\na,b\n',
    'b/2.tsv': 'source\ttarget\na\tb\n',
  });
  const open = (name: string) => openDataSet(join(folder, name), { task: 'gec' });
  await assert.rejects(open('nowhere'), code('file_not_found'));
  await assert.rejects(open('a'), code('manifest_malformed', /no evaluation data in this folder/));
  await assert.rejects(
    open('b'),
    code('manifest_malformed', /^b: 2 lists in this folder \(1\.csv, 2\.tsv\); name one/),
  );
  await assert.rejects(openDataSet(join(folder, 'b'), { task: 'gec', form: 'm2' }), code('file_is_directory'));
  const only = await dataFolder({ 'header.csv': 'source,target\n', 'one/list.csv': 'source,target\na,b\n' });
  await assert.rejects(openDataSet(join(only, 'header.csv'), { task: 'gec' }), code('manifest_malformed', /no items/));
  assert.equal((await openDataSet(join(only, 'one'), { task: 'gec' })).form, 'table');
});

test('missing audio is found when its item comes, and not for items that a limit leaves out', async () => {
  const rows = ['a.wav', 'gone.wav'].map((file) => JSON.stringify({ file, lang: 'en', text: 'x' }));
  const folder = await dataFolder({ 'a.wav': 'x', 'manifest.jsonl': rows.join('\n') });
  const dataSet = await openDataSet(folder, { task: 'asr' });
  const ids: string[] = [];
  await assert.rejects(
    async () => {
      for await (const { id } of dataSet.items()) ids.push(id);
    },
    code('manifest_malformed', /^manifest\.jsonl:2: "gone\.wav" does not exist/),
  );
  assert.deepEqual(ids, ['a.wav']);
  assert.equal((await readAll(folder, { task: 'asr', limit: 1 })).items.length, 1);
});

test('symbolic links do not lead out of the data folder, unless the root is wider', async () => {
  const outside = await dataFolder({ 'secret.wav': 'x', 'data/in.wav': 'x' });
  const folder = join(outside, 'data');
  const rows = (file: string) => JSON.stringify({ file, lang: 'en', text: 'x' });
  await symlink(join(outside, 'secret.wav'), join(folder, 'link.wav'));
  await symlink(join(folder, 'in.wav'), join(folder, 'fine.wav'));
  await mkdir(join(folder, 'sub'));
  const write = async (file: string) => {
    const { writeFile } = await import('node:fs/promises');
    await writeFile(join(folder, 'manifest.jsonl'), rows(file));
    return readAll(folder, { task: 'asr' });
  };
  await assert.rejects(write('link.wav'), code('manifest_malformed', /:1: "link\.wav" lies outside the data folder/));
  await assert.rejects(write('sub'), code('manifest_malformed', /:1: "sub" is not a file/));
  assert.equal((await write('fine.wav')).items[0]!.mediaPath, join(folder, 'in.wav'));
  await assert.rejects(write('../secret.wav'), code('manifest_malformed'));
  const wide = await readAll(folder, { task: 'asr', root: outside });
  assert.equal(wide.items[0]!.mediaPath, join(outside, 'secret.wav'));
  await assert.rejects(openDataSet(folder, { task: 'asr', root: join(outside, 'nowhere') }), code('file_not_found'));
});
