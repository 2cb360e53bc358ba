/**
 * The journal of a run: `items.jsonl`, one ItemResult per line, in the order in which they were made (every system on an
 * item before the next item). A line is appended by one write once its result is complete, so a process that is killed
 * loses nothing but the work under way. The disk is told to keep what it has (fdatasync) at most every few seconds and
 * at the end: a power failure costs those seconds, never more than a suffix.
 *
 * Reading stops at the first line that is not whole; `truncate` cuts the file there, and appending goes on.
 */
import { createReadStream, writeSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { AppError } from '../../../models/core/app-error.ts';
import { errnoOf } from '../../../models/manifest/disk-space.ts';
import type { ItemResult } from '../results.ts';
import { JOURNAL_LINE_BYTES_MAX } from './limits.ts';

export interface JournalLine {
  readonly result: ItemResult;
  /** From 1. */
  readonly number: number;
  /** Offset of the byte after the line's end. */
  readonly endBytes: number;
}

/** Interval of fdatasync: short beside the minutes that a long run cannot be without. */
const SYNC_EVERY_MS = 5_000;

const LINE_FEED = 0x0a;

/** The whole lines of the journal at `path`, up to the first that is torn or damaged. No file: no lines. */
export async function* journalLines(path: string): AsyncGenerator<JournalLine> {
  let number = 0;
  for await (const { bytes, endBytes } of wholeLines(path)) {
    const result = parseResult(bytes);
    if (result === null) return;
    yield { result, number: ++number, endBytes };
  }
}

/** The results alone, of one system where `system` names one. */
export async function* journalResults(path: string, system?: string): AsyncGenerator<ItemResult> {
  for await (const { result } of journalLines(path)) {
    if (system === undefined || result.system === system) yield result;
  }
}

/** Appends to a journal. One writer at a time: the caller holds the folder's lock. */
export class JournalWriter {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #nowMs: () => number;
  #syncedMs: number;
  #isSynced = true;

  private constructor(file: FileHandle, path: string, nowMs: () => number) {
    this.#file = file;
    this.#path = path;
    this.#nowMs = nowMs;
    this.#syncedMs = nowMs();
  }

  /** Opens the journal and cuts off what comes after `keptBytes`. @throws AppError output_unwritable, disk_full */
  static async open(path: string, keptBytes: number, nowMs = () => performance.now()): Promise<JournalWriter> {
    try {
      const file = await open(path, 'a');
      await file.truncate(keptBytes);
      return new JournalWriter(file, path, nowMs);
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  async append(result: ItemResult): Promise<void> {
    const line = Buffer.from(`${JSON.stringify(result)}\n`);
    try {
      // In this thread, which has nothing else to do: into the system's cache, some microseconds.
      for (let at = 0; at < line.length; ) at += writeSync(this.#file.fd, line, at);
      this.#isSynced = false;
      if (this.#nowMs() - this.#syncedMs >= SYNC_EVERY_MS) await this.#sync();
    } catch (error) {
      throw unwritable(this.#path, error);
    }
  }

  async close(): Promise<void> {
    try {
      if (!this.#isSynced) await this.#sync();
    } catch (error) {
      throw unwritable(this.#path, error);
    } finally {
      await this.#file.close();
    }
  }

  async #sync(): Promise<void> {
    await this.#file.datasync();
    this.#syncedMs = this.#nowMs();
    this.#isSynced = true;
  }
}

/** Lines that end in a line feed; a rest without one is torn. */
async function* wholeLines(path: string): AsyncGenerator<{ bytes: Buffer; endBytes: number }> {
  if (!(await stat(path).catch(() => null))?.isFile()) return;
  let parts: Buffer[] = [];
  let held = 0;
  let offset = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      parts.push(chunk.subarray(start, end));
      start = end + 1;
      yield { bytes: parts.length === 1 ? parts[0]! : Buffer.concat(parts), endBytes: offset + start };
      parts = [];
      held = 0;
    }
    offset += chunk.length;
    if (start < chunk.length) parts.push(chunk.subarray(start));
    held += chunk.length - start;
    if (held > JOURNAL_LINE_BYTES_MAX) return;
  }
}

/** Null for what is no result: a torn line, or blocks that a power failure left empty. */
function parseResult(bytes: Buffer): ItemResult | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value !== 'object' || value === null) return null;
    const { id, system, rates } = value as Partial<ItemResult>;
    const isResult = typeof id === 'string' && typeof system === 'string' && typeof rates === 'object';
    // Only this program writes the file, and the fields that pair a line with its item are there.
    return isResult ? (value as ItemResult) : null;
  } catch {
    return null;
  }
}

/** What a failed write means to the user. */
export function unwritable(path: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const errno = errnoOf(error);
  const code = errno === 'ENOSPC' || errno === 'EDQUOT' ? 'disk_full' : 'output_unwritable';
  return new AppError(code, `${path} cannot be written (${errno ?? String(error)}).`, { cause: error });
}
