import { type FileHandle, open, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { AppError } from '../../models/core/app-error.ts';
import { type DocumentFormat, documentFormat, KIND_HEAD_BYTES } from '../../models/page-image/document-kind.ts';
import { makeTemporaryFolder } from '../temporary/temporary-folder.ts';
import { unlessAborted } from './abort.ts';

/** Where a document comes from: a path, the bytes of a file, or a stream of them. */
export type DocumentInput = string | Uint8Array | AsyncIterable<Uint8Array>;

/** A document whose bytes can be read at any place, and whose first bytes were looked at. */
export interface DocumentSource {
  /** File name without folders, for messages. */
  readonly name: string;
  readonly format: DocumentFormat;
  readonly at: { readonly path: string } | { readonly bytes: Uint8Array };
  /** Removes what was put on the disk. May be called twice. */
  close(): Promise<void>;
}

export interface SourceOptions {
  readonly bytesMax: number;
  readonly signal?: AbortSignal | undefined;
}

const UNNAMED = 'the document';

/**
 * Throws AppError file_not_found, file_is_directory, file_unreadable, file_empty, document_too_large, the refusals of
 * document-kind.ts, disk_full, canceled. Then nothing is left on the disk.
 */
export async function openSource(input: DocumentInput, options: SourceOptions): Promise<DocumentSource> {
  if (input instanceof Uint8Array) return bytesSource(input, options);
  if (typeof input !== 'string') return spooledSource(input, UNNAMED, options);
  return pathSource(resolve(input), options);
}

async function bytesSource(bytes: Uint8Array, { bytesMax }: SourceOptions): Promise<DocumentSource> {
  if (bytes.length === 0) throw emptyError(UNNAMED);
  if (bytes.length > bytesMax) throw tooLargeError(UNNAMED, bytesMax);
  const format = documentFormat(bytes.subarray(0, KIND_HEAD_BYTES), UNNAMED);
  return { name: UNNAMED, format, at: { bytes }, close: async () => {} };
}

async function pathSource(path: string, options: SourceOptions): Promise<DocumentSource> {
  const name = basename(path);
  let handle: FileHandle | null = null;
  try {
    handle = await open(path, 'r');
    const stat = await handle.stat();
    if (stat.isDirectory()) throw new AppError('file_is_directory', `${name} is a folder, not a document`);
    // A pipe gives its bytes once and in order: they have to be kept.
    if (!stat.isFile()) return await spooledSource(handle.createReadStream({ autoClose: false }), name, options);
    if (stat.size === 0) throw emptyError(name);
    if (stat.size > options.bytesMax) throw tooLargeError(name, options.bytesMax);
    const { buffer, bytesRead } = await handle.read(new Uint8Array(KIND_HEAD_BYTES), 0, KIND_HEAD_BYTES, 0);
    const format = documentFormat(buffer.subarray(0, bytesRead), name);
    return { name, format, at: { path }, close: async () => {} };
  } catch (error) {
    throw pathError(error, name);
  } finally {
    await handle?.close();
  }
}

/** Writes the stream to a file of its own, which only this user can read, and which goes with the source. */
async function spooledSource(
  stream: AsyncIterable<Uint8Array>,
  name: string,
  { bytesMax, signal }: SourceOptions,
): Promise<DocumentSource> {
  const iterator = stream[Symbol.asyncIterator]();
  const folder = await makeTemporaryFolder('document');
  const close = () => rm(folder, { recursive: true, force: true });
  const path = join(folder, 'document');
  let handle: FileHandle | null = null;
  try {
    handle = await open(path, 'wx', 0o600);
    let format: DocumentFormat | null = null;
    let head: Uint8Array = new Uint8Array(0);
    let length = 0;
    for (;;) {
      const { value, done } = await unlessAborted(iterator.next(), signal, `Reading ${name}`);
      if (done) break;
      length += value.length;
      if (length > bytesMax) throw tooLargeError(name, bytesMax);
      if (format === null) {
        head = Buffer.concat([head, value]).subarray(0, KIND_HEAD_BYTES);
        // What cannot be read is refused with its first bytes, not after its last.
        if (head.length === KIND_HEAD_BYTES) format = documentFormat(head, name);
      }
      await handle.writeFile(value);
    }
    if (length === 0) throw emptyError(name);
    format ??= documentFormat(head, name);
    return { name, format, at: { path }, close };
  } catch (error) {
    // Not awaited: a generator that waits for data answers only when the data comes.
    void Promise.resolve(iterator.return?.()).catch(() => {});
    await close();
    throw spoolError(error, name);
  } finally {
    await handle?.close();
  }
}

function emptyError(name: string): AppError {
  return new AppError('file_empty', `${name} is empty`);
}

function tooLargeError(name: string, bytesMax: number): AppError {
  return new AppError('document_too_large', `${name} has more than ${bytesMax} bytes`);
}

function pathError(error: unknown, name: string): AppError {
  if (error instanceof AppError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new AppError('file_not_found', `There is no file ${name}`, { cause: error });
  }
  return new AppError('file_unreadable', `${name} cannot be read (${code ?? String(error)})`, { cause: error });
}

function spoolError(error: unknown, name: string): AppError {
  if (error instanceof AppError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC') return new AppError('disk_full', `No room to keep ${name} while it is read`, { cause: error });
  return new AppError('file_unreadable', `${name} stopped coming (${code ?? message})`, { cause: error });
}
