/** Models that lie on the user's disk: what is in a folder or file, before anything is copied. */

import type { Stats } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError } from '../core/app-error.ts';
import type { ModelKind } from './artefact.ts';
import { errnoOf } from './disk-space.ts';

export interface LocalModel {
  readonly kind: ModelKind;
  /** From the folder's or file's name. */
  readonly suggestedName: string;
  readonly files: readonly { readonly path: string; readonly sourcePath: string; readonly sizeBytes: number }[];
}

/** A CTranslate2 folder, as faster-whisper reads it. */
const WHISPER_REQUIRED = ['config.json', 'model.bin', 'tokenizer.json'];
const WHISPER_OPTIONAL = ['preprocessor_config.json', 'vocabulary.json', 'vocabulary.txt'];
/** ASCII "GGUF", little-endian. */
const GGUF_MAGIC = 0x46554747;
/** Versions of CTranslate2's binary format that exist; the importer says which of them it reads. */
const CTRANSLATE2_VERSION_MAX = 6;

/**
 * Looks at a path: a CTranslate2 Whisper folder (or its model.bin), a GGUF file, or a folder with one GGUF file.
 * @throws AppError `file_not_found`, `file_unreadable`, `file_empty`, `model_format` (says what was found and expected)
 */
export async function inspectLocalModel(path: string): Promise<LocalModel> {
  const at = resolve(path);
  if (!(await statOf(at)).isDirectory()) {
    return basename(at) === 'model.bin' ? whisperFolder(dirname(at)) : ggufFile(at);
  }
  const names = await readdir(at).catch((error) => {
    throw unreadable(at, error);
  });
  if (names.includes('model.bin')) return whisperFolder(at);
  const gguf = names.filter((name) => name.toLowerCase().endsWith('.gguf'));
  if (gguf.length === 1) return ggufFile(join(at, gguf[0]!));
  throw new AppError(
    'model_format',
    gguf.length === 0
      ? `${at} holds neither model.bin (CTranslate2 Whisper) nor a .gguf file.`
      : `${at} holds ${gguf.length} GGUF files; name one of them: ${gguf.slice(0, 5).join(', ')}`,
  );
}

async function whisperFolder(folder: string): Promise<LocalModel> {
  const files: LocalModel['files'][number][] = [];
  for (const name of [...WHISPER_REQUIRED, ...WHISPER_OPTIONAL]) {
    const sourcePath = join(folder, name);
    const stats = await stat(sourcePath).catch(() => null);
    if (stats?.isFile()) files.push({ path: name, sourcePath, sizeBytes: stats.size });
    else if (WHISPER_REQUIRED.includes(name)) {
      throw new AppError(
        'model_format',
        `${folder} is no complete CTranslate2 Whisper folder: ${name} is missing ` +
          `(expected ${WHISPER_REQUIRED.join(', ')}).`,
      );
    }
  }
  const modelPath = join(folder, 'model.bin');
  const version = await firstWord(modelPath);
  if (version < 1 || version > CTRANSLATE2_VERSION_MAX) {
    throw new AppError(
      'model_format',
      `${modelPath} begins with ${hex32(version)}, ` +
        `expected a CTranslate2 version from 1 to ${CTRANSLATE2_VERSION_MAX}.`,
    );
  }
  return { kind: 'whisper', suggestedName: basename(folder), files };
}

async function ggufFile(path: string): Promise<LocalModel> {
  const word = await firstWord(path);
  if (word !== GGUF_MAGIC) {
    throw new AppError('model_format', `${path} begins with ${hex32(word)}, expected ${hex32(GGUF_MAGIC)} (GGUF).`);
  }
  const { size } = await statOf(path);
  const name = basename(path);
  return {
    kind: 'llm',
    suggestedName: name.replace(/\.gguf$/i, ''),
    files: [{ path: name, sourcePath: path, sizeBytes: size }],
  };
}

/** The first 32 bits, little-endian. */
async function firstWord(path: string): Promise<number> {
  try {
    const file = await open(path, 'r');
    try {
      const bytes = Buffer.alloc(4);
      const { bytesRead } = await file.read(bytes, 0, 4, 0);
      if (bytesRead === 4) return bytes.readUInt32LE(0);
      throw new AppError(
        bytesRead === 0 ? 'file_empty' : 'model_format',
        `${path} has ${bytesRead} bytes, expected a model.`,
      );
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof AppError ? error : unreadable(path, error);
  }
}

async function statOf(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): AppError {
  const errno = errnoOf(error);
  return errno === 'ENOENT' || errno === 'ENOTDIR'
    ? new AppError('file_not_found', `There is no ${path}.`, { cause: error })
    : new AppError('file_unreadable', `${path} cannot be read (${errno ?? String(error)}).`, { cause: error });
}

function hex32(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
