/** Results in a folder: each file is written under a temporary name and renamed, so it appears whole or not at all. */

import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { AppError } from '../../models/core/app-error.ts';
import type { Transcript } from '../../models/core/transcript.ts';
import { FILE_ENDINGS, type OutputFormat, writeTranscript } from './format.ts';

/** Temporary files of this process; whatever ends it, none stays behind. */
const temporaries = new Set<string>();
let watchingExit = false;

/** Path of the result for `input`: its name without the ending, in `folder`. */
export function outputPath(folder: string, input: string, format: OutputFormat): string {
  const name = input === '-' ? 'stdin' : basename(input);
  const stem = name.slice(0, name.length - extname(name).length) || name;
  return join(folder, stem + FILE_ENDINGS[format]);
}

/**
 * Makes the folder and checks that nothing is in the way, before hours of work are spent.
 * @throws AppError invalid_option (two inputs with one output), output_exists, output_unwritable
 */
export async function prepareOutputs(
  folder: string,
  inputs: readonly string[],
  formats: readonly OutputFormat[],
  overwrite: boolean,
): Promise<void> {
  const owners = new Map<string, string>();
  for (const input of inputs) {
    for (const path of formats.map((format) => outputPath(folder, input, format))) {
      const other = owners.get(path);
      if (other !== undefined) {
        throw new AppError('invalid_option', `${other} and ${input} would both be written to ${path}; rename one.`);
      }
      owners.set(path, input);
    }
  }
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw unwritable(folder, error);
  }
  for (const path of owners.keys()) {
    const found = await stat(path).catch(() => null);
    if (found?.isDirectory()) throw new AppError('output_exists', `${path} is a folder.`);
    if (found && !overwrite) throw new AppError('output_exists', `${path} exists.`);
  }
}

/** Writes all formats of one transcript, or none. Returns the paths. @throws AppError as prepareOutputs, disk_full */
export async function writeOutputs(
  folder: string,
  input: string,
  transcript: Transcript,
  formats: readonly OutputFormat[],
  overwrite: boolean,
): Promise<string[]> {
  const written: { temporary: string; path: string }[] = [];
  try {
    for (const format of formats) {
      const path = outputPath(folder, input, format);
      written.push({ temporary: await writeTemporary(path, writeTranscript(transcript, format)), path });
    }
    for (const { temporary, path } of written) await publish(temporary, path, overwrite);
  } finally {
    for (const { temporary } of written) {
      await rm(temporary, { force: true });
      temporaries.delete(temporary);
    }
  }
  return written.map(({ path }) => path);
}

async function writeTemporary(path: string, content: string): Promise<string> {
  if (!watchingExit) {
    watchingExit = true;
    process.on('exit', () => {
      for (const temporary of temporaries) rmSync(temporary, { force: true });
    });
  }
  const temporary = `${path}.${randomBytes(6).toString('hex')}.part`;
  temporaries.add(temporary);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(content);
      // Without this, a power cut could leave the new name with an empty file.
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(temporary, { force: true });
    throw unwritable(path, error);
  }
  return temporary;
}

async function publish(temporary: string, path: string, overwrite: boolean): Promise<void> {
  try {
    if (overwrite) await rename(temporary, path);
    else await linkOrRename(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new AppError('output_exists', `${path} exists.`);
    throw unwritable(path, error);
  }
}

/** A link fails where the name is taken, a rename would replace it. Some file systems have no links. */
async function linkOrRename(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST' || (await stat(path).catch(() => null)))
      throw Object.assign(error as Error, { code: 'EEXIST' });
    await rename(temporary, path);
  }
}

function unwritable(path: string, cause: unknown): AppError {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError('disk_full', `${path} cannot be written: no space is left.`, { cause });
  }
  return new AppError('output_unwritable', `${path} cannot be written: ${code ?? message}.`, { cause });
}
