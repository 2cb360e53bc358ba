/**
 * Forms of hypothesis files, and how an entry of each is read:
 *
 *   lines   one text per line, in the order of the data; an empty line is an empty hypothesis
 *   jsonl   {"id": "...", "text": "..."}
 *   kaldi   ID, white space, text (Kaldi's `text`)
 *   tsv     ID TAB text; for gec also source TAB corrected (in the order of the data) or ID TAB source TAB corrected
 *   m2      S and A lines, in the order of the data; the edits of the first annotator are applied
 */
import { extname } from 'node:path';
import { AppError } from '../../../models/core/app-error.ts';
import type { EvalTask } from '../results.ts';

export const HYPOTHESIS_FORMS = ['lines', 'jsonl', 'kaldi', 'tsv', 'm2'] as const;
export type HypothesisForm = (typeof HYPOTHESIS_FORMS)[number];

export interface HypothesisEntry {
  /** Absent where entries follow the order of the data. */
  readonly id?: string;
  readonly text: string;
  /** The text that was corrected, where the form repeats it. */
  readonly source?: string;
}

/** What `--hyp` names: a file, with its form where that was given as `form:FILE`. */
export interface HypothesisSpec {
  readonly path: string;
  readonly form?: HypothesisForm;
}

export function parseHypothesisSpec(text: string): HypothesisSpec {
  const at = text.indexOf(':');
  const form = HYPOTHESIS_FORMS.find((known) => known === text.slice(0, at));
  return form === undefined ? { path: text } : { path: text.slice(at + 1), form };
}

/** The form by the name of the file; null where only the content tells `lines` from `kaldi`. */
export function formByName(path: string, task: EvalTask): HypothesisForm | null {
  switch (extname(path).toLowerCase()) {
    case '.jsonl':
    case '.ndjson':
      return 'jsonl';
    case '.tsv':
      return 'tsv';
    case '.m2':
      if (task !== 'gec') throw new AppError('usage', `${path} is an M2 file; those belong to eval gec.`);
      return 'm2';
    default:
      return /(^|[\\/])text$/.test(path) ? 'kaldi' : null;
  }
}

/** First word of a Kaldi line. */
export function kaldiId(line: string): string {
  return /^\s*(\S*)/u.exec(line)![1]!;
}

/** Reads one entry: a line, or the lines of an M2 block. Throws Error whose message says what is wrong with it. */
export function parseEntry(text: string, form: HypothesisForm, task: EvalTask): HypothesisEntry {
  switch (form) {
    case 'lines':
      return { text };
    case 'jsonl':
      return jsonEntry(text);
    case 'kaldi': {
      const id = kaldiId(text);
      if (id === '') throw new Error('the line begins with no id');
      return { id, text: text.slice(text.indexOf(id) + id.length).trim() };
    }
    case 'tsv':
      return tsvEntry(text, task);
    case 'm2':
      return m2Entry(text);
  }
}

function jsonEntry(text: string): HypothesisEntry {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch {
    throw new Error('not a JSON object');
  }
  if (typeof row !== 'object' || row === null || Array.isArray(row)) throw new Error('not a JSON object');
  const { id, text: hypothesis } = row as { id?: unknown; text?: unknown };
  if (typeof id !== 'string' && typeof id !== 'number') throw new Error('"id" is missing');
  if (typeof hypothesis !== 'string') throw new Error('"text" is missing, or no string');
  return { id: String(id), text: hypothesis };
}

function tsvEntry(line: string, task: EvalTask): HypothesisEntry {
  const cells = line.split('\t');
  if (task !== 'gec') {
    if (cells.length !== 2) throw new Error(`${cells.length} columns; expected an id and a text`);
    return { id: cells[0]!, text: cells[1]! };
  }
  if (cells.length === 2) return { source: cells[0]!, text: cells[1]! };
  if (cells.length !== 3) {
    throw new Error(`${cells.length} columns; expected source and corrected, or id, source and corrected`);
  }
  return { id: cells[0]!, source: cells[1]!, text: cells[2]! };
}

/** One sentence of M2: `S tokens`, then `A start end|||type|||correction|||...|||annotator`. */
function m2Entry(block: string): HypothesisEntry {
  const [first, ...rest] = block.split('\n');
  if (first === undefined || !/^S( |$)/.test(first)) throw new Error('the block begins with no S line');
  const source = first.slice(2).trim();
  const tokens = source === '' ? [] : source.split(/\s+/u);
  const edits = rest.filter((line) => line.trim() !== '').map((line) => m2Edit(line, tokens.length));
  const annotator = edits[0]?.annotator;
  const own = edits.filter((edit) => edit.annotator === annotator && edit.start >= 0);
  // From the right, so that offsets of the source stay true; insertions at one place keep the order of the file.
  const ordered = own.map((edit, order) => ({ ...edit, order }));
  ordered.sort((a, b) => b.start - a.start || b.end - a.end || b.order - a.order);
  const out: string[] = [...tokens];
  for (const { start, end, correction } of ordered) {
    out.splice(start, end - start, ...(correction === '' ? [] : correction.split(/\s+/u)));
  }
  return { source, text: out.join(' ') };
}

function m2Edit(line: string, tokens: number) {
  const match = /^A (-?\d+) (-?\d+)\|\|\|(.*?)\|\|\|(.*?)\|\|\|.*\|\|\|(\d+)\s*$/u.exec(line);
  if (!match) throw new Error(`"${line.slice(0, 40)}" is no A line of an M2 file`);
  const [start, end] = [Number(match[1]), Number(match[2])];
  const isNoop = match[3] === 'noop' || start < 0;
  if (!isNoop && !(start <= end && end <= tokens))
    throw new Error(`edit ${start} ${end} lies outside ${tokens} tokens`);
  const correction = match[4]!.split('||')[0]!.trim();
  return {
    start: isNoop ? -1 : start,
    end,
    correction: correction === '-NONE-' ? '' : correction,
    annotator: Number(match[5]),
  };
}
