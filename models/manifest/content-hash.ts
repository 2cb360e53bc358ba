/** Hashes of content, in a stream. */

import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { ContentDigest, WantedFile } from './artefact.ts';
import { throwIfCanceled } from './progress.ts';

/** 1 MiB: fewer trips through the event loop than the default of 64 KiB, and still little memory. */
export const CHUNK_BYTES = 1 << 20;

/** SHA-256 of what passes by, and git's blob id where that is what is wanted. */
export class ContentHasher {
  readonly #sha256: Hash = createHash('sha256');
  readonly #git: Hash | null;
  #sizeBytes = 0;
  #sha256Hex: string | null = null;
  #gitHex: string | null = null;

  constructor(wanted: WantedFile) {
    this.#git = wanted.digest.algorithm === 'git-blob' ? createHash('sha1') : null;
    this.#git?.update(`blob ${wanted.sizeBytes}\0`);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  update(chunk: Uint8Array): void {
    this.#sizeBytes += chunk.length;
    this.#sha256.update(chunk);
    this.#git?.update(chunk);
  }

  sha256(): string {
    this.#sha256Hex ??= this.#sha256.digest('hex');
    return this.#sha256Hex;
  }

  /** The digest in the algorithm that was wanted. */
  found(): ContentDigest {
    if (!this.#git) return { algorithm: 'sha256', hex: this.sha256() };
    this.#gitHex ??= this.#git.digest('hex');
    return { algorithm: 'git-blob', hex: this.#gitHex };
  }
}

export interface HashFileOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Size and SHA-256 of a file. */
export async function hashFile(
  path: string,
  options: HashFileOptions = {},
): Promise<{ sizeBytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Uint8Array>) {
    throwIfCanceled(options.signal, 'Hashing');
    hash.update(chunk);
    sizeBytes += chunk.length;
    options.onBytes?.(chunk.length);
  }
  return { sizeBytes, sha256: hash.digest('hex') };
}
