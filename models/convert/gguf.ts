import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { AppError } from '../core/app-error.ts';
import { FOREIGN_TYPE_NAMES, GGUF_TYPES, type GgufType } from './gguf-types.ts';
import type { QuantizedMatrix } from './graph-builder.ts';
import { quantizedMatrix } from './quant-blocks.ts';

export type GgufValue = number | boolean | string | readonly string[] | ArrayLike<number>;

export interface GgufTensor {
  readonly name: string;
  /** Dimensions, fastest first: a matrix is [columns, rows]. */
  readonly dims: readonly number[];
  readonly type: GgufType;
  /** From the start of the file. */
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** Largest counts that we believe: real files stay far below, and a corrupt count must not drive an allocation. */
const TENSORS_MAX = 65_536;
const PAIRS_MAX = 65_536;
const ARRAY_LEN_MAX = 1 << 24;
const STRING_LEN_MAX = 1 << 24;
/** Bytes read at a time when rows are streamed. */
const CHUNK_BYTES = 1 << 20;
/** Where a file does not say `general.alignment`. */
const ALIGNMENT_DEFAULT = 32;

/**
 * A GGUF file, version 2 or 3, little-endian: metadata and tensor table in memory, tensors read as a stream.
 * Every error is an AppError that names the file, what was found and what was expected.
 */
export class GgufFile {
  readonly path: string;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  readonly lengthBytes: number;
  #fd: number | undefined;

  private constructor(path: string, fd: number, lengthBytes: number, header: Header) {
    this.path = path;
    this.#fd = fd;
    this.lengthBytes = lengthBytes;
    this.metadata = header.metadata;
    this.tensors = header.tensors;
  }

  /**
   * Reads the header and checks the whole table against the file's size.
   * @throws AppError file_not_found, file_is_directory, file_unreadable, file_empty, model_format, model_corrupt
   */
  static open(path: string): GgufFile {
    let fd: number;
    try {
      fd = openSync(path, 'r');
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      const text = missing ? `There is no file ${path}` : `${path} cannot be opened`;
      throw new AppError(missing ? 'file_not_found' : 'file_unreadable', text, { cause: error });
    }
    try {
      const stat = fstatSync(fd);
      if (stat.isDirectory()) throw new AppError('file_is_directory', `${path} is a folder, not a GGUF file`);
      if (stat.size === 0) throw new AppError('file_empty', `${path} is empty`);
      return new GgufFile(path, fd, stat.size, new HeaderReader(path, fd, stat.size).read());
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** A number of the metadata. @throws AppError model_format where it is absent or no number */
  number(key: string): number {
    return this.#get(key, 'a number', (value) => typeof value === 'number');
  }

  text(key: string): string {
    return this.#get(key, 'a string', (value) => typeof value === 'string');
  }

  strings(key: string): readonly string[] {
    return this.#get(key, 'a list of strings', (value) => Array.isArray(value));
  }

  numbers(key: string): ArrayLike<number> {
    return this.#get(key, 'a list of numbers', (value) => typeof value === 'object' && !Array.isArray(value));
  }

  /** A tensor of exactly these dimensions. @throws AppError model_format otherwise */
  tensor(name: string, dims: readonly number[]): GgufTensor {
    const tensor = this.tensors.get(name);
    if (tensor === undefined) throw this.#foreign(`there is no tensor "${name}"`);
    if (tensor.dims.length !== dims.length || tensor.dims.some((dim, i) => dim !== dims[i])) {
      throw this.#foreign(`tensor "${name}" is [${tensor.dims.join(', ')}], expected [${dims.join(', ')}]`);
    }
    return tensor;
  }

  /** A whole tensor as f32, for small ones (norms). */
  values(name: string, dims: readonly number[]): Float32Array {
    const tensor = this.tensor(name, dims);
    const out = new Float32Array(dims.reduce((size, dim) => size * dim, 1));
    tensor.type.toFloats(this.#read(tensor.offsetBytes, new Uint8Array(tensor.lengthBytes)), out);
    return out;
  }

  /**
   * A matrix in 8-bit blocks of 32: exact for Q8_0, Q5_0 and Q4_0, rounded for the other types.
   * @param order rows to take, in this order; all by default
   */
  matrix(name: string, size: { rows: number; cols: number }, order?: Int32Array): QuantizedMatrix {
    const { cols } = size;
    const tensor = this.tensor(name, [cols, size.rows]);
    const rows = order?.length ?? size.rows;
    const { toBlocks } = tensor.type;
    if (toBlocks === undefined) return quantizedMatrix(rows, cols, () => this.#floatRows(tensor, order));
    const blocks = cols / tensor.type.blockValues;
    const self = this;
    const pass = (pick: (q8: Uint8Array, scales: Float32Array) => Uint8Array) =>
      function* (): Generator<Uint8Array> {
        for (const [bytes, count] of self.#rawRows(tensor, order)) {
          const q8 = new Uint8Array(count * cols);
          const scales = new Float32Array(count * blocks);
          toBlocks(bytes, q8, scales);
          yield pick(q8, scales);
        }
      };
    return {
      rows,
      cols,
      q8: { byteLength: rows * cols, chunks: pass((q8) => q8) },
      scales: { byteLength: rows * blocks * 4, chunks: pass((_, scales) => new Uint8Array(scales.buffer)) },
    };
  }

  *#floatRows(tensor: GgufTensor, order: Int32Array | undefined): Generator<Float32Array> {
    for (const [bytes, count] of this.#rawRows(tensor, order)) {
      const out = new Float32Array(count * tensor.dims[0]!);
      tensor.type.toFloats(bytes, out);
      yield out;
    }
  }

  /** Chunks of whole rows as they lie in the file; the buffer is used again. */
  *#rawRows(tensor: GgufTensor, order: Int32Array | undefined): Generator<readonly [Uint8Array, number]> {
    const rowBytes = (tensor.dims[0]! / tensor.type.blockValues) * tensor.type.blockBytes;
    const rows = order?.length ?? tensor.dims[1]!;
    const rowsPerChunk = Math.max(1, Math.floor(CHUNK_BYTES / rowBytes));
    const buffer = new Uint8Array(rowsPerChunk * rowBytes);
    for (let first = 0; first < rows; first += rowsPerChunk) {
      const count = Math.min(rowsPerChunk, rows - first);
      const chunk = buffer.subarray(0, count * rowBytes);
      if (order === undefined) this.#read(tensor.offsetBytes + first * rowBytes, chunk);
      else {
        for (let i = 0; i < count; i++) {
          const row = chunk.subarray(i * rowBytes, (i + 1) * rowBytes);
          this.#read(tensor.offsetBytes + order[first + i]! * rowBytes, row);
        }
      }
      yield [chunk, count];
    }
  }

  #read(offset: number, into: Uint8Array): Uint8Array {
    if (this.#fd === undefined) throw new Error(`${this.path} is closed`);
    let done = 0;
    while (done < into.length) {
      const count = readSync(this.#fd, into, done, into.length - done, offset + done);
      if (count === 0) {
        throw new AppError('model_corrupt', `${this.path} ends at byte ${offset + done}; it shrank while it was read`);
      }
      done += count;
    }
    return into;
  }

  #get<T extends GgufValue>(key: string, kind: string, fits: (value: GgufValue) => boolean): T {
    const value = this.metadata.get(key);
    if (value === undefined) throw this.#foreign(`its metadata has no "${key}"`);
    if (!fits(value)) throw this.#foreign(`its metadata "${key}" is not ${kind}`);
    return value as T;
  }

  #foreign(what: string): AppError {
    return new AppError('model_format', `${this.path} is not a model that can be converted: ${what}`);
  }
}

interface Header {
  readonly metadata: Map<string, GgufValue>;
  readonly tensors: Map<string, GgufTensor>;
}

/** Reads the header front to back through a buffer. */
class HeaderReader {
  readonly #path: string;
  readonly #fd: number;
  readonly #size: number;
  #buffer = new Uint8Array(1 << 16);
  #bufferStart = 0;
  #bufferLen = 0;
  #at = 0;
  // A token may be a byte order mark: keep it.
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(path: string, fd: number, size: number) {
    this.#path = path;
    this.#fd = fd;
    this.#size = size;
  }

  read(): Header {
    const magic = String.fromCharCode(...this.#bytes(4, 'the magic number'));
    if (magic !== 'GGUF') {
      const found = JSON.stringify(magic).slice(1, -1);
      throw this.#error('model_format', `starts with "${found}", expected "GGUF"`);
    }
    const version = this.#u32('the version');
    if (version !== 2 && version !== 3) {
      const bigEndian = version === 0x03000000 || version === 0x02000000 ? ' (a big-endian file)' : '';
      throw this.#error('model_format', `has GGUF version ${version}${bigEndian}, expected 2 or 3`);
    }
    const tensorCount = this.#count('the number of tensors', TENSORS_MAX);
    const pairCount = this.#count('the number of metadata entries', PAIRS_MAX);
    const metadata = new Map<string, GgufValue>();
    for (let i = 0; i < pairCount; i++) {
      const key = this.#string('a metadata key');
      metadata.set(key, this.#value(this.#u32(`the type of "${key}"`), `"${key}"`));
    }
    return { metadata, tensors: this.#tensors(tensorCount, metadata) };
  }

  #tensors(count: number, metadata: Map<string, GgufValue>): Map<string, GgufTensor> {
    const relative: GgufTensor[] = [];
    for (let i = 0; i < count; i++) relative.push(this.#tensor());
    const alignment = Number(metadata.get('general.alignment') ?? ALIGNMENT_DEFAULT);
    if (!Number.isInteger(alignment) || alignment <= 0) {
      throw this.#error('model_corrupt', `says general.alignment ${alignment}, expected a positive whole number`);
    }
    const start = Math.ceil(this.#at / alignment) * alignment;
    const tensors = new Map<string, GgufTensor>();
    for (const tensor of relative) {
      if (tensor.offsetBytes % alignment !== 0) {
        const text = `places tensor "${tensor.name}" at ${tensor.offsetBytes}, expected a multiple of ${alignment}`;
        throw this.#error('model_corrupt', text);
      }
      const offsetBytes = start + tensor.offsetBytes;
      const end = offsetBytes + tensor.lengthBytes;
      if (end > this.#size) {
        const text = `has ${this.#size} bytes, but tensor "${tensor.name}" ends at byte ${end}: the file is truncated`;
        throw this.#error('model_corrupt', text);
      }
      if (tensors.has(tensor.name)) throw this.#error('model_corrupt', `lists tensor "${tensor.name}" twice`);
      tensors.set(tensor.name, { ...tensor, offsetBytes });
    }
    return tensors;
  }

  #tensor(): GgufTensor {
    const name = this.#string('a tensor name');
    const rank = this.#u32(`the rank of "${name}"`);
    if (rank < 1 || rank > 4) throw this.#error('model_corrupt', `gives "${name}" ${rank} dimensions, expected 1 to 4`);
    const dims = Array.from({ length: rank }, () => this.#u64(`a dimension of "${name}"`));
    const typeId = this.#u32(`the type of "${name}"`);
    const offsetBytes = this.#u64(`the offset of "${name}"`);
    const type = GGUF_TYPES.get(typeId);
    if (type === undefined) {
      const known = [...GGUF_TYPES.values()].map((each) => each.name).join(', ');
      const found = FOREIGN_TYPE_NAMES.get(typeId) ?? `number ${typeId}`;
      throw this.#error('model_format', `holds "${name}" as type ${found}, expected one of ${known}`);
    }
    const values = dims.reduce((size, dim) => size * dim, 1);
    if (!Number.isSafeInteger(values) || values <= 0 || dims[0]! % type.blockValues !== 0) {
      const text = `gives "${name}" [${dims.join(', ')}], expected rows of whole ${type.name} blocks of ${type.blockValues}`;
      throw this.#error('model_corrupt', text);
    }
    return { name, dims, type, offsetBytes, lengthBytes: (values / type.blockValues) * type.blockBytes };
  }

  #value(type: number, what: string): GgufValue {
    if (type === 8) return this.#string(what);
    if (type === 9) return this.#array(what);
    if (type === 7) return this.#bytes(1, what)[0] !== 0;
    const number = NUMBERS.get(type);
    if (number === undefined) throw this.#error('model_corrupt', `has type ${type} for ${what}, expected 0 to 12`);
    const bytes = this.#bytes(number.lengthBytes, what);
    return number.read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
  }

  #array(what: string): GgufValue {
    const type = this.#u32(`the element type of ${what}`);
    const length = this.#count(`the length of ${what}`, ARRAY_LEN_MAX);
    if (type === 8) {
      const strings: string[] = [];
      for (let i = 0; i < length; i++) strings.push(this.#string(what));
      return strings;
    }
    const number = type === 7 ? NUMBERS.get(0) : NUMBERS.get(type);
    if (number === undefined) throw this.#error('model_corrupt', `has a list of type ${type} for ${what}`);
    const bytes = this.#bytes(length * number.lengthBytes, what);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const out = new Float64Array(length);
    for (let i = 0; i < length; i++) out[i] = number.read(view, i * number.lengthBytes);
    return out;
  }

  #string(what: string): string {
    const length = this.#u64(`the length of ${what}`);
    if (length > STRING_LEN_MAX) throw this.#error('model_corrupt', `gives ${what} a length of ${length} bytes`);
    return this.#decoder.decode(this.#bytes(length, what));
  }

  #count(what: string, max: number): number {
    const count = this.#u64(what);
    if (count > max) throw this.#error('model_corrupt', `says ${count} for ${what}, expected at most ${max}`);
    return count;
  }

  #u32(what: string): number {
    const bytes = this.#bytes(4, what);
    return (bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24)) >>> 0;
  }

  #u64(what: string): number {
    const low = this.#u32(what);
    return low + this.#u32(what) * 2 ** 32;
  }

  /** The next `length` bytes: a view that the next call may overwrite. */
  #bytes(length: number, what: string): Uint8Array {
    if (this.#at + length > this.#size) {
      const text = `has ${this.#size} bytes and ends inside ${what} (byte ${this.#at} plus ${length}): it is truncated`;
      throw this.#error('model_corrupt', text);
    }
    if (this.#at + length > this.#bufferStart + this.#bufferLen) this.#fill(length);
    const from = this.#at - this.#bufferStart;
    this.#at += length;
    return this.#buffer.subarray(from, from + length);
  }

  #fill(length: number): void {
    if (length > this.#buffer.length) this.#buffer = new Uint8Array(length);
    this.#bufferStart = this.#at;
    this.#bufferLen = 0;
    const wanted = Math.min(this.#buffer.length, this.#size - this.#at);
    while (this.#bufferLen < wanted) {
      const position = this.#bufferStart + this.#bufferLen;
      const count = readSync(this.#fd, this.#buffer, this.#bufferLen, wanted - this.#bufferLen, position);
      if (count === 0) throw this.#error('model_corrupt', `ends at byte ${position}; it shrank while it was read`);
      this.#bufferLen += count;
    }
  }

  #error(code: 'model_format' | 'model_corrupt', what: string): AppError {
    return new AppError(code, `${this.#path} ${what}`);
  }
}

interface NumberType {
  readonly lengthBytes: number;
  readonly read: (view: DataView, at: number) => number;
}

/** Metadata value types by their number; 7 (bool), 8 (string) and 9 (array) are read apart. */
const NUMBERS: ReadonlyMap<number, NumberType> = new Map<number, NumberType>([
  [0, { lengthBytes: 1, read: (view, at) => view.getUint8(at) }],
  [1, { lengthBytes: 1, read: (view, at) => view.getInt8(at) }],
  [2, { lengthBytes: 2, read: (view, at) => view.getUint16(at, true) }],
  [3, { lengthBytes: 2, read: (view, at) => view.getInt16(at, true) }],
  [4, { lengthBytes: 4, read: (view, at) => view.getUint32(at, true) }],
  [5, { lengthBytes: 4, read: (view, at) => view.getInt32(at, true) }],
  [6, { lengthBytes: 4, read: (view, at) => view.getFloat32(at, true) }],
  [10, { lengthBytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) }],
  [11, { lengthBytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) }],
  [12, { lengthBytes: 8, read: (view, at) => view.getFloat64(at, true) }],
]);
