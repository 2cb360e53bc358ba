/** Complaints about a list of items, all of the shape `FILE:LINE: what`. */
import { AppError } from '../../../models/core/app-error.ts';

/** `where`: `manifest.jsonl:12`, or a file's name where no line is to blame. */
export function malformed(where: string, what: string, cause?: unknown): AppError {
  return new AppError('manifest_malformed', `${where}: ${what}`, { cause });
}

/** What the system says of a file, in our codes. An AppError stays as it is. */
export function fileError(name: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const code = (cause as NodeJS.ErrnoException | null)?.code;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new AppError('file_not_found', `${name} does not exist`, { cause });
  if (code === 'EISDIR') return new AppError('file_is_directory', `${name} is a folder`, { cause });
  return new AppError('file_unreadable', `${name} cannot be read${code ? ` (${code})` : ''}`, { cause });
}

/** A value as it may stand in a message: on one line, and short. */
export function quoted(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
}
