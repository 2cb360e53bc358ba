import { AppError } from '../../models/core/app-error.ts';
import { PART_HEADER_BYTES_MAX } from '../server/limits.ts';

const LINE_END = Buffer.from('\r\n');

/**
 * Watches the headers of a form's parts as its bytes come by: the parser drops those above its bound and says nothing. It holds no
 * more than one part's headers at a time.
 */
export class PartHeaders {
  readonly #headersMax: number;
  readonly #delimiter: Buffer;
  /** Bytes that cannot be judged before more come. The first delimiter has no line before it to end. */
  #rest: Buffer = LINE_END;
  /** Within a part's headers: how many there were, and their bytes; null within a body. */
  #seen: { headers: number; bytes: number } | null = null;

  constructor(boundary: string, headersMax: number) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`);
    this.#headersMax = headersMax;
  }

  /** Throws form_malformed where a part has too many headers, or too long ones. */
  note(chunk: Uint8Array): void {
    let bytes: Buffer = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const mark = this.#seen === null ? this.#delimiter : LINE_END;
      const at = bytes.indexOf(mark);
      if (at < 0) {
        // Of a body only what may be the beginning of a delimiter; of a line all, for it is counted when it ends.
        const kept = this.#seen === null ? Math.min(bytes.length, mark.length - 1) : bytes.length;
        this.#rest = Buffer.from(bytes.subarray(bytes.length - kept));
        if (this.#seen !== null) this.#checkBytes(this.#seen.bytes + kept);
        return;
      }
      if (this.#seen === null) {
        this.#seen = { headers: -1, bytes: 0 };
        bytes = bytes.subarray(at + mark.length);
      } else bytes = this.#line(this.#seen, bytes, at);
    }
  }

  /** Counts the line that ends at `end`; returns what comes behind it. */
  #line(seen: { headers: number; bytes: number }, bytes: Buffer, end: number): Buffer {
    const isFirst = seen.headers < 0;
    if (isFirst && bytes.subarray(0, 2).toString('latin1') === '--') {
      // The last delimiter: no part follows.
      this.#seen = null;
    } else if (!isFirst && end === 0) {
      // The empty line. Its end may belong to the delimiter of an empty body.
      this.#seen = null;
      return bytes;
    } else {
      const isFolded = bytes[0] === 0x20 || bytes[0] === 0x09;
      // The first line is what is left of the delimiter's.
      if (isFirst || !isFolded) seen.headers++;
      if (seen.headers > this.#headersMax) throw malformed(`more than ${this.#headersMax} headers`);
      seen.bytes += end + LINE_END.length;
      this.#checkBytes(seen.bytes);
    }
    return bytes.subarray(end + LINE_END.length);
  }

  #checkBytes(bytes: number): void {
    if (bytes > PART_HEADER_BYTES_MAX) throw malformed(`more than ${PART_HEADER_BYTES_MAX} bytes of headers`);
  }
}

/** What separates the parts of a form, by its content type; null where it says nothing. */
export function boundaryOf(contentType: string): string | null {
  const match = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType);
  return match?.[1] ?? match?.[2] ?? null;
}

function malformed(what: string): AppError {
  return new AppError('form_malformed', `A part of the form has ${what}.`);
}
