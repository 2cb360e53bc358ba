import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AppError } from '../core/app-error.ts';

/**
 * The binary form of a sorted vocabulary: magic, version, length of a JSON header, the header, then typed arrays at
 * multiples of 8 bytes, little-endian. Loading is views over one buffer. A header names each array's place, and the
 * SHA-256 of everything after it.
 */
const MAGIC = 'BFVOCAB1';
export const VOCAB_VERSION = 1;
const PREFIX_BYTES = 16;

/** A control token that the model keeps; its id is the vocabulary's size plus its place in the list. */
export interface ControlToken {
  readonly name: string;
  readonly sourceId: number;
  /** bos, eos, and so on; empty where it has no role. */
  readonly role: string;
}

/** Everything of a sorted vocabulary; V rows. */
export interface VocabArrays {
  /** All rows' bytes, one after the other. */
  readonly bytes: Uint8Array;
  /** u32 [V + 1]: where a row's bytes start. */
  readonly starts: Uint32Array;
  /** i32 [V]: merge rank of normal tokens; BYTE_RANK or LITERAL_RANK for the others. */
  readonly ranks: Int32Array;
  /** i32 [V]: ids in the source model. */
  readonly sourceIds: Int32Array;
  /** i32: open-addressing table of normal rows by `hashSpan`; -1 is free. */
  readonly rowTable: Int32Array;
  /** i32 pairs: open-addressing table of neighboring code points inside normal tokens, by `hashPair`; -1 is free. */
  readonly pairTable: Int32Array;
}

export interface VocabHeader {
  readonly controls: readonly ControlToken[];
  /** `full`, or the size that the vocabulary was trimmed to. */
  readonly trim: 'full' | number;
  /** ISO 639-1 codes of the languages that it was trimmed to; null where every language is written as the model learned it. */
  readonly languages: readonly string[] | null;
}

export const BYTE_RANK = -1;
export const LITERAL_RANK = -2;

type ArrayName = keyof VocabArrays;
const ARRAYS: readonly (readonly [ArrayName, 'u8' | 'u32' | 'i32'])[] = [
  ['bytes', 'u8'],
  ['starts', 'u32'],
  ['ranks', 'i32'],
  ['sourceIds', 'i32'],
  ['rowTable', 'i32'],
  ['pairTable', 'i32'],
];

interface StoredHeader extends VocabHeader {
  readonly arrays: Readonly<Record<ArrayName, { readonly offset: number; readonly lengthBytes: number }>>;
  readonly sha256: string;
}

/** The file's bytes. */
export function encodeVocab(arrays: VocabArrays, header: VocabHeader): Uint8Array {
  const places = {} as Record<ArrayName, { offset: number; lengthBytes: number }>;
  let end = 0;
  for (const [name] of ARRAYS) {
    places[name] = { offset: end, lengthBytes: arrays[name].byteLength };
    end = align(end + arrays[name].byteLength);
  }
  const body = new Uint8Array(end);
  for (const [name] of ARRAYS) {
    const array = arrays[name];
    body.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), places[name].offset);
  }
  const stored: StoredHeader = { ...header, arrays: places, sha256: sha256(body) };
  const json = new TextEncoder().encode(JSON.stringify(stored));
  const bodyStart = align(PREFIX_BYTES + json.length);
  const out = new Uint8Array(bodyStart + body.length);
  out.set(new TextEncoder().encode(MAGIC));
  const view = new DataView(out.buffer);
  view.setUint32(8, VOCAB_VERSION, true);
  view.setUint32(12, json.length, true);
  out.set(json, PREFIX_BYTES);
  out.set(body, bodyStart);
  return out;
}

export interface VocabFile {
  readonly arrays: VocabArrays;
  readonly header: VocabHeader;
  /** SHA-256 (hex) of the arrays. */
  readonly sha256: string;
}

/**
 * Opens a vocabulary file as views.
 * @throws AppError model_missing, model_corrupt
 */
export function readVocabFile(path: string): VocabFile {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new AppError('model_missing', `The vocabulary ${path} cannot be read`, { cause: error });
  }
  return decodeVocab(bytes, path);
}

/** As `readVocabFile`, from bytes; `path` is only for messages. */
export function decodeVocab(file: Uint8Array, path: string): VocabFile {
  const corrupt = (what: string) => new AppError('model_corrupt', `The vocabulary ${path} ${what}; convert it again`);
  if (file.length < PREFIX_BYTES) throw corrupt(`has ${file.length} bytes`);
  // A view of 32-bit words needs an aligned start, which a small file's pooled buffer may not have.
  const bytes = file.byteOffset % 8 === 0 ? file : file.slice();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = String.fromCharCode(...bytes.subarray(0, 8));
  if (magic !== MAGIC) throw corrupt(`starts with ${JSON.stringify(magic)}, expected "${MAGIC}"`);
  const version = view.getUint32(8, true);
  if (version !== VOCAB_VERSION) throw corrupt(`has version ${version}, expected ${VOCAB_VERSION}`);
  const jsonLen = view.getUint32(12, true);
  const bodyStart = align(PREFIX_BYTES + jsonLen);
  if (bodyStart > bytes.length) throw corrupt(`ends inside its header`);
  const header = parseHeader(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + jsonLen), corrupt);
  const body = bytes.subarray(bodyStart);
  const found = sha256(body);
  if (found !== header.sha256) throw corrupt(`has SHA-256 ${found}, expected ${header.sha256}`);
  const arrays = {} as Record<ArrayName, VocabArrays[ArrayName]>;
  for (const [name, type] of ARRAYS) {
    const { offset, lengthBytes } = header.arrays[name];
    const start = body.byteOffset + offset;
    if (type === 'u8') arrays[name] = new Uint8Array(body.buffer, start, lengthBytes);
    else if (type === 'u32') arrays[name] = new Uint32Array(body.buffer, start, lengthBytes >> 2);
    else arrays[name] = new Int32Array(body.buffer, start, lengthBytes >> 2);
  }
  return { arrays: arrays as unknown as VocabArrays, header, sha256: found };
}

function parseHeader(json: Uint8Array, corrupt: (what: string) => AppError): StoredHeader {
  try {
    const header = JSON.parse(new TextDecoder().decode(json)) as StoredHeader;
    if (ARRAYS.every(([name]) => Number.isInteger(header.arrays[name].offset))) return header;
  } catch {
    // Falls through to the same error as a header of another shape.
  }
  throw corrupt('has a header that cannot be read');
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function align(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}
