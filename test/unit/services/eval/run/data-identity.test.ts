import assert from 'node:assert/strict';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { dataIdentity } from '../../../../../services/eval/run/data-identity.ts';
import { temporaryFolder } from '../../../../support/model-cache.ts';

test('a file counts by its content, whatever its time', async (t) => {
  const path = join(await temporaryFolder(t), 'manifest.jsonl');
  await writeFile(path, 'one');
  const before = await dataIdentity(path);
  await utimes(path, 1, 1);
  assert.equal(await dataIdentity(path), before);
  await writeFile(path, 'two');
  assert.notEqual(await dataIdentity(path), before);
});

test('a folder counts by names, sizes and times, without the report folder inside it', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'a', 'b'), { recursive: true });
  await writeFile(join(folder, 'a', 'b', 'x.wav'), 'sound');
  const report = join(folder, 'report');
  const identity = () => dataIdentity(folder, [report]);
  const before = await identity();
  await mkdir(report);
  await writeFile(join(report, 'items.jsonl'), '{}');
  assert.equal(await identity(), before);
  await writeFile(join(folder, 'a', 'y.wav'), 'sound');
  const more = await identity();
  assert.notEqual(more, before);
  await utimes(join(folder, 'a', 'y.wav'), 1, 1);
  assert.notEqual(await identity(), more);
});

test('nothing there is file_not_found', async () => {
  await assert.rejects(dataIdentity('nowhere'), { code: 'file_not_found', message: /nowhere/ });
});
