/** What the file system says: room left, and errors in words. */

import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../core/app-error.ts';

/** Kept free beyond what a step needs: other programs write too, and a disk filled to the last byte breaks them. */
export const SPACE_MARGIN_BYTES = 64 << 20;

/** Bytes that this user may still write at `path` (or at its nearest ancestor that exists). */
export async function freeBytesAt(path: string): Promise<number> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const stats = await statfs(at);
      return stats.bavail * stats.bsize;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || dirname(at) === at) throw fileSystemError(error, at);
    }
  }
}

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * A file system error of the cache as an AppError: `disk_full` or `cache_unwritable`; other errors come back unchanged.
 * A download that was under way keeps its partial file, so the next try goes on from there.
 */
export function fileSystemError(error: unknown, path: string): unknown {
  switch (errnoOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new AppError('disk_full', `No space is left for ${path}; what was downloaded so far is kept.`, {
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
    case 'EEXIST':
      return new AppError('cache_unwritable', `The model cache cannot be written (${errnoOf(error)}): ${path}`, {
        cause: error,
      });
    default:
      return error;
  }
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
