import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** The bytes of a document wherever they lie. Runs inside a decoder, where nothing else waits: it reads synchronously. */
export interface RandomAccess {
  readonly lengthBytes: number;
  /** Bytes at an absolute offset, fewer only at the end. */
  readonly readAt: (offset: number, length: number) => Uint8Array;
  close(): void;
}

export function randomAccessFile(path: string): RandomAccess {
  const descriptor = openSync(path, 'r');
  return {
    lengthBytes: fstatSync(descriptor).size,
    readAt(offset, length) {
      const bytes = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const got = readSync(descriptor, bytes, filled, length - filled, offset + filled);
        if (got === 0) break;
        filled += got;
      }
      return bytes.subarray(0, filled);
    },
    close: () => closeSync(descriptor),
  };
}

export function randomAccessBytes(bytes: Uint8Array): RandomAccess {
  return {
    lengthBytes: bytes.length,
    readAt: (offset, length) => bytes.subarray(offset, offset + length),
    close: () => {},
  };
}
