/**
 * CSV and TSV with a header: a path and its text (Common Voice's `path` and `sentence` among others), or for corrections a
 * source and its target. Which column is what, its name tells; others are left alone.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvalTask } from '../results.ts';
import { type Delimiter, readRows, splitHeader } from './delimited-rows.ts';
import { type Draft, type ReadContext, uniqueIds } from './draft.ts';
import { malformed } from './malformed.ts';
import type { DataFile } from './text-lines.ts';

const COLUMNS = {
  media: [
    'path',
    'file',
    'audio',
    'image',
    'filename',
    'file_name',
    'wav',
    'audio_path',
    'image_path',
    'audio_filepath',
  ],
  text: ['text_normalized', 'text', 'transcript', 'transcription', 'sentence', 'reference'],
  source: ['source', 'src', 'input', 'incorrect', 'wrong'],
  target: ['target', 'tgt', 'gold', 'correct', 'corrected', 'correction', 'output', 'reference'],
  language: ['lang', 'language', 'locale'],
  set: ['set', 'dataset'],
  speaker: ['speaker', 'speaker_id', 'client_id'],
  duration: ['duration_s', 'duration'],
  id: ['id', 'utt_id'],
} as const;
type Column = keyof typeof COLUMNS;
type Header = ReadonlyMap<Column, number>;

/** How a line reads as a header for this task; null where it is none. */
export function sniffHeader(line: string, task: EvalTask): Delimiter | null {
  for (const delimiter of ['\t', ',', ';'] as const) {
    if (!line.includes(delimiter)) continue;
    try {
      if (headerFits(readHeader(splitHeader(line, delimiter)), task)) return delimiter;
    } catch {
      // A quote that does not fit: with this delimiter the line is no header.
    }
  }
  return null;
}

function readHeader(cells: readonly string[]): Header {
  const names = cells.map((cell) => cell.trim().toLowerCase());
  const header = new Map<Column, number>();
  for (const [column, known] of Object.entries(COLUMNS) as [Column, readonly string[]][]) {
    const name = known.find((candidate) => names.includes(candidate));
    if (name !== undefined) header.set(column, names.indexOf(name));
  }
  return header;
}

function headerFits(header: Header, task: EvalTask): boolean {
  const [a, b]: [Column, Column] = task === 'gec' ? ['source', 'target'] : ['media', 'text'];
  return header.has(a) && header.has(b) && header.get(a) !== header.get(b);
}

export function readTable(file: DataFile, delimiter: Delimiter, context: ReadContext): AsyncIterable<Draft> {
  const drafts = tableDrafts(file, delimiter, context);
  return context.checkIds ? uniqueIds(drafts, file.name) : drafts;
}

async function* tableDrafts(file: DataFile, delimiter: Delimiter, context: ReadContext): AsyncGenerator<Draft> {
  let names: readonly string[] | null = null;
  let header: Header = new Map();
  let clips = '';
  for await (const { cells, number } of readRows(file, delimiter)) {
    const where = `${file.name}:${number}`;
    if (!names) {
      names = cells;
      header = readHeader(cells);
      if (!headerFits(header, context.task)) throw malformed(where, headerComplaint(context.task));
      clips = await clipsFolder(cells, context);
      continue;
    }
    if (cells.length !== names.length) {
      throw malformed(where, `${cells.length} cells, where the header has ${names.length}`);
    }
    const cell = (column: Column) => (header.has(column) ? cells[header.get(column)!]! : '');
    const facts = {
      where,
      number,
      language: cell('language') || undefined,
      set: cell('set') || undefined,
      speaker: cell('speaker') || undefined,
    };
    if (context.task === 'gec') {
      yield { ...facts, ...correction(cell('source'), cell('target'), names), id: cell('id') || String(number) };
      continue;
    }
    const media = cell('media');
    const seconds = Number.parseFloat(cell('duration'));
    yield {
      ...facts,
      id: cell('id') || media || String(number),
      media: media === '' ? undefined : clips + media,
      durationS: seconds >= 0 ? seconds : undefined,
      references: [cell('text')],
    };
  }
}

/**
 * TrSpell-10 (header `gold,input`) leaves the gold word empty where the input is no Turkish word: there is nothing to
 * correct it to, so leaving it as it is is right. In any other table an empty target is a mistake.
 */
function correction(source: string, target: string, names: readonly string[]): Pick<Draft, 'source' | 'references'> {
  const leave = target === '' && names.length === 2 && names[0] === 'gold' && names[1] === 'input';
  return { source, references: [leave ? source : target] };
}

function headerComplaint(task: EvalTask): string {
  const [a, b] = task === 'gec' ? (['source', 'target'] as const) : (['media', 'text'] as const);
  return `the header needs a column of ${COLUMNS[a].join(', ')} and one of ${COLUMNS[b].join(', ')}`;
}

/** Common Voice (its tables have `client_id`) keeps the recordings in `clips` beside the table. */
async function clipsFolder(names: readonly string[], { root }: ReadContext): Promise<string> {
  if (!names.includes('client_id')) return '';
  return (await stat(join(root.folder, 'clips')).catch(() => null))?.isDirectory() ? 'clips/' : '';
}
