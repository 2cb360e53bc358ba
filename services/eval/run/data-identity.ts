/**
 * Whether a data set is still the one that a run was begun on. A file counts by its content (by size and time above the
 * bound), a folder by the names, sizes and times of all its files, so that 10 GB of audio are not read twice. Media that
 * a manifest elsewhere names are not looked at: their ids are in the manifest.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { AppError } from '../../../models/core/app-error.ts';
import { DATA_FILES_MAX, HASHED_BYTES_MAX } from './limits.ts';

/** `exclude`: folders that do not count, such as a report folder inside the data. @throws AppError file_not_found */
export async function dataIdentity(location: string, exclude: readonly string[] = []): Promise<string> {
  const path = resolve(location);
  const found = await stat(path).catch(() => null);
  if (found === null) throw new AppError('file_not_found', `There is no ${location}.`);
  if (!found.isDirectory()) return fileIdentity(path);
  const lines: string[] = [];
  await collect(path, path, new Set(exclude.map((folder) => resolve(folder))), lines);
  lines.sort();
  return `files-sha256:${createHash('sha256').update(lines.join('\n')).digest('hex')}`;
}

/** `sha256:...` of a file's content, or its size and time where it is too large to be read for this. */
export async function fileIdentity(path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  if (found === null) throw new AppError('file_not_found', `There is no ${path}.`);
  if (!found.isFile()) throw new AppError('file_is_directory', `${path} is no file.`);
  if (found.size > HASHED_BYTES_MAX) return `size:${found.size} time:${Math.round(found.mtimeMs)}`;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

async function collect(root: string, folder: string, exclude: ReadonlySet<string>, into: string[]): Promise<void> {
  if (exclude.has(folder)) return;
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await collect(root, path, exclude, into);
    else if (entry.isFile()) {
      const { size, mtimeMs } = await stat(path);
      into.push(`${relative(root, path)}\t${size}\t${Math.round(mtimeMs)}`);
    }
    if (into.length > DATA_FILES_MAX) {
      throw new AppError('invalid_option', `${root} holds more than ${DATA_FILES_MAX} files; name a manifest instead.`);
    }
  }
}
