/**
 * Lines of UTF-8 text from a file, one at a time: nothing longer than a line and a block of 256 KiB is held. A byte order
 * mark at the start and a CR before the LF are not part of the text. What is not UTF-8 is an error with its line number,
 * since a reference with U+FFFD in it would count as an error of the recognizer.
 */
import { createReadStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { HEAD_BYTES, RECORD_BYTES_MAX, TEXT_FILE_BYTES_MAX } from './limits.ts';
import { fileError, malformed } from './malformed.ts';

export interface DataFile {
  /** Absolute. */
  readonly path: string;
  /** As messages and ids name it: relative to the data folder, with `/`. */
  readonly name: string;
}

export interface TextLine {
  readonly text: string;
  /** From 1. */
  readonly number: number;
}

const LF = 0x0a;
const BLOCK_BYTES = 256 * 2 ** 10;
const UTF8_BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** Throws AppError: file codes, and manifest_malformed for a line over the limit or bytes that are no UTF-8. */
export async function* readLines(file: DataFile, lineBytesMax = RECORD_BYTES_MAX): AsyncGenerator<TextLine> {
  let number = 0;
  let carry: Buffer[] = [];
  let carryBytes = 0;
  const checkLength = (bytes: number) => {
    if (bytes <= lineBytesMax) return;
    throw malformed(`${file.name}:${number + 1}`, `the line is longer than ${lineBytesMax} bytes`);
  };
  for await (const chunk of readBytes(file)) {
    const cut = chunk.lastIndexOf(LF) + 1;
    if (cut === 0) {
      carry.push(chunk);
      carryBytes += chunk.length;
      checkLength(carryBytes);
      continue;
    }
    checkLength(carryBytes + chunk.indexOf(LF));
    const block = carry.length === 0 ? chunk.subarray(0, cut) : Buffer.concat([...carry, chunk.subarray(0, cut)]);
    carry = cut < chunk.length ? [chunk.subarray(cut)] : [];
    carryBytes = chunk.length - cut;
    checkLengths(block, lineBytesMax, file, number);
    for (const text of decodeLines(block.subarray(0, -1), file, number)) yield { text, number: ++number };
  }
  if (carryBytes === 0) return;
  checkLength(carryBytes);
  for (const text of decodeLines(Buffer.concat(carry), file, number)) yield { text, number: ++number };
}

/** Lines inside a block are shorter than it; only a limit below the block's length (tests set one) asks for a look at each. */
function checkLengths(block: Buffer, lineBytesMax: number, file: DataFile, before: number): void {
  if (lineBytesMax >= BLOCK_BYTES) return;
  let [start, number] = [0, before];
  for (let end = block.indexOf(LF); end >= 0; end = block.indexOf(LF, start)) {
    number++;
    if (end - start > lineBytesMax) {
      throw malformed(`${file.name}:${number}`, `the line is longer than ${lineBytesMax} bytes`);
    }
    start = end + 1;
  }
}

/** Bytes of a file in blocks, errors of the system translated. */
export async function* readBytes(file: DataFile): AsyncGenerator<Buffer> {
  const stream = createReadStream(file.path, { highWaterMark: BLOCK_BYTES });
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (cause) {
    throw fileError(file.name, cause);
  } finally {
    stream.destroy();
  }
}

/** `before`: lines of the file that precede the block. The block's last LF is not in it. */
function decodeLines(block: Buffer, file: DataFile, before: number): string[] {
  const bytes = before === 0 && block.subarray(0, 3).equals(UTF8_BOM) ? block.subarray(3) : block;
  let text: string;
  try {
    text = decodeUtf8(bytes);
  } catch (cause) {
    throw invalidUtf8(bytes, file.name, before, cause);
  }
  const lines = text.split('\n');
  if (text.includes('\r')) {
    for (let i = 0; i < lines.length; i++) if (lines[i]!.endsWith('\r')) lines[i] = lines[i]!.slice(0, -1);
  }
  return lines;
}

/** Throws a TypeError where the bytes are no UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

/** Finds the line to blame. */
export function invalidUtf8(bytes: Buffer, name: string, before: number, cause: unknown): Error {
  if (before === 0 && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))) {
    return malformed(`${name}:1`, 'the file is UTF-16; save it as UTF-8', cause);
  }
  let number = before;
  for (let start = 0; start <= bytes.length; ) {
    number++;
    const end = bytes.indexOf(LF, start);
    try {
      decodeUtf8(bytes.subarray(start, end < 0 ? bytes.length : end));
    } catch {
      break;
    }
    if (end < 0) break;
    start = end + 1;
  }
  return malformed(`${name}:${number}`, 'the line is not valid UTF-8', cause);
}

/** A whole small text file: no byte order mark, LF line ends, none at the end. */
export async function readSmallText(file: DataFile): Promise<string> {
  let bytes: Buffer;
  try {
    const { size } = await stat(file.path);
    if (size > TEXT_FILE_BYTES_MAX) {
      throw malformed(file.name, `the text has ${size} bytes; at most ${TEXT_FILE_BYTES_MAX} are read`);
    }
    bytes = await readFile(file.path);
  } catch (cause) {
    throw fileError(file.name, cause);
  }
  return decodeLines(bytes, file, 0).join('\n').replace(/\n+$/, '');
}

/** The first lines of a file, for telling its form: bytes that are no UTF-8 are read as U+FFFD, a cut line is left out. */
export async function readHead(file: DataFile): Promise<{ readonly lines: string[]; readonly whole: boolean }> {
  try {
    const handle = await open(file.path, 'r');
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      const lines = new TextDecoder().decode(buffer.subarray(0, bytesRead)).split(/\r?\n/);
      const whole = bytesRead < HEAD_BYTES;
      if (!whole && lines.length > 1) lines.pop();
      return { lines, whole };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw fileError(file.name, cause);
  }
}
