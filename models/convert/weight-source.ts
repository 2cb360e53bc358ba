import type { FileHandle } from 'node:fs/promises';
import { AppError } from '../core/app-error.ts';

/** Bytes of one tensor, made as they are written: nothing larger than a chunk needs to be in memory. */
export interface TensorSource {
  /** Exact number of bytes that `chunks` will give. */
  readonly byteLength: number;
  /** A fresh pass over the bytes, little-endian. The consumer is done with a chunk when it asks for the next one. */
  chunks(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** Bytes read from a file at a time: large enough to be quick, small beside any model. */
export const CHUNK_BYTES = 1 << 20;

/** A tensor that is in memory already. The array is not copied: leave it alone until the model is written. */
export function arraySource(array: ArrayBufferView): TensorSource {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return { byteLength: bytes.byteLength, chunks: () => [bytes] };
}

/** A byte range of an open file; the handle must stay open until the model is written. */
export function fileSource(handle: FileHandle, offset: number, byteLength: number): TensorSource {
  return { byteLength, chunks: () => fileChunks(handle, offset, byteLength, CHUNK_BYTES) };
}

/**
 * The range in chunks of `chunkBytes` (the last one shorter). One buffer is used again and again.
 * Callers check lengths before they get here. Errors: model_corrupt, where the file shrank since.
 */
export async function* fileChunks(
  handle: FileHandle,
  offset: number,
  byteLength: number,
  chunkBytes: number,
): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(Math.min(chunkBytes, byteLength));
  let done = 0;
  while (done < byteLength) {
    const wanted = Math.min(buffer.length, byteLength - done);
    let have = 0;
    while (have < wanted) {
      const { bytesRead } = await handle.read(buffer, have, wanted - have, offset + done + have);
      if (bytesRead === 0) {
        const missing = `${byteLength - done - have} bytes are missing at byte ${offset + done + have}`;
        throw new AppError('model_corrupt', `The weights file shrank while it was read: ${missing}`);
      }
      have += bytesRead;
    }
    yield buffer.subarray(0, wanted);
    done += wanted;
  }
}

/** Several tensors one after the other, as if stacked along their first axis. */
export function joinedSource(parts: readonly TensorSource[]): TensorSource {
  const byteLength = parts.reduce((sum, part) => sum + part.byteLength, 0);
  return {
    byteLength,
    async *chunks() {
      for (const part of parts) yield* part.chunks();
    },
  };
}

/** The whole tensor in memory. For small ones: biases, norms, tables. */
export async function collectBytes(source: TensorSource): Promise<Uint8Array> {
  const out = new Uint8Array(source.byteLength);
  let done = 0;
  for await (const chunk of source.chunks()) {
    out.set(chunk, done);
    done += chunk.length;
  }
  return out;
}
