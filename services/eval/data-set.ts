/**
 * Reads what is to be recognized: `manifest.jsonl`, one JSON object per line, beside the files that it names.
 *
 *   {"file": "zh/one.wav", "lang": "zh", "text": "...", "text_normalized": "...", "set": "aishell1", "speaker": "S0150"}
 *
 * `file`, `lang` and `text` (or `gt_file`, a text file beside it) are needed, the rest is optional.
 */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { AppError } from '../../models/core/app-error.ts';

export interface Clip {
  /** Path as the manifest gives it: the clip's name in every report. */
  readonly file: string;
  readonly path: string;
  /** ISO 639-1. */
  readonly language: string;
  /** Reference: `text_normalized` where there is one (numbers as spoken), else `text`. */
  readonly text: string;
  /** Name of the collection, '' where none is given. */
  readonly set: string;
  /** '' where none is given. */
  readonly speaker: string;
  /** Undefined where the manifest does not say. */
  readonly durationS: number | undefined;
}

export interface DataSetFilter {
  readonly sets?: readonly string[];
  readonly languages?: readonly string[];
  /** Clips per language, spread evenly over the manifest, so that a small run still sees every part. */
  readonly limit?: number;
}

/** Longest manifest line: a page of reference text fits, a file that is no manifest does not. */
const LINE_CHARS_MAX = 4 * 2 ** 20;

/**
 * `location`: a folder with `manifest.jsonl`, or the manifest itself. Throws AppError: file_not_found,
 * manifest_malformed (with file and line number; also for files outside the folder and for missing ones).
 */
export async function readDataSet(location: string, filter: DataSetFilter = {}): Promise<Clip[]> {
  const manifest = await manifestPath(location);
  const folder = dirname(manifest);
  const clips: Clip[] = [];
  const lines = createInterface({ input: createReadStream(manifest, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY });
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() === '') continue;
    const clip = await parseLine(line, `${basename(manifest)}:${number}`, folder);
    if (filter.sets && !filter.sets.includes(clip.set)) continue;
    if (filter.languages && !filter.languages.includes(clip.language)) continue;
    clips.push(clip);
  }
  return filter.limit === undefined ? clips : thin(clips, filter.limit);
}

async function manifestPath(location: string): Promise<string> {
  const path = resolve(location);
  const found = await stat(path).catch(() => null);
  const manifest = found?.isDirectory() ? join(path, 'manifest.jsonl') : path;
  if (!(await stat(manifest).catch(() => null))?.isFile()) {
    throw new AppError('file_not_found', `no manifest at ${manifest}`);
  }
  return manifest;
}

async function parseLine(line: string, where: string, folder: string): Promise<Clip> {
  if (line.length > LINE_CHARS_MAX) throw malformed(where, `a line of ${line.length} characters`);
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch (cause) {
    throw malformed(where, 'not a JSON object', cause);
  }
  if (typeof row !== 'object' || row === null || Array.isArray(row)) throw malformed(where, 'not a JSON object');
  const fields = new Map<string, unknown>(Object.entries(row));
  const textField = (name: string): string | undefined => {
    const value = fields.get(name);
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string') throw malformed(where, `"${name}" is not a string`);
    return value;
  };
  const inside = async (file: string): Promise<string> => {
    const path = resolve(folder, file);
    if (!path.startsWith(folder.endsWith(sep) ? folder : folder + sep)) {
      throw malformed(where, `${file} lies outside the manifest's folder`);
    }
    if (!(await stat(path).catch(() => null))?.isFile()) throw malformed(where, `${file} does not exist`);
    return path;
  };
  const file = textField('file');
  const language = textField('lang');
  if (!file || !language) throw malformed(where, `"${file ? 'lang' : 'file'}" is missing`);
  const path = await inside(file);
  const truthFile = textField('gt_file');
  let text = textField('text_normalized') ?? textField('text');
  if (text === undefined && truthFile) text = await readFile(await inside(truthFile), 'utf8');
  if (!text) throw malformed(where, 'the reference is missing: "text" or "gt_file"');
  const duration = fields.get('duration_s');
  return {
    file,
    path,
    language,
    text,
    set: textField('set') ?? '',
    speaker: textField('speaker') ?? '',
    durationS: typeof duration === 'number' ? duration : undefined,
  };
}

function malformed(where: string, what: string, cause?: unknown): AppError {
  return new AppError('manifest_malformed', `${where}: ${what}`, { cause });
}

/** Every k-th clip of each language, in the manifest's order. */
function thin(clips: readonly Clip[], limit: number): Clip[] {
  const kept = new Set<Clip>();
  for (const group of groupClips(clips).values()) {
    const count = Math.min(limit, group.length);
    for (let i = 0; i < count; i++) kept.add(group[Math.floor((i * group.length) / count)]!);
  }
  return clips.filter((clip) => kept.has(clip));
}

function groupClips(clips: readonly Clip[]): Map<string, Clip[]> {
  const groups = new Map<string, Clip[]>();
  for (const clip of clips) {
    const group = groups.get(clip.language);
    if (group) group.push(clip);
    else groups.set(clip.language, [clip]);
  }
  return groups;
}
