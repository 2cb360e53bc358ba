/**
 * Reads members of a wheel (a zip archive) as streams. It covers what wheels are: stored or deflated members, sizes in
 * the central directory, zip64 where a member needs it. It writes nothing to disk, so member names cannot lead
 * anywhere. Names of records follow the zip specification, APPNOTE.TXT section 4.3.
 */

import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import * as zlib from 'node:zlib';

/** A damaged or unsupported archive: what was found and what was expected. */
export class WheelError extends Error {
  constructor(path: string, what: string) {
    super(`${path}: ${what}`);
    this.name = 'WheelError';
  }
}

export interface WheelMember {
  readonly name: string;
  readonly sizeBytes: number;
  readonly packedBytes: number;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly crc32: number;
  readonly headerOffset: number;
  readonly encrypted: boolean;
}

const END_RECORD = 0x06054b50;
const END_RECORD_BYTES = 22;
const ZIP64_LOCATOR = 0x07064b50;
const ZIP64_LOCATOR_BYTES = 20;
const ZIP64_END_RECORD = 0x06064b50;
const CENTRAL_HEADER = 0x02014b50;
const CENTRAL_HEADER_BYTES = 46;
const LOCAL_HEADER = 0x04034b50;
const LOCAL_HEADER_BYTES = 30;
const ZIP64_EXTRA = 0x0001;
const UINT32_MAX = 0xffffffff;
const UINT16_MAX = 0xffff;
/** The end record may carry a comment of up to 65,535 bytes behind it. */
const END_SEARCH_BYTES = END_RECORD_BYTES + UINT16_MAX;
/** A directory of 64 MiB lists some half a million members: more than any wheel, and still safe to hold. */
const DIRECTORY_BYTES_MAX = 64 << 20;
const STORED = 0;
const DEFLATED = 8;

export class Wheel {
  readonly path: string;
  readonly members: ReadonlyMap<string, WheelMember>;

  private constructor(path: string, members: ReadonlyMap<string, WheelMember>) {
    this.path = path;
    this.members = members;
  }

  /** @throws WheelError where the file is not a readable zip archive. */
  static async open(path: string): Promise<Wheel> {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const end = await readEnd(path, file, size);
      return new Wheel(path, await readDirectory(path, file, end));
    } finally {
      await file.close();
    }
  }

  /** @throws WheelError where there is no such member. */
  member(name: string): WheelMember {
    const member = this.members.get(name);
    if (!member) throw new WheelError(this.path, `holds no ${name} (it has ${this.members.size} members)`);
    return member;
  }

  /**
   * The member's content, from `offsetBytes` on (deflated content is unpacked and skipped up to there).
   * @throws WheelError where the archive is damaged; size and checksum are checked at the end of the stream.
   */
  async *read(name: string, offsetBytes = 0): AsyncGenerator<Uint8Array> {
    const member = this.member(name);
    if (member.encrypted) throw new WheelError(this.path, `${name} is encrypted`);
    const packed = await this.#packed(member);
    let crc = 0;
    let doneBytes = 0;
    try {
      for await (const chunk of packed) {
        doneBytes += chunk.length;
        if (doneBytes > member.sizeBytes) {
          throw new WheelError(this.path, `${name} unpacks to more than the ${member.sizeBytes} bytes it declares`);
        }
        crc = checksum(chunk, crc);
        const skip = Math.min(chunk.length, Math.max(0, offsetBytes - (doneBytes - chunk.length)));
        if (skip < chunk.length) yield skip === 0 ? chunk : chunk.subarray(skip);
      }
    } catch (error) {
      if (error instanceof WheelError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new WheelError(this.path, `${name} cannot be unpacked (${reason})`);
    }
    if (doneBytes !== member.sizeBytes) {
      throw new WheelError(this.path, `${name} unpacks to ${doneBytes} bytes, expected ${member.sizeBytes}`);
    }
    if (crc !== member.crc32) {
      throw new WheelError(this.path, `${name} has checksum ${hex32(crc)}, expected ${hex32(member.crc32)}`);
    }
  }

  /** The unpacked bytes, unchecked. */
  async #packed(member: WheelMember): Promise<AsyncIterable<Uint8Array>> {
    if (member.method !== STORED && member.method !== DEFLATED) {
      throw new WheelError(this.path, `${member.name} uses compression method ${member.method}, expected 0 or 8`);
    }
    if (member.packedBytes === 0) return emptyChunks();
    const start = await this.#dataOffset(member);
    const raw = createReadStream(this.path, {
      start,
      end: start + member.packedBytes - 1,
      highWaterMark: 1 << 18,
    });
    if (member.method === STORED) return raw as AsyncIterable<Uint8Array>;
    const inflate = zlib.createInflateRaw({ chunkSize: 1 << 18 });
    raw.on('error', (error) => inflate.destroy(error));
    inflate.on('close', () => raw.destroy());
    return raw.pipe(inflate) as AsyncIterable<Uint8Array>;
  }

  /** The local header repeats the name and may have an extra field of another length than the directory's. */
  async #dataOffset(member: WheelMember): Promise<number> {
    const file = await open(this.path, 'r');
    try {
      const header = await readExactly(this.path, file, member.headerOffset, LOCAL_HEADER_BYTES);
      const found = header.getUint32(0, true);
      if (found !== LOCAL_HEADER) {
        throw new WheelError(this.path, `${member.name} begins with ${hex32(found)}, expected ${hex32(LOCAL_HEADER)}`);
      }
      return member.headerOffset + LOCAL_HEADER_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
    } finally {
      await file.close();
    }
  }
}

interface DirectoryPlace {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly count: number;
}

async function readEnd(path: string, file: FileHandle, sizeBytes: number): Promise<DirectoryPlace> {
  const tailBytes = Math.min(sizeBytes, END_SEARCH_BYTES);
  const tail = await readExactly(path, file, sizeBytes - tailBytes, tailBytes);
  for (let at = tailBytes - END_RECORD_BYTES; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END_RECORD) continue;
    if (at + END_RECORD_BYTES + tail.getUint16(at + 20, true) !== tailBytes) continue;
    const place = {
      count: tail.getUint16(at + 10, true),
      sizeBytes: tail.getUint32(at + 12, true),
      offset: tail.getUint32(at + 16, true),
    };
    const isZip64 = place.count === UINT16_MAX || place.sizeBytes === UINT32_MAX || place.offset === UINT32_MAX;
    return isZip64 ? readZip64End(path, file, sizeBytes - tailBytes + at) : place;
  }
  throw new WheelError(path, `is no zip archive, or is cut short: no end record in its last ${tailBytes} bytes`);
}

async function readZip64End(path: string, file: FileHandle, endOffset: number): Promise<DirectoryPlace> {
  const locatorOffset = endOffset - ZIP64_LOCATOR_BYTES;
  if (locatorOffset < 0) throw new WheelError(path, 'has no room for the zip64 locator that its end record asks for');
  const locator = await readExactly(path, file, locatorOffset, ZIP64_LOCATOR_BYTES);
  if (locator.getUint32(0, true) !== ZIP64_LOCATOR) throw new WheelError(path, 'has no zip64 locator');
  const record = await readExactly(path, file, Number(locator.getBigUint64(8, true)), 56);
  if (record.getUint32(0, true) !== ZIP64_END_RECORD) throw new WheelError(path, 'has no zip64 end record');
  return {
    count: Number(record.getBigUint64(32, true)),
    sizeBytes: Number(record.getBigUint64(40, true)),
    offset: Number(record.getBigUint64(48, true)),
  };
}

async function readDirectory(
  path: string,
  file: FileHandle,
  place: DirectoryPlace,
): Promise<ReadonlyMap<string, WheelMember>> {
  if (place.sizeBytes > DIRECTORY_BYTES_MAX) {
    throw new WheelError(path, `has a directory of ${place.sizeBytes} bytes, expected at most ${DIRECTORY_BYTES_MAX}`);
  }
  const view = await readExactly(path, file, place.offset, place.sizeBytes);
  const members = new Map<string, WheelMember>();
  let at = 0;
  for (let i = 0; i < place.count; i++) {
    if (at + CENTRAL_HEADER_BYTES > view.byteLength || view.getUint32(at, true) !== CENTRAL_HEADER) {
      throw new WheelError(path, `has a damaged directory: entry ${i} of ${place.count} is not one`);
    }
    const nameBytes = view.getUint16(at + 28, true);
    const extraBytes = view.getUint16(at + 30, true);
    const nextAt = at + CENTRAL_HEADER_BYTES + nameBytes + extraBytes + view.getUint16(at + 32, true);
    if (nextAt > view.byteLength) throw new WheelError(path, `has a damaged directory: entry ${i} runs past its end`);
    const member = memberAt(view, at, nameBytes, extraBytes);
    members.set(member.name, member);
    at = nextAt;
  }
  return members;
}

function memberAt(view: DataView, at: number, nameBytes: number, extraBytes: number): WheelMember {
  const nameAt = at + CENTRAL_HEADER_BYTES;
  const name = new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + nameAt, nameBytes));
  const values = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
  const extraEnd = nameAt + nameBytes + extraBytes;
  for (let extraAt = nameAt + nameBytes; extraAt + 4 <= extraEnd; ) {
    const extraSize = view.getUint16(extraAt + 2, true);
    const bodyEnd = Math.min(extraEnd, extraAt + 4 + extraSize);
    if (view.getUint16(extraAt, true) === ZIP64_EXTRA) {
      let bodyAt = extraAt + 4;
      // In this order, and only those whose 32-bit field is saturated.
      for (let i = 0; i < values.length; i++) {
        if (values[i] !== UINT32_MAX || bodyAt + 8 > bodyEnd) continue;
        values[i] = Number(view.getBigUint64(bodyAt, true));
        bodyAt += 8;
      }
    }
    extraAt += 4 + extraSize;
  }
  return {
    name,
    sizeBytes: values[0]!,
    packedBytes: values[1]!,
    headerOffset: values[2]!,
    method: view.getUint16(at + 10, true),
    crc32: view.getUint32(at + 16, true),
    encrypted: (view.getUint16(at + 8, true) & 1) === 1,
  };
}

async function readExactly(path: string, file: FileHandle, offset: number, length: number): Promise<DataView> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) {
      throw new WheelError(path, `is cut short: expected ${length} bytes at ${offset}, found ${done}`);
    }
    done += bytesRead;
  }
  return new DataView(bytes.buffer);
}

async function* emptyChunks(): AsyncGenerator<Uint8Array> {}

/** zlib has crc32 from Node 20.15 on; before that, the plain table (zip specification, section 4.4.7). */
function checksum(chunk: Uint8Array, crc: number): number {
  return typeof zlib.crc32 === 'function' ? zlib.crc32(chunk, crc) : crc32Plain(chunk, crc);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

export function crc32Plain(chunk: Uint8Array, crc = 0): number {
  let value = ~crc;
  for (let i = 0; i < chunk.length; i++) value = CRC_TABLE[(value ^ chunk[i]!) & 0xff]! ^ (value >>> 8);
  return ~value >>> 0;
}

function hex32(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
