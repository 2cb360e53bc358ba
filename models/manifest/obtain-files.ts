/**
 * Brings the files of a model into the cache: sources in the user's order, each file from the first that has it right.
 */

import { AppError } from '../core/app-error.ts';
import { type Artefact, type ArtefactFile, sourceSizeBytes, type WantedFile } from './artefact.ts';
import type { OnModelProgress } from './progress.ts';
import { throwIfCanceled } from './progress.ts';
import type { ModelSource, OpenedSource } from './source.ts';
import type { ModelStore } from './store.ts';

export interface ObtainOptions {
  readonly store: ModelStore;
  readonly sources: readonly ModelSource[];
  readonly offline: boolean;
  readonly onProgress?: OnModelProgress | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes that the caller will write afterwards (the conversion), counted into the check of free space. */
  readonly laterBytes?: number | undefined;
}

/** What is asked for: an artefact's name and places, and the files that the cache lacks. */
export interface ObtainRequest {
  readonly artefact: Pick<Artefact, 'name' | 'pip' | 'hub' | 'hubHint'>;
  readonly files: readonly WantedFile[];
}

/**
 * Returns the files with their SHA-256, in the order asked for. The caller holds the model's lock.
 * @throws AppError the failure of the only source that was tried; with several, `hash_mismatch` or `python_missing`
 *   where one of them said so, else `source_unavailable`; the message holds them all. `source_offline` where only
 *   remote sources are left in offline mode. `disk_full`, `cache_unwritable`, `canceled` at once.
 */
export async function obtainFiles(request: ObtainRequest, options: ObtainOptions): Promise<ArtefactFile[]> {
  const { store, signal } = options;
  const { name } = request.artefact;
  await requireSpace(request, options);
  const arrived = new Map<string, ArtefactFile>();
  const failures: { source: string; error: AppError }[] = [];
  const skipped: string[] = [];
  for (const source of options.sources) {
    const files = request.files.filter((file) => !arrived.has(file.path));
    if (files.length === 0) break;
    if (source.remote && options.offline) {
      skipped.push(source.name);
      continue;
    }
    throwIfCanceled(signal, `Getting ${name}`);
    try {
      await takeFrom(source, { ...request, files }, arrived, options);
    } catch (error) {
      if (!(error instanceof AppError) || !TRY_NEXT.has(error.code)) throw error;
      failures.push({ source: source.name, error });
    }
  }
  const missing = request.files.filter((file) => !arrived.has(file.path));
  if (missing.length > 0) throw failureOf(name, missing, failures, skipped);
  await store.clearWork(name);
  return request.files.map((file) => arrived.get(file.path)!);
}

/** Failures after which another source may still succeed. */
const TRY_NEXT: ReadonlySet<string> = new Set([
  'source_unavailable',
  'python_missing',
  'hash_mismatch',
  'model_corrupt',
]);

async function takeFrom(
  source: ModelSource,
  request: ObtainRequest,
  arrived: Map<string, ArtefactFile>,
  options: ObtainOptions,
): Promise<void> {
  const { store, signal, onProgress } = options;
  const { name } = request.artefact;
  const workDir = await store.workDir(name, source.name);
  const opened = await source.open(request, {
    signal,
    workDir,
    onPrepare: (doneBytes, totalBytes) => onProgress?.({ artefact: name, phase: 'download', doneBytes, totalBytes }),
  });
  if (!opened) return;
  let complete = false;
  try {
    await takeFiles(opened, request, arrived, options);
    complete = request.files.every((file) => arrived.has(file.path));
  } finally {
    await opened.close(complete);
  }
}

async function takeFiles(
  opened: OpenedSource,
  request: ObtainRequest,
  arrived: Map<string, ArtefactFile>,
  options: ObtainOptions,
): Promise<void> {
  const { store, signal, onProgress } = options;
  const totalBytes = sourceSizeBytes(request.files);
  let before = 0;
  for (const file of request.files) {
    const origin = await opened.origin(file);
    if (origin) {
      const start = before;
      const report = (bytes: number): void =>
        onProgress?.({ artefact: request.artefact.name, phase: opened.phase, doneBytes: start + bytes, totalBytes });
      try {
        arrived.set(file.path, await store.addBlob(file, origin, { signal, onBytes: report }));
      } catch (error) {
        if (error instanceof AppError && error.code === 'hash_mismatch') await origin.discard?.();
        throw error;
      }
      report(file.sizeBytes);
    }
    before += file.sizeBytes;
  }
}

/**
 * The whole need, before the first byte: files less what a broken download left, the sources' own, and what follows.
 */
async function requireSpace(request: ObtainRequest, options: ObtainOptions): Promise<void> {
  let neededBytes = sourceSizeBytes(request.files) + (options.laterBytes ?? 0);
  for (const file of request.files) neededBytes -= Math.min(await options.store.partialBytes(file), file.sizeBytes);
  const usable = options.sources.filter((source) => !(source.remote && options.offline));
  neededBytes += Math.max(0, ...usable.map((source) => source.workBytes(request)));
  await options.store.requireSpace(neededBytes, `Getting ${request.artefact.name}`);
}

function failureOf(
  name: string,
  missing: readonly WantedFile[],
  failures: readonly { source: string; error: AppError }[],
  skipped: readonly string[],
): AppError {
  if (failures.length === 1 && skipped.length === 0) return failures[0]!.error;
  const files = missing.map((file) => file.path).join(', ');
  if (failures.length > 0) {
    const codes = failures.map(({ error }) => error.code);
    const code = codes.find((candidate) => candidate === 'hash_mismatch') ?? codes.find((c) => c === 'python_missing');
    const reasons = failures.map(({ source, error }) => `${source}: ${error.message}`).join('\n  ');
    return new AppError(code ?? 'source_unavailable', `No source has ${name} (${files}).\n  ${reasons}`, {
      cause: failures[0]!.error,
    });
  }
  if (skipped.length > 0) {
    return new AppError(
      'source_offline',
      `${name} is not in the cache (${files}), and offline mode leaves out the sources ${skipped.join(' and ')}.`,
    );
  }
  return new AppError('source_unavailable', `None of the sources given has ${name} (${files}).`);
}
