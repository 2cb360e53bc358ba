import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { withLock } from '../../../../models/manifest/store-lock.ts';
import { temporaryFolder } from '../../../support/model-cache.ts';

async function lockPath(t: TestContext): Promise<string> {
  return join(await temporaryFolder(t), 'x.lock');
}

async function leaveLock(path: string, owner: object, ageMs = 0): Promise<void> {
  await writeFile(path, JSON.stringify({ host: hostname(), startTicks: null, token: 'theirs', ...owner }));
  const then = new Date(Date.now() - ageMs);
  await utimes(path, then, then);
}

function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

async function gone(path: string): Promise<boolean> {
  return readFile(path).then(
    () => false,
    () => true,
  );
}

test('one at a time, and the lock is gone afterwards, also after an error', async (t) => {
  const path = await lockPath(t);
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside--;
  };
  await Promise.all([withLock(path, work), withLock(path, work), withLock(path, work)]);
  assert.equal(most, 1);
  await assert.rejects(
    withLock(path, async () => {
      throw new Error('inside');
    }),
    /inside/,
  );
  assert.ok(await gone(path));
});

test('the lock of a dead process is broken, by one of several that find it', async (t) => {
  const path = await lockPath(t);
  await leaveLock(path, { pid: deadPid() });
  let inside = 0;
  const work = async (): Promise<number> => {
    assert.equal(++inside, 1);
    await new Promise((resolve) => setImmediate(resolve));
    return inside--;
  };
  assert.deepEqual(await Promise.all([withLock(path, work), withLock(path, work)]), [1, 1]);
});

test('a pid that another process uses by now is no owner', { skip: process.platform !== 'linux' }, async (t) => {
  const path = await lockPath(t);
  await leaveLock(path, { pid: process.pid, startTicks: '1' });
  assert.equal(await withLock(path, async () => 'mine'), 'mine');
});

test('an owner on another machine counts as dead only after its heartbeats stopped for long', async (t) => {
  const path = await lockPath(t);
  const abort = new AbortController();
  await leaveLock(path, { pid: 1, host: 'elsewhere' }, 60_000);
  const onWait = (): void => abort.abort();
  await assert.rejects(
    withLock(path, async () => {}, { signal: abort.signal, onWait }),
    /canceled/,
  );
  await leaveLock(path, { pid: 1, host: 'elsewhere' }, 3_600_000);
  assert.equal(await withLock(path, async () => 'mine'), 'mine');
});

test('a living owner is waited for, and waiting can be canceled', async (t) => {
  const path = await lockPath(t);
  await leaveLock(path, { pid: process.pid });
  const abort = new AbortController();
  let waits = 0;
  const onWait = (): void => {
    waits++;
    abort.abort();
  };
  await assert.rejects(
    withLock(path, async () => assert.fail('not ours'), { signal: abort.signal, onWait }),
    /canceled/,
  );
  assert.equal(waits, 1);
  assert.match(await readFile(path, 'utf8'), /theirs/);
});

test('a lock file without an owner is left by a crash and is broken once it is old', async (t) => {
  const path = await lockPath(t);
  await writeFile(path, '');
  const then = new Date(Date.now() - 60_000);
  await utimes(path, then, then);
  assert.equal(await withLock(path, async () => 'mine'), 'mine');
});

test('release leaves a lock alone that somebody else took meanwhile', async (t) => {
  const path = await lockPath(t);
  await withLock(path, () => leaveLock(path, { pid: process.pid }));
  assert.match(await readFile(path, 'utf8'), /theirs/);
});
