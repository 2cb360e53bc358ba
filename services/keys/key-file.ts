/** Keys on the disk: one JSON file, readable by its owner alone, replaced as a whole so that no reader sees half of it. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import { cacheHome } from '../../models/manifest/cache-home.ts';
import { withLock } from '../../models/manifest/store-lock.ts';
import { type ApiKey, findKey, hasScope, type NewKey, newApiKey, SCOPES, type Scope } from './api-key.ts';
import { KEY_FILE_BYTES_MAX, KEYS_MAX, RELOAD_MS } from './limits.ts';

/** `BYTEFUSE_KEYS`, else `keys.json` in the cache's folder. */
export function keyFilePath(env: NodeJS.ProcessEnv = process.env): string {
  return env['BYTEFUSE_KEYS'] || join(cacheHome(env), 'keys.json');
}

/** Absent means none. Throws keys_unusable. */
export async function readKeys(path: string): Promise<ApiKey[]> {
  let text: string;
  try {
    const { mode, size } = await stat(path);
    // Whoever can write here can make a key; Windows has no such bits.
    if (process.platform !== 'win32' && (mode & 0o022) !== 0) throw unusable(path, 'can be written by others');
    if (size > KEY_FILE_BYTES_MAX) throw unusable(path, `has more than ${KEY_FILE_BYTES_MAX} bytes`);
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof AppError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unusable(path, 'cannot be read', error);
  }
  return parsed(text, path);
}

/** Returns the key once; it cannot be had again. Throws keys_unusable. */
export async function addKey(path: string, options: Pick<ApiKey, 'name' | 'scopes' | 'limits'>): Promise<NewKey> {
  const made = newApiKey(options, new Date().toISOString());
  await change(path, (keys) => {
    if (keys.length >= KEYS_MAX) throw unusable(path, `holds ${KEYS_MAX} keys, and takes no more`);
    return [...keys, made.key];
  });
  return made;
}

/** By id. Throws not_found, keys_unusable. */
export async function revokeKey(path: string, id: string): Promise<ApiKey> {
  let revoked: ApiKey | undefined;
  await change(path, (keys) => {
    revoked = keys.find((key) => key.id === id);
    if (!revoked) throw new AppError('not_found', `There is no key ${id}.`);
    return keys.filter((key) => key !== revoked);
  });
  return revoked!;
}

/** What a running service asks. */
export interface KeyLookup {
  /** Null: unknown or revoked. Throws keys_unusable. */
  find(presented: string): Promise<ApiKey | null>;
  /** False once a key that was found is revoked, or has lost the scope. Throws keys_unusable. */
  holds(key: ApiKey, scope: Scope): Promise<boolean>;
}

/** Looks at the file again when it has changed, at most once a second: a revoked key stops working within that time. */
export class KeyRing implements KeyLookup {
  readonly #path: string;
  readonly #clock: Clock;
  #keys: Promise<ApiKey[]> | null = null;
  #readMs = 0;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  async find(presented: string): Promise<ApiKey | null> {
    return findKey(await this.#current(), presented);
  }

  async holds({ id, hash }: ApiKey, scope: Scope): Promise<boolean> {
    const keys = await this.#current();
    return keys.some((key) => key.id === id && key.hash === hash && hasScope(key, scope));
  }

  #current(): Promise<ApiKey[]> {
    const nowMs = this.#clock.nowMs();
    if (this.#keys === null || nowMs - this.#readMs >= RELOAD_MS) {
      this.#readMs = nowMs;
      this.#keys = readKeys(this.#path);
    }
    return this.#keys;
  }
}

async function change(path: string, edit: (keys: readonly ApiKey[]) => ApiKey[]): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await withLock(`${path}.lock`, async () => {
      const keys = edit(await readKeys(path));
      const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
      try {
        const file = await open(temporary, 'wx', 0o600);
        try {
          await file.writeFile(`${JSON.stringify({ version: 1, keys }, null, 2)}\n`);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(temporary, path);
      } finally {
        await rm(temporary, { force: true });
      }
    });
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw unusable(path, 'cannot be written', error);
  }
}

function parsed(text: string, path: string): ApiKey[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unusable(path, 'is no JSON', error);
  }
  const keys = (value as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys) || !keys.every(isKey)) throw unusable(path, 'does not hold keys as bytefuse writes them');
  return keys;
}

function isKey(value: unknown): value is ApiKey {
  const { id, name, hash, scopes, limits, createdAt } = (value ?? {}) as Record<string, unknown>;
  return (
    [id, name, createdAt].every((text) => typeof text === 'string') &&
    typeof hash === 'string' &&
    /^[0-9a-f]{64}$/.test(hash) &&
    Array.isArray(scopes) &&
    scopes.every((scope) => SCOPES.includes(scope)) &&
    typeof limits === 'object' &&
    limits !== null &&
    Object.values(limits).every((limit) => typeof limit === 'number' && limit >= 0)
  );
}

function unusable(path: string, what: string, cause?: unknown): AppError {
  return new AppError('keys_unusable', `The file of keys ${path} ${what}.`, { cause });
}
