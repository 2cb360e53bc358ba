/**
 * The M2 format (CoNLL-2013 and after): blocks apart by blank lines, each a tokenized sentence and its edits.
 *
 *   S This are a sentence .
 *   A 1 2|||SVA|||is||was|||REQUIRED|||-NONE-|||0
 *   A 3 3|||M:ADJ|||short|||REQUIRED|||-NONE-|||1
 *   A -1 -1|||noop|||-NONE-|||REQUIRED|||-NONE-|||2
 *
 * `||` divides alternatives, -NONE- stands for no text, and noop says that the annotator found nothing to change. Lines
 * beginning with I, and ChERRANT's lines beginning with T (the target sentence), are read over. Fields 4 and 5 carry
 * nothing and are written as everybody writes them.
 */
import { AppError } from '../../../models/core/app-error.ts';
import type { GoldEdit } from '../results.ts';
import { ANNOTATOR_ID_MAX, ANNOTATORS_MAX } from './limits.ts';

export interface M2Entry {
  /** Tokens joined by single spaces. */
  readonly source: string;
  /** By rising annotator number, which is how the published scorer visits them. Noop edits are left out: [] says it. */
  readonly annotations: readonly { readonly annotator: number; readonly edits: readonly GoldEdit[] }[];
}

const NO_TEXT = '-NONE-';

/** The edits alone, as EvalItem holds them; a sentence without any annotator gets one who changed nothing. */
export function goldEditsOf(entry: M2Entry): readonly (readonly GoldEdit[])[] {
  return entry.annotations.length === 0 ? [[]] : entry.annotations.map(({ edits }) => edits);
}

/** `name`: of the file, for messages. Throws AppError m2_malformed with file and line. */
export function readM2(text: string, name = 'm2'): M2Entry[] {
  const entries: M2Entry[] = [];
  let block: string[] = [];
  let firstLine = 1;
  const lines = text.replace(/^\uFEFF/u, '').split(/\r?\n/u);
  lines.push('');
  lines.forEach((line, i) => {
    if (line.trim() !== '') {
      if (block.length === 0) firstLine = i + 1;
      block.push(line);
    } else if (block.length > 0) {
      entries.push(readM2Block(block, name, firstLine));
      block = [];
    }
  });
  return entries;
}

/** One block, for readers of files too large to hold. `firstLine`: number of its first line. Throws as readM2. */
export function readM2Block(lines: readonly string[], name: string, firstLine: number): M2Entry {
  const fail = (i: number, what: string) => new AppError('m2_malformed', `${name}:${firstLine + i}: ${what}`);
  const first = lines[0] ?? '';
  if (!/^S(?:\s|$)/u.test(first)) throw fail(0, 'a block begins with a line "S TOKENS"');
  const source = first
    .slice(2)
    .trim()
    .split(/\p{White_Space}+/u)
    .join(' ');
  const tokenCount = source === '' ? 0 : source.split(' ').length;
  const byAnnotator = new Map<number, GoldEdit[]>();
  for (const [i, line] of lines.entries()) {
    if (i === 0 || line.startsWith('I ') || /^T\d/u.test(line)) continue;
    if (line.startsWith('S ')) throw fail(i, 'a second sentence in one block; blank lines divide blocks');
    if (!line.startsWith('A ')) throw fail(i, 'not a line of an M2 file: expected "A START END|||TYPE|||..."');
    const read = readEdit(line, tokenCount);
    if (typeof read === 'string') throw fail(i, read);
    const edits = byAnnotator.get(read.annotator) ?? [];
    if (read.edit) edits.push(read.edit);
    byAnnotator.set(read.annotator, edits);
    if (byAnnotator.size > ANNOTATORS_MAX) throw fail(i, `more than ${ANNOTATORS_MAX} annotators of one sentence`);
  }
  const annotations = [...byAnnotator]
    .map(([annotator, edits]) => ({ annotator, edits }))
    .sort((a, b) => a.annotator - b.annotator);
  return { source, annotations };
}

/** Returns what is wrong with the line as a string. A noop has no edit. */
function readEdit(line: string, tokenCount: number): { annotator: number; edit?: GoldEdit } | string {
  const fields = line.slice(2).split('|||');
  if (fields.length !== 6) return `${fields.length} fields divided by |||, expected 6`;
  const [span, type, corrections, , , id] = fields as [string, string, string, string, string, string];
  const annotator = Number(id.trim());
  if (!/^\d+$/u.test(id.trim()) || annotator > ANNOTATOR_ID_MAX) {
    return `annotator "${id.trim()}" is not a number of 0 to ${ANNOTATOR_ID_MAX}`;
  }
  const offsets = /^\s*(-?\d+)\s+(-?\d+)\s*$/u.exec(span);
  if (!offsets) return `"${span}" is not a start and an end`;
  const [start, end] = [Number(offsets[1]), Number(offsets[2])];
  if (type === 'noop' || (start === -1 && end === -1)) return { annotator };
  if (start < 0 || end < start || end > tokenCount) {
    return `the edit covers tokens ${start} to ${end}, and the sentence has ${tokenCount}`;
  }
  const texts = corrections.split('||').map((text) => (text === NO_TEXT ? '' : text.trim()));
  return { annotator, edit: { start, end, type, corrections: texts } };
}

/**
 * Writes entries so that readM2 gives them back. Throws RangeError for text that the format cannot hold: a line break, or
 * a bar where fields are divided.
 */
export function writeM2(entries: Iterable<M2Entry>): string {
  let out = '';
  for (const { source, annotations } of entries) {
    out += `S ${plain(source)}\n`;
    for (const { annotator, edits } of annotations) {
      if (edits.length === 0) out += `A -1 -1|||noop|||${NO_TEXT}|||REQUIRED|||${NO_TEXT}|||${annotator}\n`;
      for (const { start, end, type, corrections } of edits) {
        const texts = corrections.map((text) => field(text) || NO_TEXT).join('||');
        out += `A ${start} ${end}|||${field(type)}|||${texts}|||REQUIRED|||${NO_TEXT}|||${annotator}\n`;
      }
    }
    out += '\n';
  }
  return out;
}

function plain(text: string): string {
  if (/[\r\n]/u.test(text)) throw new RangeError(`an M2 file cannot hold a line break: ${JSON.stringify(text)}`);
  return text;
}

/** A bar at either end would join the bars beside it. */
function field(text: string): string {
  if (/\|\||^\||\|$/u.test(text)) throw new RangeError(`an M2 field cannot hold these bars: ${JSON.stringify(text)}`);
  return plain(text);
}
