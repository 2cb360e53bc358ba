/** What the models room is doing. It never prints: a caller draws these events, or ignores them. */

import { AppError } from '../core/app-error.ts';

/**
 * - `wait`: another process holds the lock on this model; bytes are 0.
 * - `download`: bytes come over the network.
 * - `unpack`: bytes are copied from local files, or joined from packages, into the cache.
 * - `verify`: bytes of the cache are hashed again.
 * - `convert`: the source weights become step graphs; the converter reports the bytes.
 */
export type ModelPhase = 'wait' | 'download' | 'unpack' | 'verify' | 'convert';

export interface ModelProgress {
  readonly artefact: string;
  readonly phase: ModelPhase;
  readonly doneBytes: number;
  /** 0 where it is not known. */
  readonly totalBytes: number;
}

export type OnModelProgress = (event: ModelProgress) => void;

/** Throws `canceled` where the signal has fired. */
export function throwIfCanceled(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw new AppError('canceled', `${what} was canceled.`, { cause: signal.reason });
}
