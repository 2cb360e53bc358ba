/**
 * Rows of CSV and TSV, with the line that each begins on. CSV as in RFC 4180: a quoted cell may hold delimiters, doubled
 * quotes and line ends. In TSV a quote is mostly a quote: Common Voice writes its sentences as they are. There a cell counts
 * as quoted only where the quotes around it are whole, and none crosses a line.
 */
import { RECORD_BYTES_MAX } from './limits.ts';
import { malformed } from './malformed.ts';
import { type DataFile, readLines } from './text-lines.ts';

export type Delimiter = ',' | ';' | '\t';

export interface DelimitedRow {
  readonly cells: readonly string[];
  /** Line that the row begins on, from 1. */
  readonly number: number;
}

/** Blank lines between rows are skipped. Throws manifest_malformed for a quote that does not close, or text after one. */
export async function* readRows(file: DataFile, delimiter: Delimiter): AsyncGenerator<DelimitedRow> {
  let row: RowUnderWay | null = null;
  for await (const { text, number } of readLines(file)) {
    if (!row && text.trim() === '') continue;
    if (delimiter === '\t') {
      yield { cells: splitTabs(text), number };
      continue;
    }
    row ??= new RowUnderWay(delimiter, number, file.name);
    if (!row.push(text)) continue;
    yield { cells: row.cells, number: row.number };
    row = null;
  }
  if (row) throw malformed(`${file.name}:${row.number}`, 'a quote opens here and does not close');
}

/** Cells of one line, for looking at a header. Throws manifest_malformed as `readRows`. */
export function splitHeader(text: string, delimiter: Delimiter): readonly string[] {
  if (delimiter === '\t') return splitTabs(text);
  const row = new RowUnderWay(delimiter, 1, 'header');
  return row.push(text) ? row.cells : [];
}

function splitTabs(text: string): string[] {
  return text.split('\t').map((cell) => (/^"(?:[^"]|"")*"$/.test(cell) ? unquote(cell.slice(1, -1)) : cell));
}

const unquote = (cell: string) => cell.replaceAll('""', '"');

/** A row as its lines come in: each line is looked at once, however long the quoted cell becomes. */
class RowUnderWay {
  readonly cells: string[] = [];
  readonly number: number;
  readonly #delimiter: string;
  readonly #where: string;
  /** Lines of the quoted cell that is open; null: none is. */
  #open: string[] | null = null;
  #openLen = 0;

  constructor(delimiter: string, number: number, name: string) {
    this.#delimiter = delimiter;
    this.number = number;
    this.#where = `${name}:${number}`;
  }

  /** Takes one line; true where it ends the row. */
  push(line: string): boolean {
    let at = 0;
    for (;;) {
      if (this.#open || line[at] === '"') {
        const from = this.#open ? 0 : at + 1;
        const end = closingQuote(line, from);
        if (end < 0) return this.#keepOpen(line.slice(from));
        this.cells.push(unquote([...(this.#open ?? []), line.slice(from, end)].join('\n')));
        this.#open = null;
        at = end + 1;
        if (at < line.length && line[at] !== this.#delimiter) {
          throw malformed(this.#where, 'text after a closing quote');
        }
      } else {
        const end = line.indexOf(this.#delimiter, at);
        this.cells.push(line.slice(at, end < 0 ? line.length : end));
        at = end < 0 ? line.length : end;
      }
      if (at >= line.length) return true;
      at++;
    }
  }

  #keepOpen(rest: string): false {
    this.#open ??= [];
    this.#open.push(rest);
    this.#openLen += rest.length + 1;
    if (this.#openLen <= RECORD_BYTES_MAX) return false;
    throw malformed(this.#where, `a quoted cell is longer than ${RECORD_BYTES_MAX} characters`);
  }
}

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) if (text[at + 1] !== '"') return at;
  return -1;
}
