/**
 * The cache: a folder of blobs named by their SHA-256, and beside them what is derived from blobs. A name that is there
 * is whole: everything is written under another name and renamed at the end.
 *
 * ```
 * blobs/sha256/ab/abcdef…     files of models, verified when they were written
 * partial/                    downloads under way, kept to be resumed
 * work/<model>/<source>/      what a source needs on the way (wheels)
 * converted/<kind>-<key>/     step graphs made from blobs, with a complete.json
 * models/<name>.json          models that are not in the manifest: imported, or pulled from the hub
 * notices/<name>              licence notices that were shown
 * locks/                      one file per lock, named by what it guards
 * ```
 */

import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, truncate, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleepMs } from 'node:timers/promises';
import { AppError } from '../core/app-error.ts';
import type { Artefact, ArtefactFile, WantedFile } from './artefact.ts';
import { ContentHasher, hashFile } from './content-hash.ts';
import { errnoOf, fileSystemError, freeBytesAt, megabytes, SPACE_MARGIN_BYTES } from './disk-space.ts';
import { throwIfCanceled } from './progress.ts';
import type { FileOrigin } from './source.ts';
import { type LockOptions, withLock } from './store-lock.ts';

export interface StoreOptions {
  readonly root: string;
  /** Injected in tests. */
  readonly freeBytes?: ((path: string) => Promise<number>) | undefined;
  readonly sleep?: ((ms: number) => Promise<unknown>) | undefined;
}

export interface AddOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes of this file that are in the cache by now. */
  readonly onBytes?: ((doneBytes: number) => void) | undefined;
}

export type BlobState = 'ok' | 'missing' | 'corrupt';

/** Doubles with each try: 0.5, 1, 2, 4, 8 s. */
const RETRY_FIRST_MS = 500;

export class ModelStore {
  readonly root: string;
  readonly #freeBytes: (path: string) => Promise<number>;
  readonly #sleep: (ms: number) => Promise<unknown>;

  constructor(options: StoreOptions) {
    this.root = options.root;
    this.#freeBytes = options.freeBytes ?? freeBytesAt;
    this.#sleep = options.sleep ?? sleepMs;
  }

  blobPath(sha256: string): string {
    return join(this.root, 'blobs', 'sha256', sha256.slice(0, 2), sha256);
  }

  convertedPath(name: string): string {
    return join(this.root, 'converted', name);
  }

  /** Quick: size only. The hash was checked when the blob was written; `verifyBlob` reads it again. */
  async hasBlob(file: ArtefactFile): Promise<boolean> {
    return (await sizeOf(this.blobPath(file.sha256))) === file.sizeBytes;
  }

  async verifyBlob(file: ArtefactFile, options: AddOptions = {}): Promise<BlobState> {
    const path = this.blobPath(file.sha256);
    if ((await sizeOf(path)) === null) return 'missing';
    let doneBytes = 0;
    const found = await hashFile(path, {
      signal: options.signal,
      onBytes: (bytes) => {
        doneBytes += bytes;
        options.onBytes?.(doneBytes);
      },
    });
    return found.sha256 === file.sha256 && found.sizeBytes === file.sizeBytes ? 'ok' : 'corrupt';
  }

  async removeBlob(sha256: string): Promise<void> {
    await rm(this.blobPath(sha256), { force: true }).catch((error) => {
      throw fileSystemError(error, this.blobPath(sha256));
    });
  }

  /**
   * Brings one file in: resumes a partial download, writes, verifies, renames. Returns the file with its SHA-256.
   * @throws AppError `hash_mismatch` (says found and expected), `disk_full`, `cache_unwritable`, `canceled`, or what
   *   the origin throws once its attempts are used up; what came so far is kept, except where the hash is wrong.
   */
  async addBlob(wanted: WantedFile, origin: FileOrigin, options: AddOptions = {}): Promise<ArtefactFile> {
    const key = `${wanted.digest.algorithm}-${wanted.digest.hex}`;
    return this.withLock(`blob-${key}`, () => this.#addLocked(wanted, origin, key, options), options);
  }

  async #addLocked(wanted: WantedFile, origin: FileOrigin, key: string, options: AddOptions): Promise<ArtefactFile> {
    if (wanted.digest.algorithm === 'sha256') {
      // Another process may have brought it while this one waited for the lock.
      const file = { path: wanted.path, sizeBytes: wanted.sizeBytes, sha256: wanted.digest.hex };
      if (await this.hasBlob(file)) return file;
    }
    const partial = join(this.root, 'partial', `${key}.part`);
    await this.#makeFolder(dirname(partial));
    const resumedBytes = (await sizeOf(partial)) ?? 0;
    let hasher = await this.#receive(wanted, origin, partial, options);
    if (hasher.found().hex !== wanted.digest.hex && resumedBytes > 0) {
      // The kept part may be what is wrong: once more from the start.
      await unlink(partial);
      hasher = await this.#receive(wanted, origin, partial, options);
    }
    const found = hasher.found();
    if (found.hex !== wanted.digest.hex || hasher.sizeBytes !== wanted.sizeBytes) {
      await rm(partial, { force: true });
      throw new AppError(
        'hash_mismatch',
        `${wanted.path} from ${origin.label} is not the pinned file: found ${found.algorithm} ${found.hex} ` +
          `(${hasher.sizeBytes} bytes), expected ${wanted.digest.hex} (${wanted.sizeBytes} bytes).`,
      );
    }
    const file = { path: wanted.path, sizeBytes: wanted.sizeBytes, sha256: hasher.sha256() };
    await this.#publish(partial, this.blobPath(file.sha256));
    return file;
  }

  /** Fills the partial file, trying again where the stream breaks. */
  async #receive(wanted: WantedFile, origin: FileOrigin, partial: string, options: AddOptions): Promise<ContentHasher> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#receiveOnce(wanted, origin, partial, options);
      } catch (error) {
        const retry = error instanceof AppError && error.code === 'source_unavailable' && attempt < origin.attemptsMax;
        if (!retry) throw fileSystemError(error, partial);
        await this.#sleep(RETRY_FIRST_MS * 2 ** (attempt - 1));
        throwIfCanceled(options.signal, `Getting ${wanted.path}`);
      }
    }
  }

  async #receiveOnce(
    wanted: WantedFile,
    origin: FileOrigin,
    partial: string,
    options: AddOptions,
  ): Promise<ContentHasher> {
    const file = await open(partial, 'a+');
    try {
      let hasher = new ContentHasher(wanted);
      const { size } = await file.stat();
      if (size > wanted.sizeBytes) await file.truncate(0);
      else if (size > 0) await feed(hasher, partial, options.signal);
      options.onBytes?.(hasher.sizeBytes);
      if (hasher.sizeBytes === wanted.sizeBytes) return hasher;
      const stream = await origin.read(hasher.sizeBytes, options.signal);
      if (stream.startBytes !== hasher.sizeBytes) {
        await truncate(partial, 0);
        hasher = new ContentHasher(wanted);
      }
      for await (const chunk of stream.chunks) {
        throwIfCanceled(options.signal, `Getting ${wanted.path}`);
        hasher.update(chunk);
        // More than was promised can only be wrong; the mismatch is reported by the caller.
        if (hasher.sizeBytes > wanted.sizeBytes) return hasher;
        await writeAll(file, chunk);
        options.onBytes?.(hasher.sizeBytes);
      }
      if (hasher.sizeBytes < wanted.sizeBytes && origin.attemptsMax > 1) {
        throw new AppError(
          'source_unavailable',
          `${wanted.path} from ${origin.label} ended after ${hasher.sizeBytes} of ${wanted.sizeBytes} bytes.`,
        );
      }
      await file.datasync();
      return hasher;
    } finally {
      await file.close();
    }
  }

  async #publish(from: string, to: string): Promise<void> {
    await this.#makeFolder(dirname(to));
    try {
      await rename(from, to);
    } catch (error) {
      throw fileSystemError(error, to);
    }
  }

  /** @throws AppError `disk_full`, before anything is written. */
  async requireSpace(neededBytes: number, purpose: string): Promise<void> {
    if (neededBytes === 0) return;
    const freeBytes = await this.#freeBytes(this.root);
    if (freeBytes >= neededBytes + SPACE_MARGIN_BYTES) return;
    throw new AppError(
      'disk_full',
      `${purpose} needs ${megabytes(neededBytes)} and ${megabytes(SPACE_MARGIN_BYTES)} to spare, ` +
        `but ${megabytes(freeBytes)} are free at ${this.root}.`,
    );
  }

  async withLock<T>(name: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
    const folder = join(this.root, 'locks');
    await this.#makeFolder(folder);
    return withLock(join(folder, `${name}.lock`), work, options);
  }

  /** A folder for one model and source that outlives a break. */
  async workDir(artefact: string, source: string): Promise<string> {
    const folder = join(this.root, 'work', artefact, source);
    await this.#makeFolder(folder);
    return folder;
  }

  async clearWork(artefact: string): Promise<void> {
    await rm(join(this.root, 'work', artefact), { recursive: true, force: true });
  }

  /** Bytes of this file that an earlier, broken download left. */
  async partialBytes(wanted: WantedFile): Promise<number> {
    return (await sizeOf(this.#partialPath(wanted))) ?? 0;
  }

  async removePartial(wanted: WantedFile): Promise<void> {
    await rm(this.#partialPath(wanted), { force: true });
  }

  #partialPath(wanted: WantedFile): string {
    return join(this.root, 'partial', `${wanted.digest.algorithm}-${wanted.digest.hex}.part`);
  }

  /** Models beside the manifest's. An unreadable record is left out: it can only be of an unknown version. */
  async records(): Promise<Artefact[]> {
    const names = await readdir(join(this.root, 'models')).catch(() => []);
    const found: Artefact[] = [];
    for (const name of names.filter((candidate) => candidate.endsWith('.json')).sort()) {
      const record = await this.record(name.slice(0, -'.json'.length));
      if (record) found.push(record);
    }
    return found;
  }

  async record(name: string): Promise<Artefact | null> {
    // A name from a command line must not lead out of the folder.
    if (/[/\\]/.test(name)) return null;
    try {
      const value: unknown = JSON.parse(await readFile(join(this.root, 'models', `${name}.json`), 'utf8'));
      return isRecord(value) ? value.artefact : null;
    } catch {
      return null;
    }
  }

  async writeRecord(artefact: Artefact): Promise<void> {
    const text = `${JSON.stringify({ format: RECORD_FORMAT, artefact }, null, 2)}\n`;
    await this.writeWhole(join(this.root, 'models', `${artefact.name}.json`), text);
  }

  async removeRecord(name: string): Promise<void> {
    await rm(join(this.root, 'models', `${name}.json`), { force: true });
  }

  /** True the first time only. */
  async markNotice(name: string): Promise<boolean> {
    const path = join(this.root, 'notices', name);
    if ((await sizeOf(path)) !== null) return false;
    await this.writeWhole(path, `${new Date().toISOString()}\n`);
    return true;
  }

  /** Writes a small file under a temporary name and renames it. */
  async writeWhole(path: string, text: string): Promise<void> {
    await this.#makeFolder(dirname(path));
    const temporary = `${path}.${randomUUID()}.tmp`;
    try {
      await writeFile(temporary, text);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw fileSystemError(error, path);
    }
  }

  async #makeFolder(path: string): Promise<void> {
    try {
      await mkdir(path, { recursive: true });
    } catch (error) {
      throw fileSystemError(error, path);
    }
  }
}

/** Changes where a record can no longer be read as it was. */
const RECORD_FORMAT = 1;

function isRecord(value: unknown): value is { format: number; artefact: Artefact } {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as { format?: unknown; artefact?: Partial<Artefact> };
  return record.format === RECORD_FORMAT && Array.isArray(record.artefact?.files);
}

async function feed(hasher: ContentHasher, path: string, signal: AbortSignal | undefined): Promise<void> {
  const file = await open(path, 'r');
  try {
    for await (const chunk of file.createReadStream({ autoClose: false }) as AsyncIterable<Uint8Array>) {
      throwIfCanceled(signal, 'Resuming');
      hasher.update(chunk);
    }
  } finally {
    await file.close();
  }
}

async function writeAll(file: Awaited<ReturnType<typeof open>>, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    const { bytesWritten } = await file.write(chunk, done, chunk.length - done);
    done += bytesWritten;
  }
}

/** Null where there is no such file. */
export async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null;
    throw fileSystemError(error, path);
  }
}
