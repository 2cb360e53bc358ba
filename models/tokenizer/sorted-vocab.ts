import type { ByteVocab, Interval } from '../core/byte-vocab.ts';
import { MergeQueue } from './merge-queue.ts';
import { charLenBytes, codePointAt, hashPair, hashSpan } from './span-hash.ts';
import {
  BYTE_RANK,
  type ControlToken,
  LITERAL_RANK,
  readVocabFile,
  type VocabArrays,
  type VocabFile,
} from './vocab-file.ts';

/** Runs (about words) whose tokens are remembered; above it the memory starts anew. A run and its ids take about 200 bytes. */
const RUNS_CACHED_MAX = 50_000;
/** Longer runs are not remembered: they hardly repeat. */
const RUN_CACHED_LEN_MAX = 64;

/**
 * A vocabulary sorted by bytes, with the tokenization that the model was trained on: byte pair encoding by rank, in which
 * two neighbors merge when their concatenation is a normal token. Text that no token spells falls to byte tokens.
 */
export class SortedVocab implements ByteVocab {
  readonly size: number;
  readonly bos: number;
  readonly tokenLenBytesMax: number;
  readonly hash: string;
  readonly controls: readonly ControlToken[];
  /** `full`, or the size that the vocabulary was trimmed to. */
  readonly trim: 'full' | number;
  /** ISO 639-1 codes of the languages that it was trimmed to; null for all. Others have fewer of their tokens left. */
  readonly languages: readonly string[] | null;
  readonly #arrays: VocabArrays;
  /** First row whose bytes are not below [first byte, second byte], by (first << 8 | second); one entry more at the end. */
  readonly #rowsFrom: Uint32Array;
  readonly #byteRows = new Int32Array(256).fill(-1);
  readonly #literals: readonly Literal[];
  readonly #literalFirst = new Uint8Array(256);
  readonly #queue = new MergeQueue();
  readonly #runs = new Map<string, readonly number[]>();

  constructor(file: VocabFile) {
    const { arrays, header } = file;
    this.#arrays = arrays;
    this.size = arrays.ranks.length;
    this.hash = file.sha256;
    this.controls = header.controls;
    this.trim = header.trim;
    this.languages = header.languages;
    this.bos = this.controlId('bos') ?? this.size;
    this.#rowsFrom = rowsFrom(arrays);
    const literals: Literal[] = [];
    let tokenLenBytesMax = 0;
    for (let row = 0; row < this.size; row++) {
      const bytes = this.bytesOf(row);
      tokenLenBytesMax = Math.max(tokenLenBytesMax, bytes.length);
      if (arrays.ranks[row] === BYTE_RANK) this.#byteRows[bytes[0]!] = row;
      if (arrays.ranks[row] === LITERAL_RANK) literals.push({ row, bytes });
    }
    this.tokenLenBytesMax = tokenLenBytesMax;
    // Longest first, as the reference implementations cut them out of the text.
    this.#literals = literals.sort((a, b) => b.bytes.length - a.bytes.length || a.row - b.row);
    for (const { bytes } of literals) this.#literalFirst[bytes[0]!] = 1;
  }

  /** @throws AppError model_missing, model_corrupt */
  static load(path: string): SortedVocab {
    return new SortedVocab(readVocabFile(path));
  }

  /** Id of the control token with this role (bos, eos, start_of_turn, end_of_turn), if the model keeps one. */
  controlId(role: string): number | undefined {
    const index = this.controls.findIndex((control) => control.role === role);
    return index < 0 ? undefined : this.size + index;
  }

  bytesOf(row: number): Uint8Array {
    const { bytes, starts } = this.#arrays;
    return bytes.subarray(starts[row]!, starts[row + 1]!);
  }

  /** Id of a row or control token in the source model. */
  sourceIdOf(id: number): number {
    return id < this.size ? this.#arrays.sourceIds[id]! : this.controls[id - this.size]!.sourceId;
  }

  /** Bytes of a sequence of rows, one after the other. */
  decode(rows: readonly number[]): Uint8Array {
    const parts = rows.map((row) => this.bytesOf(row));
    const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }

  interval(prefix: Uint8Array): Interval {
    if (prefix.length === 0) return { lo: 0, hi: this.size };
    const first = prefix[0]! << 8;
    if (prefix.length === 1) return { lo: this.#firstWith(prefix[0]!), hi: this.#firstWith(prefix[0]! + 1) };
    const key = first | prefix[1]!;
    const from = this.#rowsFrom[key]!;
    // The next key's start may lie past one-byte tokens of the next first byte, which are no match: compare decides.
    const to = this.#rowsFrom[key + 1]!;
    if (prefix.length === 2 && prefix[1]! < 255) return { lo: from, hi: to };
    const lo = this.#search(prefix, from, to, 0);
    return { lo, hi: this.#search(prefix, lo, to, 1) };
  }

  encode(text: Uint8Array): number[] {
    const out: number[] = [];
    if (this.#hasLiteral(text)) this.#encodeAround(text, 0, out);
    else this.#encodePlain(text, 0, text.length, out);
    return out;
  }

  covers(text: string): boolean {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; ) {
      const length = charLenBytes(bytes, at);
      if (this.#rowOf(bytes, at, at + length) < 0 && !this.#isLiteral(bytes, at, at + length)) return false;
      at += length;
    }
    // A lone surrogate is encoded as U+FFFD: what was asked about cannot be written at all.
    return !/\p{Cs}/u.test(text);
  }

  /** First row of all whose first byte is at least `byte`. */
  #firstWith(byte: number): number {
    if (byte > 255) return this.size;
    // One-byte tokens [byte] stand before [byte, 0]; step back over them.
    let row = this.#rowsFrom[byte << 8]!;
    const { bytes, starts } = this.#arrays;
    while (row > 0 && bytes[starts[row - 1]!] === byte) row--;
    return row;
  }

  /** First row in from .. to - 1 whose first prefix.length bytes compare to the prefix as at least `least` (0 or 1). */
  #search(prefix: Uint8Array, from: number, to: number, least: 0 | 1): number {
    const { bytes, starts } = this.#arrays;
    let lo = from;
    let hi = to;
    while (lo < hi) {
      const middle = (lo + hi) >> 1;
      const start = starts[middle]!;
      const length = starts[middle + 1]! - start;
      const common = Math.min(length, prefix.length);
      let order = 0;
      for (let i = 0; i < common && order === 0; i++) order = bytes[start + i]! - prefix[i]!;
      if (order === 0 && length < prefix.length) order = -1;
      if (order > 0 || (order === 0 && least === 0)) hi = middle;
      else lo = middle + 1;
    }
    return lo;
  }

  #hasLiteral(text: Uint8Array): boolean {
    for (let at = 0; at < text.length; at++) {
      if (this.#literalFirst[text[at]!] === 1 && this.#literals.some(({ bytes }) => startsWith(text, at, bytes))) {
        return true;
      }
    }
    return false;
  }

  #isLiteral(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#literalFirst[bytes[start]!] === 0) return false;
    return this.#literals.some(
      (literal) => literal.bytes.length === end - start && startsWith(bytes, start, literal.bytes),
    );
  }

  /** Cuts out the literals from number `first` on (longest first, leftmost first) and encodes what lies between. */
  #encodeAround(text: Uint8Array, first: number, out: number[]): void {
    const buffer = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
    for (let i = first; i < this.#literals.length; i++) {
      const { row, bytes } = this.#literals[i]!;
      let found = buffer.indexOf(bytes);
      if (found < 0) continue;
      let at = 0;
      while (found >= 0) {
        if (found > at) this.#encodeAround(text.subarray(at, found), i + 1, out);
        out.push(row);
        at = found + bytes.length;
        found = buffer.indexOf(bytes, at);
      }
      if (at < text.length) this.#encodeAround(text.subarray(at), i + 1, out);
      return;
    }
    this.#encodePlain(text, 0, text.length, out);
  }

  /** Cuts text where no token crosses and encodes each run by itself: the same result as encoding it whole. */
  #encodePlain(text: Uint8Array, start: number, end: number, out: number[]): void {
    let runStart = start;
    let previous = -1;
    for (let at = start; at < end; ) {
      const length = charLenBytes(text, at);
      const point = codePointAt(text, at, length);
      if (previous >= 0 && !this.#arePair(previous, point)) {
        this.#encodeRun(text, runStart, at, out);
        runStart = at;
      }
      previous = point;
      at += length;
    }
    if (runStart < end) this.#encodeRun(text, runStart, end, out);
  }

  #arePair(first: number, second: number): boolean {
    const table = this.#arrays.pairTable;
    const mask = table.length / 2 - 1;
    let slot = hashPair(first, second) & mask;
    for (;;) {
      const found = table[slot * 2]!;
      if (found === -1) return false;
      if (found === first && table[slot * 2 + 1] === second) return true;
      slot = (slot + 1) & mask;
    }
  }

  #encodeRun(text: Uint8Array, start: number, end: number, out: number[]): void {
    if (end - start > RUN_CACHED_LEN_MAX) {
      for (const row of this.#merge(text, start, end)) out.push(row);
      return;
    }
    let key = '';
    for (let i = start; i < end; i++) key += String.fromCharCode(text[i]!);
    let rows = this.#runs.get(key);
    if (rows === undefined) {
      rows = this.#merge(text, start, end);
      if (this.#runs.size >= RUNS_CACHED_MAX) this.#runs.clear();
      this.#runs.set(key, rows);
    }
    for (const row of rows) out.push(row);
  }

  /** Byte pair encoding of one run: the best pair first, ties from the left. */
  #merge(text: Uint8Array, start: number, end: number): number[] {
    // Symbols as a linked list over bytes: ends[i] is where the symbol that starts at start + i ends, or 0 where none does.
    const ends = new Int32Array(end - start);
    const starts = new Int32Array(end - start + 1);
    for (let at = start; at < end; ) {
      const next = at + charLenBytes(text, at);
      ends[at - start] = next;
      starts[next - start] = at;
      at = next;
    }
    const queue = this.#queue;
    queue.clear();
    const offer = (left: number): void => {
      const middle = ends[left - start]!;
      if (middle >= end) return;
      const right = ends[middle - start]!;
      const row = this.#rowOf(text, left, right);
      if (row >= 0) queue.push(this.#arrays.ranks[row]!, left - start, right - start);
    };
    for (let at = start; at < end; at = ends[at - start]!) offer(at);
    while (queue.size > 0) {
      const left = queue.start + start;
      const right = queue.end + start;
      queue.pop();
      const middle = ends[left - start]!;
      // Stale: one of the two has merged with another symbol since.
      if (middle === 0 || middle >= right || ends[middle - start] !== right) continue;
      ends[middle - start] = 0;
      ends[left - start] = right;
      starts[right - start] = left;
      if (left > start) offer(starts[left - start]!);
      offer(left);
    }
    const rows: number[] = [];
    for (let at = start; at < end; at = ends[at - start]!) {
      const row = this.#rowOf(text, at, ends[at - start]!);
      if (row >= 0) rows.push(row);
      else for (let i = at; i < ends[at - start]!; i++) rows.push(this.#byteRows[text[i]!]!);
    }
    return rows;
  }

  /** Row of the normal token with these bytes, or -1. */
  #rowOf(text: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length > this.tokenLenBytesMax) return -1;
    const { rowTable, bytes, starts } = this.#arrays;
    const mask = rowTable.length - 1;
    let slot = hashSpan(text, start, end) & mask;
    for (;;) {
      const row = rowTable[slot]!;
      if (row === -1) return -1;
      const from = starts[row]!;
      if (starts[row + 1]! - from === length) {
        let i = 0;
        while (i < length && bytes[from + i] === text[start + i]) i++;
        if (i === length) return row;
      }
      slot = (slot + 1) & mask;
    }
  }
}

interface Literal {
  readonly row: number;
  readonly bytes: Uint8Array;
}

function startsWith(text: Uint8Array, at: number, bytes: Uint8Array): boolean {
  if (at + bytes.length > text.length) return false;
  for (let i = 0; i < bytes.length; i++) if (text[at + i] !== bytes[i]) return false;
  return true;
}

function rowsFrom({ bytes, starts }: VocabArrays): Uint32Array {
  const rows = starts.length - 1;
  const from = new Uint32Array(65_537).fill(rows);
  let key = 0;
  for (let row = 0; row < rows; row++) {
    const start = starts[row]!;
    // A one-byte token [b] is below [b, 0], so it opens no key of its own first byte.
    const isLong = starts[row + 1]! - start > 1;
    const rowKey = (bytes[start]! << 8) | (isLong ? bytes[start + 1]! : 0);
    const last = isLong ? rowKey : rowKey - 1;
    while (key <= last) from[key++] = row;
  }
  return from;
}
