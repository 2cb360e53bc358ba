/**
 * A lock between processes: a file that names its owner. It is taken by exclusive creation, kept alive by its time
 * stamp, and broken where its owner is dead, so a killed process never blocks the next one.
 */

import { randomUUID } from 'node:crypto';
import { open, readFile, stat, unlink, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, fileSystemError } from './disk-space.ts';
import { hasEnded, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import { throwIfCanceled } from './progress.ts';

interface LockOwner extends ProcessIdentity {
  readonly host: string;
  readonly token: string;
}

/** Short enough to feel immediate, long enough to cost nothing. */
const POLL_MS = 100;
const HEARTBEAT_MS = 10_000;
/** An owner on another machine cannot be asked whether it lives: this many missed heartbeats count as dead. */
const FOREIGN_STALE_MS = 30 * HEARTBEAT_MS;
/** Between creating a lock file and writing its owner; longer than any healthy file system needs. */
const UNWRITTEN_STALE_MS = 5_000;

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called at each look at a lock that somebody else holds. */
  readonly onWait?: (() => void) | undefined;
}

/**
 * Runs `work` while holding the lock file at `path` (its folder must exist).
 * @throws AppError `canceled` while waiting, `cache_unwritable` or `disk_full` where the file cannot be made.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const token = await acquire(path, options);
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {
      // The file is gone only where another machine took us for dead; release() then leaves its lock alone.
    });
  }, HEARTBEAT_MS);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    await release(path, token);
  }
}

async function acquire(path: string, options: LockOptions): Promise<string> {
  for (;;) {
    throwIfCanceled(options.signal, 'Waiting for another process');
    const token = await create(path);
    if (token !== null) return token;
    if (await isStale(path)) {
      await breakLock(path);
      continue;
    }
    options.onWait?.();
    await sleep(POLL_MS);
  }
}

/** The token of the new lock, or null where the file exists. */
async function create(path: string): Promise<string | null> {
  const token = randomUUID();
  const owner: LockOwner = { ...(await ownIdentity()), host: hostname(), token };
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(JSON.stringify(owner));
    } finally {
      await file.close();
    }
    return token;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return null;
    throw fileSystemError(error, path);
  }
}

async function release(path: string, token: string): Promise<void> {
  const owner = await readOwner(path);
  if (owner?.token === token) await unlinkIfThere(path);
}

/** True where the owner is dead. A lock that has just gone is not stale: the next try takes it. */
async function isStale(path: string): Promise<boolean> {
  const owner = await readOwner(path);
  const ageMs = await stat(path).then(
    (stats) => Date.now() - stats.mtimeMs,
    () => null,
  );
  if (ageMs === null) return false;
  if (owner === null) return ageMs > UNWRITTEN_STALE_MS;
  if (owner.host !== hostname()) return ageMs > FOREIGN_STALE_MS;
  return hasEnded(owner);
}

/**
 * Removes a stale lock. Two processes may find the same one stale; if the slower unlinked blindly it could remove the
 * faster one's new lock. So breaking has a small lock of its own, under which staleness is asked again.
 */
async function breakLock(path: string): Promise<void> {
  const guard = `${path}.break`;
  if ((await create(guard)) === null) {
    const ageMs = await stat(guard).then(
      (stats) => Date.now() - stats.mtimeMs,
      () => 0,
    );
    if (ageMs > UNWRITTEN_STALE_MS) await unlinkIfThere(guard);
    await sleep(POLL_MS);
    return;
  }
  try {
    if (await isStale(path)) await unlinkIfThere(path);
  } finally {
    await unlinkIfThere(guard);
  }
}

async function readOwner(path: string): Promise<LockOwner | null> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isOwner(value) ? value : null;
  } catch {
    // Gone, or not written yet: the age of the file decides.
    return null;
  }
}

function isOwner(value: unknown): value is LockOwner {
  if (typeof value !== 'object' || value === null) return false;
  const owner = value as Partial<LockOwner>;
  return typeof owner.pid === 'number' && typeof owner.host === 'string' && typeof owner.token === 'string';
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileSystemError(error, path);
  }
}
