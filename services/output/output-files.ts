/** Results in a folder: each file is written under a temporary name and renamed, so it appears whole or not at all. */

import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type FileHandle, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { AppError } from '../../models/core/app-error.ts';
import type { Transcript } from '../../models/core/transcript.ts';
import { FILE_ENDINGS, type OutputFormat, writeTranscript } from './format.ts';

/** Temporary files of this process; whatever ends it, none stays behind. */
const temporaries = new Set<string>();
let watchingExit = false;

/** Path of the result for `input`: its name without its ending, in `folder`, with `ending`. */
export function outputPath(folder: string, input: string, ending: string): string {
  const name = input === '-' ? 'stdin' : basename(input);
  const stem = name.slice(0, name.length - extname(name).length) || name;
  return join(folder, stem + ending);
}

/**
 * Makes the folder and checks that nothing is in the way, before hours of work are spent.
 * @throws AppError invalid_option (two inputs with one output), output_exists, output_unwritable
 */
export async function prepareOutputs(
  folder: string,
  inputs: readonly string[],
  endings: readonly string[],
  overwrite: boolean,
): Promise<void> {
  const owners = new Map<string, string>();
  for (const input of inputs) {
    for (const path of endings.map((ending) => outputPath(folder, input, ending))) {
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
  const paths = formats.map((format) => outputPath(folder, input, FILE_ENDINGS[format]));
  return writeTogether(paths, overwrite, async (files) => {
    for (const [i, format] of formats.entries()) await files[i]!.write(writeTranscript(transcript, format));
  });
}

/**
 * Files that appear together, or not at all: `fill` writes each, as it comes, under a temporary name. Returns the paths.
 * @throws AppError output_exists, output_unwritable, disk_full; and what `fill` throws
 */
export async function writeTogether(
  paths: readonly string[],
  overwrite: boolean,
  fill: (files: readonly OutputFile[]) => Promise<void>,
): Promise<string[]> {
  const files: OutputFile[] = [];
  try {
    for (const path of paths) files.push(await OutputFile.open(path));
    await fill(files);
    for (const file of files) await file.finish();
    for (const file of files) await publish(file.temporary, file.path, overwrite);
  } finally {
    for (const file of files) await file.discard();
  }
  return [...paths];
}

/** A file under its temporary name. */
export class OutputFile {
  readonly path: string;
  readonly temporary: string;
  #handle: FileHandle;
  #open = true;

  private constructor(path: string, temporary: string, handle: FileHandle) {
    this.path = path;
    this.temporary = temporary;
    this.#handle = handle;
  }

  static async open(path: string): Promise<OutputFile> {
    if (!watchingExit) {
      watchingExit = true;
      process.on('exit', () => {
        for (const temporary of temporaries) rmSync(temporary, { force: true });
      });
    }
    const temporary = `${path}.${randomBytes(6).toString('hex')}.part`;
    temporaries.add(temporary);
    try {
      return new OutputFile(path, temporary, await open(temporary, 'wx'));
    } catch (error) {
      temporaries.delete(temporary);
      throw unwritable(path, error);
    }
  }

  async write(content: string | Uint8Array): Promise<void> {
    try {
      await this.#handle.appendFile(content);
    } catch (error) {
      throw unwritable(this.path, error);
    }
  }

  /** Puts what was written on the disk: without this, a power cut could leave the new name with an empty file. */
  async finish(): Promise<void> {
    try {
      await this.#handle.sync();
      this.#open = false;
      await this.#handle.close();
    } catch (error) {
      throw unwritable(this.path, error);
    }
  }

  /** Takes the temporary name away; does nothing to a file that was published. */
  async discard(): Promise<void> {
    if (this.#open) await this.#handle.close().catch(() => undefined);
    this.#open = false;
    await rm(this.temporary, { force: true });
    temporaries.delete(this.temporary);
  }
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
