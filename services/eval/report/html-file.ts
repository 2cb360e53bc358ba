/** A page on disk: whole or not at all (temporary name, then rename), so that a browser never shows half of one. */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { AppError } from '../../../models/core/app-error.ts';
import type { Html } from './page/html.ts';

/** Replaces what is there: a report is made again from its results at any time. @throws AppError disk_full, output_unwritable */
export async function writeHtmlFile(path: string, page: Html): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.part`;
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(page.text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new AppError('disk_full', `${path} cannot be written: no space is left`, { cause });
    }
    throw new AppError('output_unwritable', `${path} cannot be written: ${code ?? (cause as Error).message}`, {
      cause,
    });
  }
}
