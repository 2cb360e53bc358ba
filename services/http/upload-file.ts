/** An upload on its way to a private temporary file: counted, timed, and always removed. */
import { type FileHandle, open, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Clock } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import { LINGER_BYTES_MAX, LINGER_MS_MAX } from '../server/limits.ts';
import { RetryLater } from '../server/retry-later.ts';
import { makeTemporaryFolder } from '../temporary/temporary-folder.ts';

export interface UploadFile {
  readonly path: string;
  readonly bytes: number;
  /** May be called twice. */
  remove(): Promise<void>;
}

/** Aborts where an upload stands still, or has more bytes in all than it may have. */
export class UploadWatch {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #bytesMax: number;
  readonly #idleMs: number;
  readonly #clock: Clock;
  #bytes = 0;
  #callOff: () => void = () => {};

  /** `signal`: of the request; its reason is passed on. */
  constructor(limits: { readonly bytesMax: number; readonly idleMs: number }, clock: Clock, signal: AbortSignal) {
    this.signal = AbortSignal.any([this.#controller.signal, signal]);
    this.#bytesMax = limits.bytesMax;
    this.#idleMs = limits.idleMs;
    this.#clock = clock;
    this.#restart();
  }

  get bytes(): number {
    return this.#bytes;
  }

  note(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#bytesMax) {
      this.#controller.abort(new AppError('payload_too_large', `The body has more than ${this.#bytesMax} bytes.`));
    }
    this.#restart();
  }

  /** What is found wrong with the body while it comes. */
  refuse(error: AppError): void {
    this.#controller.abort(error);
  }

  close(): void {
    this.#callOff();
    this.#callOff = () => {};
  }

  #restart(): void {
    this.#callOff();
    this.#callOff = this.#clock.after(this.#idleMs, () => {
      const seconds = this.#idleMs / 1000;
      this.#controller.abort(new RetryLater('request_timeout', `No byte of the body came for ${seconds} s.`, 1));
    });
  }
}

/**
 * Writes a stream to a file that only this user can read, under a name for messages. Throws payload_too_large, disk_full,
 * and the signal's reason; then nothing is left on the disk.
 */
export async function receiveFile(
  stream: AsyncIterable<Uint8Array>,
  options: { readonly name: string; readonly bytesMax: number; readonly signal: AbortSignal },
): Promise<UploadFile> {
  const { name, bytesMax, signal } = options;
  const folder = await makeTemporaryFolder('upload');
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const path = join(folder, name);
  const iterator = stream[Symbol.asyncIterator]();
  let handle: FileHandle | null = null;
  try {
    handle = await open(path, 'wx', 0o600);
    let bytes = 0;
    for (;;) {
      const { value, done } = await orAborted(iterator.next(), signal);
      if (done) break;
      bytes += value.length;
      if (bytes > bytesMax) throw new AppError('payload_too_large', `The file has more than ${bytesMax} bytes.`);
      await handle.writeFile(value);
    }
    return { path, bytes, remove };
  } catch (error) {
    await remove();
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') {
      throw new AppError('disk_full', 'There is no room for the upload.', { cause: error });
    }
    throw error;
  } finally {
    await handle?.close();
  }
}

/** The result, or the signal's reason as soon as it aborts; what was asked for goes on unheard. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/**
 * Takes in and forgets what a refused sender still sends, within bounds: one who only sees the connection break never
 * reads why. Resolves when the body ends, or a bound is met.
 */
export function linger(raw: IncomingMessage, clock: Clock): Promise<void> {
  if (raw.readableEnded || raw.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let bytes = 0;
    const stop = (): void => {
      callOff();
      raw.off('data', count);
      raw.off('end', stop);
      raw.off('close', stop);
      resolve();
    };
    const count = (chunk: Uint8Array): void => {
      bytes += chunk.length;
      if (bytes > LINGER_BYTES_MAX) stop();
    };
    const callOff = clock.after(LINGER_MS_MAX, stop);
    raw.unpipe();
    raw.on('data', count);
    raw.on('end', stop);
    raw.on('close', stop);
    raw.resume();
  });
}
