/** Which form a data set has, told from names and from the first lines; `form` overrides the guess. */
import { stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { AppError } from '../../../models/core/app-error.ts';
import type { EvalTask } from '../results.ts';
import type { Delimiter } from './delimited-rows.ts';
import { readElements } from './json-elements.ts';
import { fileError, malformed } from './malformed.ts';
import { HYPOTHESES } from './nbest.ts';
import { isMedia, listFolder, transcriptOf } from './pair-folder.ts';
import { sniffHeader } from './table.ts';
import { type DataFile, readHead } from './text-lines.ts';

export const DATA_FORMS = [
  'manifest',
  'folder',
  'table',
  'kaldi',
  'm2',
  'parallel',
  'mucgec',
  'faspell',
  'fcgec',
  'nbest',
  'ner',
] as const;
export type DataForm = (typeof DATA_FORMS)[number];

export interface Detected {
  readonly form: DataForm;
  /** The list; for `folder` and `kaldi` the folder. */
  readonly file: DataFile;
  /** Files with the corrected lines, where they lie apart. */
  readonly targets: readonly DataFile[];
  /** JSON forms: one object a line, or one array of them. */
  readonly container: 'lines' | 'array';
  readonly delimiter: Delimiter;
}

/** Lines that are looked at to tell tab-separated forms apart. */
const HEAD_LINES = 50;

/**
 * The data set at `path`, absolute: a list or a folder. Throws AppError: file codes, and manifest_malformed where no form
 * or more than one fits.
 */
export async function detectDataSet(path: string, task: EvalTask, targets: readonly string[]): Promise<Detected> {
  const found = await stat(path).catch((cause: unknown) => {
    throw fileError(path, cause);
  });
  const targetFiles = targets.map((target): DataFile => ({ path: target, name: basename(target) }));
  if (found.isDirectory()) return detectFolder(path, task);
  if (!found.isFile()) throw new AppError('file_unreadable', `${path} is neither a file nor a folder`);
  const file: DataFile = { path, name: basename(path) };
  if (file.name === 'wav.scp') return detected('kaldi', { path: dirname(path), name: basename(dirname(path)) });
  const own = targetFiles.length > 0 ? targetFiles : await partnersOf(file);
  const form = await detectFile(file, task, own);
  if (form) return form;
  throw malformed(file.name, 'no form of evaluation data fits this file; name its form (--form)');
}

async function detectFolder(path: string, task: EvalTask): Promise<Detected> {
  const folder: DataFile = { path, name: basename(path) };
  const { names, folders } = await listFolder(path, folder.name);
  const all = new Set(names);
  const inside = (name: string): DataFile => ({ path: join(path, name), name });
  if (all.has('manifest.jsonl')) return detected('manifest', inside('manifest.jsonl'));
  if (all.has('wav.scp')) return detected('kaldi', folder);
  const recognizes = task === 'asr' || task === 'ocr' || task === 'darag';
  if (recognizes && names.some((name) => isMedia(name, task) && transcriptOf(name, all)))
    return detected('folder', folder);
  const lists: Detected[] = [];
  for (const name of names) {
    if (!/\.(?:jsonl|json|csv|tsv|m2|src)$|^source[^/]*\.txt$/.test(name)) continue;
    const form = await detectFile(inside(name), task, await partnersOf(inside(name)));
    if (form) lists.push(form);
  }
  if (lists.length === 1) return lists[0]!;
  if (lists.length > 1) {
    const shown = lists.map(({ file }) => file.name).slice(0, 5);
    throw malformed(folder.name, `${lists.length} lists in this folder (${shown.join(', ')}); name one of them`);
  }
  if (recognizes && (folders.length > 0 || names.some((name) => isMedia(name, task))))
    return detected('folder', folder);
  throw malformed(
    folder.name,
    'no evaluation data in this folder: no manifest.jsonl, no wav.scp, no recordings or images with x.txt, no list',
  );
}

/** Line-by-line partners by their names: `x.src` with `x.tgt`, `x.trg` or `x.ref0`, `x.ref1`...; `source.txt` with `target.txt`. */
async function partnersOf(file: DataFile): Promise<DataFile[]> {
  const folder = dirname(file.path);
  const existing = async (names: readonly string[]): Promise<DataFile[]> => {
    const files: DataFile[] = [];
    for (const name of names) {
      const path = join(folder, name);
      if ((await stat(path).catch(() => null))?.isFile()) files.push({ path, name });
    }
    return files;
  };
  if (/^source[^/]*\.txt$/.test(file.name)) return existing([file.name.replace('source', 'target')]);
  if (extname(file.name) !== '.src') return [];
  const stem = file.name.slice(0, -'.src'.length);
  const [single, numbered] = [
    await existing([`${stem}.tgt`, `${stem}.trg`, `${stem}.ref`]),
    await existing(Array.from({ length: 10 }, (_, i) => `${stem}.ref${i}`)),
  ];
  return single.length > 0 ? single.slice(0, 1) : numbered;
}

function detected(form: DataForm, file: DataFile, more: Partial<Detected> = {}): Detected {
  return { form, file, targets: [], container: 'lines', delimiter: ',', ...more };
}

/** The form of one file; null where none fits. `targets`: files with its corrected lines. */
export async function detectFile(
  file: DataFile,
  task: EvalTask,
  targets: readonly DataFile[] = [],
): Promise<Detected | null> {
  const { lines } = await readHead(file);
  const head = lines.map((line) => line.replace(/^\uFEFF/, '')).filter((line) => line.trim() !== '');
  const first = head[0]?.trim();
  if (first === undefined) throw malformed(file.name, 'the file is empty');
  if (first.startsWith('[') || first.startsWith('{')) return detectJson(file, task, first);
  if (extname(file.name) === '.jsonl') return detected('manifest', file);
  if (looksLikeM2(head) || extname(file.name) === '.m2') return detected('m2', file, { targets: targets.slice(0, 1) });
  const delimiter = sniffHeader(head[0]!, task);
  if (delimiter) return detected('table', file, { delimiter });
  if (targets.length > 0) return detected('parallel', file, { targets });
  const form = tabForm(head.slice(0, HEAD_LINES));
  return form && detected(form, file);
}

/** An S line, and then an edit or another sentence. */
function looksLikeM2(head: readonly string[]): boolean {
  if (!head[0]!.startsWith('S ')) return false;
  return head.length === 1 || /^A \S+ \S+\|\|\|/.test(head[1]!) || head[1]!.startsWith('S ');
}

/** Numbers that rise, or that stand before more than two texts, are ids (MuCGEC); others count errors (FASPell). */
function tabForm(head: readonly string[]): 'parallel' | 'mucgec' | 'faspell' | null {
  const rows = head.map((line) => line.split('\t'));
  if (rows.some((cells) => cells.length < 2)) return null;
  const numbered = rows.every((cells) => cells.length >= 3 && /^\d{1,15}$/.test(cells[0]!));
  if (!numbered) return 'parallel';
  const rising = rows.every((cells, i) => i === 0 || Number(cells[0]) > Number(rows[i - 1]![0]));
  return rising || rows.some((cells) => cells.length > 3) ? 'mucgec' : 'faspell';
}

async function detectJson(file: DataFile, task: EvalTask, first: string): Promise<Detected | null> {
  if (first.startsWith('[')) {
    const form = formOfRecord(await firstElement(file), task);
    return form && detected(form, file, { container: 'array' });
  }
  const row = parseObject(first);
  if (row && !isKeyed(row)) return detected(formOfRecord(row, task) ?? 'manifest', file);
  if (row === null && extname(file.name) === '.jsonl') return detected('manifest', file);
  const entry = await firstElement(file);
  return entry && isKeyed(entry) ? detected('fcgec', file) : null;
}

/** Sentences by id, as FCGEC has them: each value is an object with a sentence. */
function isKeyed(row: object): boolean {
  const value: unknown = Object.values(row)[0];
  return typeof value === 'object' && value !== null && 'sentence' in value;
}

function formOfRecord(row: object | null, task: EvalTask): 'manifest' | 'nbest' | 'ner' | null {
  if (!row) return null;
  const has = (name: string) => name in row;
  if (task === 'gec' || has('file') || has('audio_filepath')) return 'manifest';
  const input: unknown = Object.entries(row).find(([name]) => name === 'input')?.[1];
  if (Array.isArray(input) || has('input1') || HYPOTHESES.some(has)) return 'nbest';
  if (has('entities')) return 'ner';
  return 'manifest';
}

function parseObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    // Not on one line, or cut: the elements are looked at one by one then.
    return null;
  }
}

async function firstElement(file: DataFile): Promise<object | null> {
  for await (const { value } of readElements(file)) return typeof value === 'object' ? value : null;
  return null;
}

/** As the caller says, with what the form needs besides looked up. */
export async function forcedForm(
  form: DataForm,
  path: string,
  task: EvalTask,
  targets: readonly string[],
): Promise<Detected> {
  const found = await stat(path).catch((cause: unknown) => {
    throw fileError(path, cause);
  });
  if (form === 'folder' || form === 'kaldi') {
    const folder = found.isDirectory() ? path : dirname(path);
    return detected(form, { path: folder, name: basename(folder) });
  }
  if (found.isDirectory()) {
    if (form === 'manifest') return detected(form, { path: join(path, 'manifest.jsonl'), name: 'manifest.jsonl' });
    throw new AppError('file_is_directory', `${path} is a folder; the form ${form} is a file`);
  }
  const file: DataFile = { path, name: basename(path) };
  const named = targets.map((target): DataFile => ({ path: target, name: basename(target) }));
  const { lines } = await readHead(file);
  const first = lines.map((line) => line.replace(/^\uFEFF/, '').trim()).find((line) => line !== '') ?? '';
  return detected(form, file, {
    targets: named.length > 0 ? named : await partnersOf(file),
    container: first.startsWith('[') ? 'array' : 'lines',
    delimiter: sniffHeader(first, task) ?? (extname(file.name) === '.tsv' ? '\t' : ','),
  });
}
