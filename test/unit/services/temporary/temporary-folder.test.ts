import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import {
  makeTemporaryFolder,
  nameBytesMax,
  removeAbandonedFolders,
} from '../../../../services/temporary/temporary-folder.ts';
import { temporaryFolder } from '../../../support/model-cache.ts';

/** The name that a folder of ours would have, had it another owner. */
function rename(
  name: string,
  owner: { readonly pid?: number; readonly ticks?: string; readonly host?: string },
): string {
  const [bytefuse, what, pid, ticks, host, random] = name.split('-');
  return [bytefuse, what, owner.pid ?? pid, owner.ticks ?? ticks, owner.host ?? host, random].join('-');
}

/** Of a process that was there and has ended. */
const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid;

test('a folder is for this user alone, and its name says whose it is', async (t) => {
  const place = await temporaryFolder(t);
  const path = await makeTemporaryFolder('upload', place);
  const name = basename(path);
  assert.ok(name.startsWith(`bytefuse-upload-${process.pid}-`), name);
  assert.ok(Buffer.byteLength(name) <= nameBytesMax('upload'));
  if (process.platform !== 'win32') assert.equal(statSync(path).mode & 0o777, 0o700);
});

test('folders of dead processes are removed with what is in them; those of living ones stay', async (t) => {
  const place = await temporaryFolder(t);
  const own = await makeTemporaryFolder('upload', place);
  const dead = join(place, rename(basename(own), { pid: deadPid() }));
  mkdirSync(join(dead, 'deep'), { recursive: true });
  writeFileSync(join(dead, 'deep', 'audio'), 'x');
  // The process that runs the tests: alive, but its start time is not ours.
  const living = join(place, rename(basename(own), { pid: process.ppid, ticks: 'x' }));
  mkdirSync(living);
  await removeAbandonedFolders([place, join(place, 'missing')]);
  assert.deepEqual(readdirSync(place).sort(), [basename(own), basename(living)].sort());
});

test('a pid that another process uses by now is no owner', { skip: process.platform !== 'linux' }, async (t) => {
  const place = await temporaryFolder(t);
  const own = await makeTemporaryFolder('sockets', place);
  mkdirSync(join(place, rename(basename(own), { ticks: '1' })));
  await removeAbandonedFolders([place]);
  assert.deepEqual(readdirSync(place), [basename(own)]);
});

test('what is not ours stays: other names, other machines, links', async (t) => {
  const place = await temporaryFolder(t);
  const elsewhere = await temporaryFolder(t);
  writeFileSync(join(elsewhere, 'kept'), '');
  const pid = deadPid();
  const own = basename(await makeTemporaryFolder('document', place));
  const foreign = rename(own, { pid, host: '000000' });
  mkdirSync(join(place, foreign));
  mkdirSync(join(place, `bytefuse-upload-${pid}`));
  mkdirSync(join(place, `x${rename(own, { pid })}`));
  symlinkSync(elsewhere, join(place, rename(own, { pid })));
  const before = readdirSync(place);
  await removeAbandonedFolders([place]);
  assert.deepEqual(readdirSync(place), before);
  assert.ok(existsSync(join(elsewhere, 'kept')));
});

test('two that start at once do no harm to each other', async (t) => {
  const place = await temporaryFolder(t);
  const own = basename(await makeTemporaryFolder('upload', place));
  const pid = deadPid();
  for (let i = 0; i < 20; i++) {
    const dead = join(place, `${rename(own, { pid }).slice(0, -6)}${String(i).padStart(6, '0')}`);
    mkdirSync(dead);
    for (let file = 0; file < 10; file++) writeFileSync(join(dead, String(file)), '');
  }
  await Promise.all([removeAbandonedFolders([place]), removeAbandonedFolders([place])]);
  assert.deepEqual(readdirSync(place), [own]);
});
