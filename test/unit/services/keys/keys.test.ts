import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { AppError } from '../../../../models/core/app-error.ts';
import { findKey, hasScope, newApiKey } from '../../../../services/keys/api-key.ts';
import { KeyBudgets } from '../../../../services/keys/key-budgets.ts';
import { addKey, KeyRing, keyFilePath, readKeys, revokeKey } from '../../../../services/keys/key-file.ts';
import { KEY_FILE_BYTES_MAX, KEYS_MAX } from '../../../../services/keys/limits.ts';
import { TokenBucket } from '../../../../services/keys/token-bucket.ts';
import type { RetryLater } from '../../../../services/server/retry-later.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

const OPTIONS = { name: 'toy', scopes: ['transcribe'], limits: { requestsPerMinute: 5 } } as const;

async function keyFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bytefuse-keys-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'deep', 'keys.json');
}

test('a key is random, and only its hash is kept', () => {
  const one = newApiKey(OPTIONS, 'now');
  const two = newApiKey(OPTIONS, 'now');
  assert.match(one.secret, /^bf_[\w-]{43}$/);
  assert.notEqual(one.secret, two.secret);
  assert.ok(!JSON.stringify(one.key).includes(one.secret.slice(3)));
  assert.equal(findKey([one.key, two.key], two.secret), two.key);
  assert.equal(findKey([one.key], two.secret), null);
  assert.equal(findKey([one.key], ''), null);
  assert.equal(findKey([one.key], 'x'.repeat(100_000)), null);
});

test('scopes open what they name; admin opens all', () => {
  const { key } = newApiKey(OPTIONS, 'now');
  assert.ok(hasScope(key, 'transcribe'));
  assert.ok(!hasScope(key, 'read'));
  assert.ok(hasScope({ ...key, scopes: ['admin'] }, 'fuse'));
});

test('keys are added, listed and revoked in a file that only its owner can read', async (t) => {
  const path = await keyFile(t);
  assert.deepEqual(await readKeys(path), []);
  const [one, two] = await Promise.all([addKey(path, OPTIONS), addKey(path, OPTIONS)]);
  // Both: neither change was lost to the other.
  assert.equal((await readKeys(path)).length, 2);
  if (process.platform !== 'win32') assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.ok(!(await readFile(path, 'utf8')).includes(one.secret));
  await revokeKey(path, one.key.id);
  assert.deepEqual(
    (await readKeys(path)).map(({ id }) => id),
    [two.key.id],
  );
  await assert.rejects(revokeKey(path, one.key.id), (error: AppError) => error.code === 'not_found');
});

test('a file that others may write, or that holds something else, is refused', async (t) => {
  const path = await keyFile(t);
  await addKey(path, OPTIONS);
  const refused = (error: AppError) => error.code === 'keys_unusable';
  if (process.platform !== 'win32') {
    await chmod(path, 0o622);
    await assert.rejects(readKeys(path), refused);
    await chmod(path, 0o600);
  }
  for (const text of ['{', '[]', '{"keys":[{}]}', '{"keys":[{"id":"a","name":"","hash":"zz"}]}', 'null']) {
    await writeFile(path, text);
    await assert.rejects(readKeys(path), refused, text);
  }
});

test('keys of a file, and its bytes: n are taken, n + 1 are not', async (t) => {
  const path = await keyFile(t);
  const refused = (error: AppError) => error.code === 'keys_unusable';
  const { key } = await addKey(path, OPTIONS);
  const keys = Array.from({ length: KEYS_MAX - 1 }, (_, i) => ({ ...key, id: String(i) }));
  const text = JSON.stringify({ version: 1, keys });
  await writeFile(path, text);
  await addKey(path, OPTIONS);
  assert.equal((await readKeys(path)).length, KEYS_MAX);
  await assert.rejects(addKey(path, OPTIONS), refused);
  assert.equal((await readKeys(path)).length, KEYS_MAX);
  await writeFile(path, text.padEnd(KEY_FILE_BYTES_MAX));
  assert.equal((await readKeys(path)).length, KEYS_MAX - 1);
  await writeFile(path, text.padEnd(KEY_FILE_BYTES_MAX + 1));
  await assert.rejects(readKeys(path), refused);
});

test('a running service takes new keys and drops revoked ones within a second', async (t) => {
  const path = await keyFile(t);
  const clock = new ManualClock();
  const ring = new KeyRing(path, clock);
  const { secret, key } = await addKey(path, OPTIONS);
  assert.equal((await ring.find(secret))?.id, key.id);
  await revokeKey(path, key.id);
  assert.equal((await ring.find(secret))?.id, key.id);
  clock.advance(1000);
  assert.equal(await ring.find(secret), null);
});

test('a key that was found holds until it is revoked, replaced, or loses the scope', async (t) => {
  const path = await keyFile(t);
  const clock = new ManualClock();
  const ring = new KeyRing(path, clock);
  const [one, two] = [await addKey(path, OPTIONS), await addKey(path, OPTIONS)];
  const rewrite = async (edit: (text: string) => string) => {
    await writeFile(path, edit(await readFile(path, 'utf8')), { mode: 0o600 });
    clock.advance(1000);
  };
  assert.equal(await ring.holds(one.key, 'transcribe'), true);
  assert.equal(await ring.holds(one.key, 'read'), false);
  await rewrite((text) => text.replace(one.key.hash, 'f'.repeat(64)));
  assert.equal(await ring.holds(one.key, 'transcribe'), false);
  assert.equal(await ring.holds(two.key, 'transcribe'), true);
  await rewrite((text) => text.replaceAll('"transcribe"', '"read"'));
  assert.equal(await ring.holds(two.key, 'transcribe'), false);
  assert.equal(await ring.holds(two.key, 'read'), true);
  await revokeKey(path, two.key.id);
  clock.advance(999);
  assert.equal(await ring.holds(two.key, 'read'), true);
  clock.advance(1);
  assert.equal(await ring.holds(two.key, 'read'), false);
});

test('the file is where the environment says', () => {
  assert.equal(keyFilePath({ BYTEFUSE_KEYS: 'a.json' }), 'a.json');
  assert.match(keyFilePath({ BYTEFUSE_HOME: 'cache' }), /cache.keys\.json$/);
});

test('an allowance fills evenly and never above its size', () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket(10, 1000, clock);
  assert.equal(bucket.take(10), 0);
  assert.equal(bucket.take(1), 0.1);
  clock.advance(100);
  assert.equal(bucket.take(1), 0);
  clock.advance(100_000);
  assert.equal(bucket.take(10), 0);
  assert.ok(bucket.take(1) > 0);
  assert.equal(bucket.take(11), Number.POSITIVE_INFINITY);
});

test('budgets are kept by key and by kind, and say how they stand; what is not bounded is free', () => {
  const clock = new ManualClock();
  const budgets = new KeyBudgets(clock);
  const limits = { audioSecondsPerHour: 10 };
  budgets.spend('a', limits, 'audioSecondsPerHour', 10);
  budgets.spend('b', limits, 'audioSecondsPerHour', 10);
  budgets.spend('a', limits, 'pixelsPerHour', 1e12);
  assert.throws(
    () => budgets.spend('a', limits, 'audioSecondsPerHour', 1),
    (error: RetryLater) => error.code === 'rate_limited' && error.retryAfterS === 360,
  );
  assert.deepEqual(budgets.state('a', limits, 'audioSecondsPerHour'), { limit: 10, remaining: 0, resetSeconds: 3600 });
  clock.advance(360_000);
  assert.deepEqual(budgets.state('a', limits, 'audioSecondsPerHour'), { limit: 10, remaining: 1, resetSeconds: 3240 });
  assert.equal(budgets.state('a', limits, 'pixelsPerHour'), null);
  assert.throws(() => budgets.spend('c', limits, 'audioSecondsPerHour', 11), /this request alone/);
});
