/**
 * Ready models: step graphs made from blobs by a converter. A ready folder is keyed by the hashes of its source files,
 * the converter's version and its options, so a change of any of them makes another folder and never a stale mix.
 */

import { createHash, randomUUID } from 'node:crypto';
import { constants, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { AppError } from '../core/app-error.ts';
import { type Artefact, type ArtefactFile, type ModelKind, sourceSizeBytes } from './artefact.ts';
import { hashFile } from './content-hash.ts';
import { fileSystemError } from './disk-space.ts';
import { type OnModelProgress, throwIfCanceled } from './progress.ts';
import { type BlobState, type ModelStore, sizeOf } from './store.ts';

export type ConvertOptions = Readonly<Record<string, string | number | boolean>>;

export interface ConversionJob {
  /**
   * Path of each source file, by its name in the artefact. The files have no extension on disk and must not be changed.
   */
  readonly files: Readonly<Record<string, string>>;
  /** SHA-256 of each source file. */
  readonly sha256: Readonly<Record<string, string>>;
  /** An empty folder; what is in it afterwards is the model. */
  readonly outDir: string;
  readonly options: ConvertOptions;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Converter {
  /** Part of the key: changes whenever the output for the same input changes. */
  readonly version: string;
  /** Upper estimate of what is written, for the check of free space. */
  outputBytesMax(sourceBytes: number): number;
  /** @throws AppError `model_format`, `model_corrupt`, `memory_low` */
  convert(job: ConversionJob): Promise<void>;
}

/** One converter per kind; a kind without one can be downloaded but not made ready. */
export type Converters = Partial<Readonly<Record<ModelKind, Converter>>>;

/** A model whose files are used as they are (ONNX from its makers). */
export const COPY_CONVERTER: Converter = {
  version: 'copy-1',
  outputBytesMax: (sourceBytes) => sourceBytes,
  async convert(job) {
    for (const [name, from] of Object.entries(job.files)) {
      const to = join(job.outDir, ...name.split('/'));
      await mkdir(dirname(to), { recursive: true });
      await copyFile(from, to, constants.COPYFILE_FICLONE);
    }
  },
};

/** complete.json of a ready folder: it is written last, so a folder that has one is whole. */
export interface CompleteFile {
  readonly format: 1;
  readonly kind: ModelKind;
  readonly converterVersion: string;
  readonly options: ConvertOptions;
  readonly source: readonly ArtefactFile[];
  readonly files: readonly ArtefactFile[];
}

export interface ConversionPlan {
  readonly artefact: Pick<Artefact, 'name' | 'kind' | 'files'>;
  readonly converter: Converter;
  readonly options: ConvertOptions;
}

/** Name of the ready folder: `<kind>-<24 hexadecimal digits>`. */
export function convertedName(plan: ConversionPlan): string {
  const source = plan.artefact.files.map((file) => [file.path, file.sha256]).sort();
  const options = Object.entries(plan.options).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify({ source, version: plan.converter.version, options });
  return `${plan.artefact.kind}-${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
}

/** The ready folder, or null. Quick: complete.json and the sizes of its files; `verifyConverted` reads the hashes. */
export async function findConverted(store: ModelStore, plan: ConversionPlan): Promise<string | null> {
  const folder = store.convertedPath(convertedName(plan));
  const complete = await readComplete(folder);
  if (!complete) return null;
  for (const file of complete.files) {
    if ((await sizeOf(join(folder, file.path))) !== file.sizeBytes) return null;
  }
  return folder;
}

export interface ConvertCall {
  readonly onProgress?: OnModelProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Converts into a temporary folder and renames it. The source blobs are hashed first: a conversion takes longer than
 * that, and a damaged source would give a model that is quietly wrong. The caller holds the model's lock.
 * @throws AppError `model_missing`, `model_corrupt` for the blobs; `disk_full`; what the converter throws
 */
export async function convertModel(store: ModelStore, plan: ConversionPlan, call: ConvertCall): Promise<string> {
  const { artefact, converter } = plan;
  const name = convertedName(plan);
  return store.withLock(`convert-${name}`, async () => {
    const ready = await findConverted(store, plan);
    if (ready) return ready;
    await requireBlobs(store, artefact, call);
    const outputBytes = converter.outputBytesMax(sourceSizeBytes(artefact.files));
    await store.requireSpace(outputBytes, `Converting ${artefact.name}`);
    const folder = store.convertedPath(name);
    await removeLeftovers(store, name);
    const temporary = store.convertedPath(`.tmp-${name}-${randomUUID()}`);
    try {
      await mkdir(temporary, { recursive: true });
      await converter.convert({
        files: Object.fromEntries(artefact.files.map((file) => [file.path, store.blobPath(file.sha256)])),
        sha256: Object.fromEntries(artefact.files.map((file) => [file.path, file.sha256])),
        outDir: temporary,
        options: plan.options,
        onProgress: (doneBytes, totalBytes) =>
          call.onProgress?.({ artefact: artefact.name, phase: 'convert', doneBytes, totalBytes }),
        signal: call.signal,
      });
      throwIfCanceled(call.signal, `Converting ${artefact.name}`);
      await writeComplete(temporary, plan, call);
      await rm(folder, { recursive: true, force: true });
      await rename(temporary, folder);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true }).catch(() => {});
      throw fileSystemError(error, temporary);
    }
    await removeSuperseded(store, plan, name);
    return folder;
  });
}

/** State of each file of a ready folder, by hash; null where there is no complete folder of this plan. */
export async function verifyConverted(
  store: ModelStore,
  plan: ConversionPlan,
  call: ConvertCall,
): Promise<{ folder: string; files: { path: string; state: BlobState }[] } | null> {
  const folder = store.convertedPath(convertedName(plan));
  const complete = await readComplete(folder);
  if (!complete) return null;
  const files: { path: string; state: BlobState }[] = [];
  const totalBytes = sourceSizeBytes(complete.files);
  let doneBytes = 0;
  for (const file of complete.files) {
    const path = join(folder, file.path);
    if ((await sizeOf(path)) === null) {
      files.push({ path: file.path, state: 'missing' });
      continue;
    }
    const found = await hashFile(path, {
      signal: call.signal,
      onBytes: (bytes) => {
        doneBytes += bytes;
        call.onProgress?.({ artefact: plan.artefact.name, phase: 'verify', doneBytes, totalBytes });
      },
    });
    files.push({ path: file.path, state: found.sha256 === file.sha256 ? 'ok' : 'corrupt' });
  }
  return { folder, files };
}

/** All ready folders with their complete.json, whatever made them. */
export async function listConverted(store: ModelStore): Promise<{ folder: string; complete: CompleteFile }[]> {
  const names = await readdir(store.convertedPath('.')).catch(() => []);
  const found: { folder: string; complete: CompleteFile }[] = [];
  for (const name of names.sort()) {
    if (name.startsWith('.')) continue;
    const folder = store.convertedPath(name);
    const complete = await readComplete(folder);
    if (complete) found.push({ folder, complete });
  }
  return found;
}

/** True where a ready folder was made from exactly these files. */
export function isMadeFrom(complete: CompleteFile, files: readonly ArtefactFile[]): boolean {
  const hashes = (list: readonly ArtefactFile[]): string =>
    list
      .map((file) => file.sha256)
      .sort()
      .join();
  return hashes(complete.source) === hashes(files);
}

async function requireBlobs(store: ModelStore, artefact: ConversionPlan['artefact'], call: ConvertCall): Promise<void> {
  const totalBytes = sourceSizeBytes(artefact.files);
  let before = 0;
  for (const file of artefact.files) {
    const start = before;
    const state = await store.verifyBlob(file, {
      signal: call.signal,
      onBytes: (bytes) =>
        call.onProgress?.({ artefact: artefact.name, phase: 'verify', doneBytes: start + bytes, totalBytes }),
    });
    if (state === 'missing') throw new AppError('model_missing', `${artefact.name}: ${file.path} is not in the cache.`);
    if (state === 'corrupt') {
      throw new AppError('model_corrupt', `${artefact.name}: ${file.path} in the cache has not the pinned SHA-256.`);
    }
    before += file.sizeBytes;
  }
}

async function writeComplete(folder: string, plan: ConversionPlan, call: ConvertCall): Promise<void> {
  const files: ArtefactFile[] = [];
  const names = await readdir(folder, { recursive: true });
  for (const name of names.sort()) {
    const path = join(folder, name);
    const listed = relative(folder, path).split(sep).join('/');
    const found = await hashFile(path, { signal: call.signal }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EISDIR') return null;
      throw error;
    });
    if (found) files.push({ path: listed, ...found });
  }
  const complete: CompleteFile = {
    format: 1,
    kind: plan.artefact.kind,
    converterVersion: plan.converter.version,
    options: plan.options,
    source: plan.artefact.files,
    files,
  };
  await writeFile(join(folder, COMPLETE), `${JSON.stringify(complete, null, 2)}\n`);
}

const COMPLETE = 'complete.json';

async function readComplete(folder: string): Promise<CompleteFile | null> {
  try {
    const value = JSON.parse(await readFile(join(folder, COMPLETE), 'utf8')) as Partial<CompleteFile>;
    const known = value.format === 1 && Array.isArray(value.files) && Array.isArray(value.source);
    return known ? (value as CompleteFile) : null;
  } catch {
    // Not there, or of another version: not ready either way.
    return null;
  }
}

/** Temporary folders of processes that were killed: whoever holds the lock is the only one who may have one. */
async function removeLeftovers(store: ModelStore, name: string): Promise<void> {
  const names = await readdir(store.convertedPath('.')).catch(() => []);
  for (const left of names.filter((candidate) => candidate.startsWith(`.tmp-${name}-`))) {
    await rm(store.convertedPath(left), { recursive: true, force: true });
  }
}

/** The same source and options by another converter version: nobody will ask for it again, and it is large. */
async function removeSuperseded(store: ModelStore, plan: ConversionPlan, keep: string): Promise<void> {
  const options = JSON.stringify(Object.entries(plan.options).sort());
  for (const { folder, complete } of await listConverted(store)) {
    const isOther = complete.converterVersion !== plan.converter.version && folder !== store.convertedPath(keep);
    const isSame = JSON.stringify(Object.entries(complete.options).sort()) === options;
    if (isOther && isSame && complete.kind === plan.artefact.kind && isMadeFrom(complete, plan.artefact.files)) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
