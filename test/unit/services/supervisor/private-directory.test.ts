import assert from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SOCKET_PATH_BYTES_MAX } from '../../../../services/supervisor/limits.ts';
import { PrivateDirectory } from '../../../../services/supervisor/private-directory.ts';

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bf-'));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('the folder is for this user alone, gives each socket a new path, and goes with what is in it', async () => {
  await inFolder(async (folder) => {
    const directory = await PrivateDirectory.make([folder]);
    assert.ok(directory.path.startsWith(folder));
    assert.equal(statSync(directory.path).mode & 0o777, 0o700);
    const paths = [directory.socketPath('speech'), directory.socketPath('speech')];
    assert.notEqual(paths[0], paths[1]);
    for (const path of paths) assert.ok(Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX);
    writeFileSync(paths[0]!, '');
    directory.remove();
    assert.ok(!existsSync(directory.path));
  });
});

test('a place that will not do is passed over for the next one', async () => {
  await inFolder(async (folder) => {
    const long = join(folder, 'x'.repeat(SOCKET_PATH_BYTES_MAX));
    const odd = join(folder, 'a b');
    await mkdir(odd);
    const directory = await PrivateDirectory.make([long, odd, join(folder, 'missing'), folder]);
    assert.equal(join(directory.path, '..'), folder);
  });
});

test('where no place will do, the message says why', async () => {
  await inFolder(async (folder) => {
    const missing = join(folder, 'missing');
    await assert.rejects(PrivateDirectory.make([missing, '/x'.repeat(60)]), (error: Error) => {
      assert.match(error.message, /missing cannot be written \(ENOENT\).*too long for a socket's path \(103 bytes\)/);
      return true;
    });
  });
  await assert.rejects(PrivateDirectory.make([tmpdir()], 'win32'), { code: 'usage' });
});
