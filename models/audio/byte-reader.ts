import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError } from '../core/app-error.ts';

/** Bytes per read: large enough to keep system calls rare, small enough that a block is nothing beside a model. */
const BLOCK_BYTES = 65_536;

/** Where a reader gets its bytes: a path, the bytes themselves, or a stream of them. */
export type ByteInput = string | Uint8Array | AsyncIterable<Uint8Array>;

interface Backend {
  /** Next block in order, or null at the end. */
  next(): Promise<Uint8Array | null>;
  /** Moves the next block's start forward to `offset`; absent where the bytes can only be read in order. */
  seek?(offset: number): void;
  at?(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Reads bytes in order with a bounded look-ahead. Views handed out stay valid: no buffer is ever written twice.
 */
export class ByteReader {
  /** File name without folders, for messages. */
  readonly name: string;
  /** Total bytes; null for a stream. */
  readonly lengthBytes: number | null;
  readonly #backend: Backend;
  #buffer: Uint8Array = new Uint8Array(0);
  #position = 0;
  #ended = false;

  private constructor(name: string, lengthBytes: number | null, backend: Backend) {
    this.name = name;
    this.lengthBytes = lengthBytes;
    this.#backend = backend;
  }

  /**
   * `signal` ends the wait for a stream that stalls. Throws AppError file_not_found, file_is_directory, file_unreadable
   * or file_empty.
   */
  static async open(input: ByteInput, signal?: AbortSignal): Promise<ByteReader> {
    if (typeof input === 'string') return openPath(input, (...parts) => new ByteReader(...parts));
    if (input instanceof Uint8Array) {
      if (input.length === 0) throw new AppError('file_empty', 'The audio holds no bytes');
      return new ByteReader('audio', input.length, memoryBackend(input));
    }
    return new ByteReader('audio', null, streamBackend(input, signal));
  }

  /** Offset of the next byte to be read. */
  get position(): number {
    return this.#position;
  }

  get seekable(): boolean {
    return this.#backend.at !== undefined;
  }

  /** Up to `length` next bytes, without taking them; fewer only at the end. */
  async peek(length: number): Promise<Uint8Array> {
    while (this.#buffer.length < length && !this.#ended) await this.#fill();
    return this.#buffer.subarray(0, length);
  }

  /** Takes `length` bytes; fewer only at the end. */
  async take(length: number): Promise<Uint8Array> {
    const bytes = await this.peek(length);
    this.#consume(bytes.length);
    return bytes;
  }

  /** Takes whatever comes next, at least one byte, at most a block; empty at the end. */
  async takeSome(lengthMax = BLOCK_BYTES): Promise<Uint8Array> {
    if (this.#buffer.length === 0 && !this.#ended) await this.#fill();
    const bytes = this.#buffer.subarray(0, lengthMax);
    this.#consume(bytes.length);
    return bytes;
  }

  /** Passes over `length` bytes; returns how many there were. */
  async skip(length: number): Promise<number> {
    const buffered = Math.min(length, this.#buffer.length);
    this.#consume(buffered);
    let left = length - buffered;
    if (left > 0 && this.#backend.seek && this.lengthBytes !== null) {
      const jump = Math.min(left, this.lengthBytes - this.#position);
      this.#position += jump;
      this.#backend.seek(this.#position);
      return buffered + jump;
    }
    while (left > 0) {
      const bytes = await this.takeSome(left);
      if (bytes.length === 0) break;
      left -= bytes.length;
    }
    return length - left;
  }

  /** Bytes at an absolute offset, fewer only at the end; only where `seekable`. The reading position stays. */
  async at(offset: number, length: number): Promise<Uint8Array> {
    if (!this.#backend.at) throw new Error('this source can only be read in order');
    return this.#backend.at(offset, length);
  }

  /** The rest, block by block. */
  async *rest(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const bytes = await this.takeSome();
      if (bytes.length === 0) return;
      yield bytes;
    }
  }

  async close(): Promise<void> {
    this.#ended = true;
    this.#buffer = new Uint8Array(0);
    await this.#backend.close();
  }

  #consume(length: number): void {
    this.#buffer = this.#buffer.subarray(length);
    this.#position += length;
  }

  async #fill(): Promise<void> {
    const block = await this.#backend.next();
    if (!block) {
      this.#ended = true;
    } else if (this.#buffer.length === 0) {
      this.#buffer = block;
    } else {
      const joined = new Uint8Array(this.#buffer.length + block.length);
      joined.set(this.#buffer);
      joined.set(block, this.#buffer.length);
      this.#buffer = joined;
    }
  }
}

type MakeReader = (name: string, lengthBytes: number | null, backend: Backend) => ByteReader;

async function openPath(path: string, make: MakeReader): Promise<ByteReader> {
  const name = basename(path);
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    throw pathError(error, name);
  }
  try {
    const stat = await handle.stat();
    if (stat.isDirectory()) throw new AppError('file_is_directory', `${name} is a folder, not an audio file`);
    if (stat.isFile() && stat.size === 0) throw new AppError('file_empty', `${name} is empty`);
    return make(name, stat.isFile() ? stat.size : null, fileBackend(handle, stat.isFile(), name));
  } catch (error) {
    await handle.close();
    throw pathError(error, name);
  }
}

function pathError(error: unknown, name: string): AppError {
  if (error instanceof AppError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new AppError('file_not_found', `There is no file ${name}`, { cause: error });
  }
  if (code === 'EISDIR') return new AppError('file_is_directory', `${name} is a folder`, { cause: error });
  return new AppError('file_unreadable', `${name} cannot be read (${code ?? String(error)})`, { cause: error });
}

function fileBackend(handle: FileHandle, regular: boolean, name: string): Backend {
  let offset = 0;
  let open = true;
  const read = async (at: number | null, length: number): Promise<Uint8Array> => {
    const buffer = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      let got: number;
      try {
        got = (await handle.read(buffer, filled, length - filled, at === null ? null : at + filled)).bytesRead;
      } catch (error) {
        throw pathError(error, name);
      }
      if (got === 0) break;
      filled += got;
      // A pipe gives what it has: do not wait for a whole block of it.
      if (at === null) break;
    }
    return buffer.subarray(0, filled);
  };
  return {
    async next() {
      const block = await read(regular ? offset : null, BLOCK_BYTES);
      offset += block.length;
      return block.length > 0 ? block : null;
    },
    ...(regular
      ? {
          seek(to: number) {
            offset = to;
          },
          at: read,
        }
      : {}),
    async close() {
      if (!open) return;
      open = false;
      await handle.close();
    },
  };
}

function memoryBackend(bytes: Uint8Array): Backend {
  let offset = 0;
  return {
    async next() {
      if (offset >= bytes.length) return null;
      // Decoding is synchronous: let timers, sockets and abort signals have their turn between blocks.
      await nextTurn();
      const block = bytes.subarray(offset, offset + BLOCK_BYTES);
      offset += block.length;
      return block;
    },
    seek(to) {
      offset = to;
    },
    async at(from, length) {
      return bytes.subarray(Math.min(from, bytes.length), Math.min(from + length, bytes.length));
    },
    async close() {},
  };
}

function streamBackend(stream: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): Backend {
  const iterator = stream[Symbol.asyncIterator]();
  return {
    async next() {
      for (;;) {
        const { value, done } = await unlessAborted(iterator.next(), signal);
        if (done) return null;
        if (value.length > 0) return value;
      }
    },
    async close() {
      // Not awaited: a generator that waits for data answers only when the data comes.
      void Promise.resolve(iterator.return?.()).catch(() => {});
    },
  };
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(new AppError('canceled', 'Reading the audio was canceled', { cause: signal.reason }));
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
