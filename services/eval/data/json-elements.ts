/**
 * The elements of a big JSON array, or the entries of a big JSON object, one at a time. Only the element under way is held:
 * a byte automaton that knows strings and brackets finds where it ends, and JSON.parse judges it. In UTF-8 no byte of a
 * longer character looks like a bracket, comma or quote, so bytes are enough.
 */
import { RECORD_BYTES_MAX } from './limits.ts';
import { malformed } from './malformed.ts';
import { type DataFile, decodeUtf8, invalidUtf8, readBytes } from './text-lines.ts';

export interface JsonElement {
  /** An element of the array; of an object `{ key: value }` with one entry. */
  readonly value: unknown;
  /** Line that it begins on, from 1. */
  readonly number: number;
  /** Its place in the container, from 1. */
  readonly ordinal: number;
  /** `n.json:12`, and where several begin on one line (json.dump writes all on one) `n.json:1 (element 3)`. */
  readonly where: string;
}

const [LF, SPACE, QUOTE, COMMA, BACKSLASH] = [0x0a, 0x20, 0x22, 0x2c, 0x5c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const BOM = [0xef, 0xbb, 0xbf];

/** Throws AppError: file codes; manifest_malformed with the line that an element begins on. */
export async function* readElements(file: DataFile): AsyncGenerator<JsonElement> {
  const splitter = new ElementSplitter(file);
  for await (const chunk of readBytes(file)) yield* splitter.push(chunk);
  splitter.end();
}

class ElementSplitter {
  readonly #file: DataFile;
  #line = 1;
  #offset = 0;
  /** Byte that closes the container; 0 before it opened. */
  #closer = 0;
  #closed = false;
  #inString = false;
  #escaped = false;
  #depth = 0;
  /** Blocks of the element under way, and its first line; line 0: none has begun. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #elementLine = 0;
  #ordinal = 0;
  #lastLine = 0;
  #afterComma = false;

  constructor(file: DataFile) {
    this.#file = file;
  }

  *push(chunk: Buffer): Generator<JsonElement> {
    let from = this.#elementLine > 0 ? 0 : -1;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (byte === LF) this.#line++;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
        continue;
      }
      if (byte <= SPACE) continue;
      if (this.#closer === 0 || this.#closed) {
        this.#outside(byte, this.#offset + i);
        continue;
      }
      if (this.#depth === 0 && (byte === COMMA || byte === CLOSE_LIST || byte === CLOSE_OBJECT)) {
        if (from >= 0) {
          this.#hold(chunk.subarray(from, i));
          from = -1;
        }
        const value = this.#finish(byte);
        if (value) yield value;
        continue;
      }
      if (this.#elementLine === 0) {
        this.#elementLine = this.#line;
        from = i;
      }
      if (byte === QUOTE) this.#inString = true;
      else if (byte === OPEN_LIST || byte === OPEN_OBJECT) this.#depth++;
      else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) this.#depth--;
    }
    if (from >= 0) this.#hold(chunk.subarray(from));
    this.#offset += chunk.length;
  }

  end(): void {
    if (this.#closer === 0) throw this.#error(this.#line, 'the file holds no JSON');
    if (!this.#closed) throw this.#error(this.#elementLine || this.#line, 'the JSON ends in the middle');
  }

  #outside(byte: number, offset: number): void {
    if (this.#closed) throw this.#error(this.#line, 'text after the end of the JSON');
    if (offset < BOM.length && byte === BOM[offset]) return;
    if (byte !== OPEN_LIST && byte !== OPEN_OBJECT) throw this.#error(this.#line, 'neither a JSON array nor an object');
    this.#closer = byte === OPEN_LIST ? CLOSE_LIST : CLOSE_OBJECT;
  }

  #hold(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#partBytes += bytes.length;
    if (this.#partBytes <= RECORD_BYTES_MAX) return;
    throw this.#error(this.#elementLine, `the element is longer than ${RECORD_BYTES_MAX} bytes`);
  }

  #finish(byte: number): JsonElement | null {
    if (byte !== COMMA) {
      if (byte !== this.#closer) throw this.#error(this.#line, 'a bracket that does not fit');
      this.#closed = true;
    }
    if (this.#elementLine === 0) {
      if (byte === COMMA || this.#afterComma) throw this.#error(this.#line, 'a comma without an element');
      return null;
    }
    const number = this.#elementLine;
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partBytes = 0;
    this.#elementLine = 0;
    this.#afterComma = byte === COMMA;
    const ordinal = ++this.#ordinal;
    const place = `${this.#file.name}:${number}`;
    const where = number === this.#lastLine ? `${place} (element ${ordinal})` : place;
    this.#lastLine = number;
    return { value: this.#parse(bytes, number, where), number, ordinal, where };
  }

  #parse(bytes: Buffer, number: number, where: string): unknown {
    let text: string;
    try {
      text = decodeUtf8(bytes);
    } catch (cause) {
      throw invalidUtf8(bytes, this.#file.name, number - 1, cause);
    }
    try {
      return JSON.parse(this.#closer === CLOSE_LIST ? text : `{${text}}`);
    } catch (cause) {
      throw malformed(where, 'not valid JSON', cause);
    }
  }

  #error(line: number, what: string): Error {
    return malformed(`${this.#file.name}:${line}`, what);
  }
}
