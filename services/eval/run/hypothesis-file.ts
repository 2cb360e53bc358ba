/**
 * Given hypotheses, so that any other system can be judged. The file is read once to pair its entries with the items and
 * to find every fault; after that an entry is read where it is needed, so that texts do not stay in memory.
 */
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { AppError } from '../../../models/core/app-error.ts';
import type { EvalItem, EvalTask } from '../results.ts';
import { fileIdentity } from './data-identity.ts';
import type { EvalSystem } from './eval-system.ts';
import { formByName, type HypothesisEntry, type HypothesisForm, kaldiId, parseEntry } from './hypothesis-form.ts';
import { HYPOTHESES_MAX, HYPOTHESIS_LINE_BYTES_MAX } from './limits.ts';

/** Where entries lie in the file, in order: line number (from 1), offset and length in bytes. */
class EntryIndex {
  readonly lines: number[] = [];
  readonly starts: number[] = [];
  readonly lengths: number[] = [];

  get count(): number {
    return this.lines.length;
  }

  add(line: number, start: number, length: number): void {
    this.lines.push(line);
    this.starts.push(start);
    this.lengths.push(length);
  }
}

export interface HypothesisFileOptions {
  readonly path: string;
  readonly form?: HypothesisForm | undefined;
  readonly task: EvalTask;
  /** All items of the data set, unfiltered: entries may follow their order. Called twice at most. */
  readonly items: () => AsyncIterable<EvalItem>;
}

/**
 * The system `hyp:PATH`. Throws AppError: file_not_found, hypotheses_malformed (an entry that cannot be read, an id that
 * is unknown, twice there or missing, a source that is not the item's, more or fewer lines than items).
 */
export async function openHypotheses(options: HypothesisFileOptions): Promise<EvalSystem> {
  const { path, task } = options;
  const identity = await fileIdentity(path);
  const form = options.form ?? formByName(path, task) ?? (await formByContent(options));
  const file = await open(path, 'r');
  try {
    const index = await indexEntries(path, form);
    const places = await pair(file, index, form, options);
    return {
      name: `hyp:${path}`,
      settings: { hypotheses: path, form, identity },
      computes: false,
      async run(item) {
        const place = places.get(item.id);
        if (place === undefined)
          throw new AppError('hypotheses_malformed', `${basename(path)}: nothing for ${item.id}`);
        const entry = await readEntry(file, index, place, { path, form, task });
        return { text: spaced(entry, item) };
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** `kaldi` where the first line begins with an id of the data, else `lines`. */
async function formByContent({ path, items }: HypothesisFileOptions): Promise<HypothesisForm> {
  for await (const { text } of textLines(path)) {
    const id = kaldiId(text);
    if (id === '') return 'lines';
    for await (const item of items()) if (item.id === id) return 'kaldi';
    return 'lines';
  }
  return 'lines';
}

async function indexEntries(path: string, form: HypothesisForm): Promise<EntryIndex> {
  const index = new EntryIndex();
  /** Lines of the M2 block under way: the first one's number and offset, the end of the last. */
  let block = { line: 0, start: 0, end: 0 };
  const endBlock = (): void => {
    if (block.line > 0) index.add(block.line, block.start, block.end - block.start);
    block = { line: 0, start: 0, end: 0 };
  };
  for await (const { text, number, start, length } of textLines(path)) {
    if (index.count >= HYPOTHESES_MAX) {
      throw malformed(path, number, `more than ${HYPOTHESES_MAX} hypotheses; cut the file`);
    }
    const isEmpty = text.trim() === '';
    if (form === 'm2') {
      if (isEmpty) endBlock();
      else if (block.line === 0) block = { line: number, start, end: start + length };
      else block.end = start + length;
    } else if (!isEmpty || form === 'lines') index.add(number, start, length);
  }
  endBlock();
  return index;
}

/** Entry of each item, by the item's id. */
async function pair(
  file: FileHandle,
  index: EntryIndex,
  form: HypothesisForm,
  { path, task, items }: HypothesisFileOptions,
): Promise<Map<string, number>> {
  const byId = new Map<string, number>();
  const reading = { path, form, task };
  const isOrdered = form === 'lines' || form === 'm2' || !(await hasIds(file, index, reading));
  if (!isOrdered) {
    for (let place = 0; place < index.count; place++) {
      const { id } = await readEntry(file, index, place, reading);
      if (id === undefined) throw malformed(path, index.lines[place]!, 'the line has no id, as the first one has');
      if (byId.has(id)) throw malformed(path, index.lines[place]!, `${id} is there twice`);
      byId.set(id, place);
    }
  }
  const seen = new Uint8Array(index.count);
  let count = 0;
  for await (const item of items()) {
    const place = isOrdered ? count : byId.get(item.id);
    count++;
    if (place === undefined || place >= index.count) {
      const what = isOrdered ? `it has ${index.count} hypotheses` : 'no line has its id';
      throw new AppError('hypotheses_malformed', `${path} has no hypothesis for ${item.id} (${item.where}): ${what}.`);
    }
    seen[place] = 1;
    if (isOrdered) byId.set(item.id, place);
    if (form === 'm2' || task === 'gec') {
      const { source } = await readEntry(file, index, place, reading);
      if (source !== undefined && squeezed(source) !== squeezed(item.source ?? '')) {
        throw malformed(path, index.lines[place]!, `the source is not that of ${item.id} (${item.where})`);
      }
    }
  }
  const extra = seen.indexOf(0);
  if (extra >= 0) {
    const { id } = isOrdered ? { id: undefined } : await readEntry(file, index, extra, reading);
    const what = id === undefined ? `the data set has only ${count} items` : `the data set has no item ${id}`;
    throw malformed(path, index.lines[extra]!, what);
  }
  return byId;
}

async function hasIds(file: FileHandle, index: EntryIndex, reading: Reading): Promise<boolean> {
  return index.count > 0 && (await readEntry(file, index, 0, reading)).id !== undefined;
}

interface Reading {
  readonly path: string;
  readonly form: HypothesisForm;
  readonly task: EvalTask;
}

async function readEntry(
  file: FileHandle,
  index: EntryIndex,
  place: number,
  { path, form, task }: Reading,
): Promise<HypothesisEntry> {
  const bytes = Buffer.alloc(index.lengths[place]!);
  await file.read(bytes, 0, bytes.length, index.starts[place]!);
  try {
    return parseEntry(bytes.toString('utf8').replaceAll('\r', ''), form, task);
  } catch (cause) {
    throw malformed(path, index.lines[place]!, (cause as Error).message, cause);
  }
}

/** M2 separates tokens by spaces; the text gets them only where the item's own source has some. */
function spaced({ text, source }: HypothesisEntry, item: EvalItem): string {
  const isTokenized = source !== undefined && /\s/u.test(source) && !/\s/u.test((item.source ?? '').trim());
  return isTokenized ? squeezed(text) : text;
}

const squeezed = (text: string) => text.replace(/\s+/gu, '');

interface TextLine {
  readonly text: string;
  readonly number: number;
  readonly start: number;
  readonly length: number;
}

const LINE_FEED = 0x0a;

/** Lines with their places in the file; a byte order mark is left out. */
async function* textLines(path: string): AsyncGenerator<TextLine> {
  let parts: Buffer[] = [];
  let held = 0;
  let lineStart = 0;
  let number = 0;
  const finish = (): TextLine => {
    const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    const mark = number === 0 && bytes.indexOf('\ufeff') === 0 ? 3 : 0;
    const line = {
      text: bytes.subarray(mark).toString('utf8').replaceAll('\r', ''),
      number: ++number,
      start: lineStart + mark,
      length: bytes.length - mark,
    };
    lineStart += bytes.length + 1;
    parts = [];
    held = 0;
    return line;
  };
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      parts.push(chunk.subarray(start, end));
      start = end + 1;
      yield finish();
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
    held += chunk.length - start;
    if (held > HYPOTHESIS_LINE_BYTES_MAX) throw malformed(path, number + 1, `a line of more than ${held} bytes`);
  }
  if (held > 0) yield finish();
}

function malformed(path: string, line: number, what: string, cause?: unknown): AppError {
  return new AppError('hypotheses_malformed', `${path}:${line}: ${what}`, { cause });
}
