/**
 * Reads what an evaluation left behind: `results.json` whole, `items.jsonl` line by line with the place of each line, so
 * that a few of a million can be read again without going through all. Both are checked here, at the border: a file from
 * another program or another version must not break a page half-way.
 */
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../../models/core/app-error.ts';
import type { EvalResults, ItemResult } from '../results.ts';
import { checkItem, checkResults, Mismatch } from './evaluation-schema.ts';
import { ITEM_LINE_BYTES_MAX, ITEM_LINES_MAX, RESULTS_BYTES_MAX } from './limits.ts';

/** Where a line stands in items.jsonl. */
export interface LinePlace {
  readonly offset: number;
  readonly lengthBytes: number;
  /** From 1. */
  readonly lineNumber: number;
}

const READ_BYTES = 2 ** 20;
const NEWLINE = 10;

/** @throws AppError file_not_found, file_unreadable, results_malformed */
export async function readResults(folder: string): Promise<EvalResults> {
  const path = join(folder, 'results.json');
  const found = await stat(path).catch((cause) => {
    throw new AppError('file_not_found', `${folder} is no report of an evaluation: ${path} is missing`, { cause });
  });
  if (found.size > RESULTS_BYTES_MAX) {
    throw new AppError('results_malformed', `${path}: ${found.size} bytes, at most ${RESULTS_BYTES_MAX} are read`);
  }
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new AppError('file_unreadable', `${path} cannot be read`, { cause });
  });
  return parse(text, path, checkResults);
}

export function itemsPath(folder: string): string {
  return join(folder, 'items.jsonl');
}

/**
 * Calls `take` for each line, in order; empty lines are passed over. Holds one block and one line at a time.
 * @throws AppError file_not_found, file_unreadable, results_malformed (with the line number; also for a line that is cut off)
 */
export async function scanItems(folder: string, take: (item: ItemResult, place: LinePlace) => void): Promise<void> {
  const path = itemsPath(folder);
  let rest: Buffer = Buffer.alloc(0);
  let restOffset = 0;
  let lineNumber = 0;
  let taken = 0;
  const takeLine = (line: Buffer, offset: number, whole: boolean): void => {
    lineNumber++;
    if (line.length > ITEM_LINE_BYTES_MAX) throw tooLong(path, lineNumber);
    const text = line.toString('utf8');
    if (text.trim() === '') return;
    if (++taken > ITEM_LINES_MAX) {
      throw new AppError('results_malformed', `${path}:${lineNumber}: more than ${ITEM_LINES_MAX} items`);
    }
    const item = parse(text, `${path}:${lineNumber}`, checkItem, whole ? '' : ' (the last line: is it cut off?)');
    take(item, { offset, lengthBytes: line.length, lineNumber });
  };
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
      const block = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let from = 0;
      // What `rest` held was searched before.
      let search = rest.length;
      for (;;) {
        const end = block.indexOf(NEWLINE, search);
        if (end < 0) break;
        takeLine(block.subarray(from, end), restOffset + from, true);
        from = search = end + 1;
      }
      rest = block.subarray(from);
      restOffset += from;
      if (rest.length > ITEM_LINE_BYTES_MAX) throw tooLong(path, lineNumber + 1);
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  if (rest.length > 0) takeLine(rest, restOffset, false);
}

function tooLong(path: string, lineNumber: number): AppError {
  return new AppError('results_malformed', `${path}:${lineNumber}: a line of more than ${ITEM_LINE_BYTES_MAX} bytes`);
}

function unreadable(path: string, cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException).code;
  if (cause instanceof AppError || typeof code !== 'string') return cause;
  if (code === 'ENOENT') return new AppError('file_not_found', `${path} is missing`, { cause });
  return new AppError('file_unreadable', `${path} cannot be read: ${code}`, { cause });
}

/** Lines of items.jsonl by their places, in the order of `places`. Reads in the order of the file. */
export async function readItemsAt(folder: string, places: readonly LinePlace[]): Promise<ItemResult[]> {
  const path = itemsPath(folder);
  const items = new Array<ItemResult>(places.length);
  const order = places.map((_, i) => i).sort((a, b) => places[a]!.offset - places[b]!.offset);
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    for (const i of order) {
      const { offset, lengthBytes, lineNumber } = places[i]!;
      const line = Buffer.alloc(lengthBytes);
      const { bytesRead } = await file.read(line, 0, lengthBytes, offset);
      const where = `${path}:${lineNumber}`;
      if (bytesRead < lengthBytes) throw new AppError('results_malformed', `${where}: the file was changed meanwhile`);
      items[i] = parse(line.toString('utf8'), where, checkItem);
    }
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    await file?.close();
  }
  return items;
}

function parse<T>(text: string, where: string, check: (value: unknown) => T, more = ''): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError('results_malformed', `${where}: not JSON${more}`, { cause });
  }
  try {
    return check(value);
  } catch (error) {
    if (error instanceof Mismatch) throw new AppError('results_malformed', `${where}: ${error.message}${more}`);
    throw error;
  }
}
