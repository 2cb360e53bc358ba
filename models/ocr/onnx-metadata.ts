import { type FileHandle, open } from 'node:fs/promises';
import { AppError } from '../core/app-error.ts';
import { ONNX_FIELDS_MAX } from './limits.ts';

/** onnx.ModelProto.metadata_props, and the two fields of its entries (onnx/onnx.proto). */
const METADATA_FIELD = 14;
const KEY_FIELD = 1;
const VALUE_FIELD = 2;

/** Wire types of protobuf. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/** A tag and a length: two varints of at most ten bytes. */
const HEAD_BYTES = 20;

/**
 * One metadata entry of an ONNX file, which ONNX Runtime's binding for Node does not show. Only the heads of the top
 * level's fields and the metadata itself are read, never the graph.
 *
 * @returns undefined where there is no such entry
 * @throws AppError `model_corrupt` where the file is no ONNX file, or the entry is larger than `bytesMax`
 */
export async function readOnnxMetadata(path: string, key: string, bytesMax: number): Promise<string | undefined> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw new AppError('model_corrupt', `${path} cannot be read: ${String(error)}`, { cause: error });
  });
  try {
    return await find(file, path, key, bytesMax);
  } finally {
    await file.close();
  }
}

async function find(file: FileHandle, path: string, key: string, bytesMax: number): Promise<string | undefined> {
  const { size } = await file.stat();
  let at = 0;
  for (let fields = 0; at < size; fields++) {
    if (fields === ONNX_FIELDS_MAX) throw corrupt(path, `it has more than ${ONNX_FIELDS_MAX} fields`);
    const head = new FieldReader(await readAt(file, at, Math.min(HEAD_BYTES, size - at)), path);
    const { number, wire } = head.tag();
    if (wire === VARINT) head.varint();
    const body = wire === LENGTH ? head.varint() : wire === FIXED64 ? 8 : wire === FIXED32 ? 4 : 0;
    const start = at + head.at;
    if (start + body > size) throw corrupt(path, `field ${number} ends after the file's ${size} bytes`);
    if (number === METADATA_FIELD && wire === LENGTH) {
      if (body > bytesMax) throw corrupt(path, `a metadata entry has ${body} bytes, at most ${bytesMax} are read`);
      const entry = entryOf(await readAt(file, start, body), path);
      if (entry.key === key) return entry.value;
    }
    at = start + body;
  }
  return undefined;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

function entryOf(bytes: Uint8Array, path: string): { key: string; value: string } {
  const entry = { key: '', value: '' };
  const reader = new FieldReader(bytes, path);
  while (reader.at < bytes.length) {
    const { number, wire } = reader.tag();
    if (wire !== LENGTH) throw corrupt(path, `a metadata entry holds wire type ${wire}`);
    const text = reader.text(reader.varint());
    if (number === KEY_FIELD) entry.key = text;
    if (number === VALUE_FIELD) entry.value = text;
  }
  return entry;
}

function corrupt(path: string, what: string): AppError {
  return new AppError('model_corrupt', `${path} is not an ONNX model: ${what}.`);
}

/** Reads protobuf's primitives off one piece of bytes. */
class FieldReader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #path: string;

  constructor(bytes: Uint8Array, path: string) {
    this.#bytes = bytes;
    this.#path = path;
  }

  tag(): { readonly number: number; readonly wire: number } {
    const tag = this.varint();
    const wire = tag % 8;
    const number = Math.floor(tag / 8);
    if (number === 0 || ![VARINT, FIXED64, LENGTH, FIXED32].includes(wire)) {
      throw corrupt(this.#path, `a field has number ${number} and wire type ${wire}`);
    }
    return { number, wire };
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined || factor > 2 ** 63) throw corrupt(this.#path, 'a number ends early');
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  text(length: number): string {
    const end = this.at + length;
    if (end > this.#bytes.length) throw corrupt(this.#path, 'a text ends early');
    const text = new TextDecoder().decode(this.#bytes.subarray(this.at, end));
    this.at = end;
    return text;
  }
}
