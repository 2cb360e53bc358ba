/**
 * `run.json`: what a report folder holds a run of. A run goes on only where everything that decides its results is the
 * same; else it would mix two. Seed and draws of the bootstrap are not part of it: they decide the summary alone.
 */
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../../models/core/app-error.ts';
import { errnoOf } from '../../../models/manifest/disk-space.ts';
import type { EvalResults, EvalTask } from '../results.ts';
import { unwritable } from './journal.ts';

/** Everything that decides the results, as JSON. */
export interface RunFingerprint {
  readonly task: EvalTask;
  readonly data: { readonly location: string; readonly form: string; readonly identity: string };
  readonly systems: readonly { readonly name: string; readonly settings: Readonly<Record<string, unknown>> }[];
  readonly settings: Readonly<Record<string, unknown>>;
  readonly models: EvalResults['models'];
  readonly commit: string | null;
}

export interface RunRecord {
  readonly format: 'bytefuse-eval-run';
  readonly version: 1;
  readonly startedAt: string;
  readonly fingerprint: RunFingerprint;
  /** Largest resident memory of the processes that worked on the run and ended by themselves; 0 before the first. */
  readonly peakMemoryBytes: number;
}

/** Files of a run in its report folder. */
export const RUN_FILES = {
  record: 'run.json',
  items: 'items.jsonl',
  results: 'results.json',
  report: 'report.html',
  comparison: 'compare.html',
  lock: 'run.lock',
} as const;

/**
 * Opens the folder for a run: makes it, empties it of an older run where `restart` says so, and checks what is there.
 * Returns the record, old or new. The caller holds the lock.
 * @throws AppError run_mismatch (names what differs), output_unwritable, disk_full
 */
export async function openRunRecord(
  folder: string,
  fingerprint: RunFingerprint,
  { restart, startedAt }: { readonly restart: boolean; readonly startedAt: string },
): Promise<RunRecord> {
  if (restart) await clearRun(folder);
  const held = await readRecord(folder);
  if (held !== null) {
    const differences = differencesOf(held.fingerprint, fingerprint);
    if (differences.length === 0) return held;
    throw new AppError('run_mismatch', `${folder} holds another run. It differs in ${differences.join('; ')}.`);
  }
  for (const name of [RUN_FILES.items, RUN_FILES.results]) {
    if (await stat(join(folder, name)).catch(() => null)) {
      throw new AppError('run_mismatch', `${folder} holds ${name} and no ${RUN_FILES.record} that tells of which run.`);
    }
  }
  const record: RunRecord = {
    format: 'bytefuse-eval-run',
    version: 1,
    startedAt,
    // Written and read, so that a record compares equal to itself after a restart.
    fingerprint: JSON.parse(JSON.stringify(fingerprint)) as RunFingerprint,
    peakMemoryBytes: 0,
  };
  await writeJsonFile(join(folder, RUN_FILES.record), record);
  return record;
}

/** Raises the recorded peak of memory. @throws AppError output_unwritable, disk_full */
export async function recordMemory(folder: string, record: RunRecord, bytes: number): Promise<RunRecord> {
  if (bytes <= record.peakMemoryBytes) return record;
  const raised = { ...record, peakMemoryBytes: bytes };
  await writeJsonFile(join(folder, RUN_FILES.record), raised);
  return raised;
}

/** Makes the folder, with those above it. @throws AppError output_unwritable, disk_full */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw unwritable(folder, error);
  }
}

/** Writes under a temporary name and renames: the file appears whole or not at all. */
export async function writeJsonFile(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.part`;
  try {
    await writeFile(temporary, jsonText(value), { flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw unwritable(path, error);
  }
}

/** As results.json is written and printed: NaN and infinities as null. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}

async function clearRun(folder: string): Promise<void> {
  const { record, items, results, report } = RUN_FILES;
  try {
    // The record last: without it the folder would hold a run that nobody can name.
    for (const name of [report, results, items, record]) await rm(join(folder, name), { force: true });
  } catch (error) {
    throw unwritable(folder, error);
  }
}

async function readRecord(folder: string): Promise<RunRecord | null> {
  const path = join(folder, RUN_FILES.record);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw unwritable(path, error);
  }
  try {
    const record = JSON.parse(text) as RunRecord;
    if (record.format === 'bytefuse-eval-run' && record.version === 1) return record;
  } catch {
    // Told below, as a file of another shape.
  }
  throw new AppError('run_mismatch', `${path} is not the record of an evaluation by this version.`);
}

/** Paths at which two JSON values differ, with both values, the first few. */
export function differencesOf(held: unknown, wanted: unknown): string[] {
  const found: string[] = [];
  const walk = (a: unknown, b: unknown, path: string): void => {
    if (found.length >= DIFFERENCES_SHOWN_MAX) return;
    if (isTree(a) && isTree(b)) {
      const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
      for (const key of keys) walk(a[key], b[key], path === '' ? key : `${path}.${key}`);
    } else if (a !== b) found.push(`${path}: ${shown(a)} there, ${shown(b)} now`);
  };
  // Undefined fields are those that JSON leaves out.
  walk(held, JSON.parse(JSON.stringify(wanted)), '');
  return found;
}

/** More would bury the first, which is mostly the cause of the others. */
const DIFFERENCES_SHOWN_MAX = 4;
const VALUE_CHARS_MAX = 60;

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length <= VALUE_CHARS_MAX ? text : `${text.slice(0, VALUE_CHARS_MAX)}…`;
}
