import { type FileHandle, open } from 'node:fs/promises';
import { AppError } from '../core/app-error.ts';
import { CHUNK_BYTES, fileChunks } from './weight-source.ts';

/** Element types of a CTranslate2 file, by their number in it. */
const DTYPES = ['f32', 'i8', 'i16', 'i32', 'f16', 'bf16'] as const;
const DTYPE_BYTES = { f32: 4, i8: 1, i16: 2, i32: 4, f16: 2, bf16: 2 } as const;
export type Ct2Type = (typeof DTYPES)[number];

export interface Ct2Variable {
  readonly name: string;
  readonly dims: readonly number[];
  readonly type: Ct2Type;
  /** Where its data starts in the file. */
  readonly offset: number;
  readonly byteLength: number;
}

const BINARY_VERSION = 6;
const SPEC = 'WhisperSpec';
const SPEC_REVISION = 3;
/** large-v3 has 1,100 or so; anything far above is not a Whisper file. */
const VARIABLES_MAX = 100_000;
const NAME_BYTES_MAX = 1024;
const RANK_MAX = 8;

/**
 * A CTranslate2 Whisper model (`model.bin`): its variables by name, read from disk as they are asked for.
 * The layout, little-endian: u32 version, string spec, u32 revision, u32 count, then per variable a string name, u8 rank,
 * u32 dims[rank], u8 type, u32 byte length, data; at the end u32 alias count and pairs of strings (alias, variable).
 * A string is u16 length, final NUL counted, and bytes.
 */
export class CTranslate2File {
  readonly path: string;
  readonly sizeBytes: number;
  readonly #handle: FileHandle;
  readonly #variables: ReadonlyMap<string, Ct2Variable>;

  private constructor(path: string, sizeBytes: number, handle: FileHandle, variables: Map<string, Ct2Variable>) {
    this.path = path;
    this.sizeBytes = sizeBytes;
    this.#handle = handle;
    this.#variables = variables;
  }

  /**
   * Opens the file and reads the table of its variables; every length is held against the file's size before it is used.
   * Errors: file_not_found, file_unreadable, file_is_directory, file_empty, model_format (another kind of file),
   * model_corrupt (truncated, or sizes that contradict each other).
   */
  static async open(path: string): Promise<CTranslate2File> {
    const handle = await openFile(path);
    try {
      const { size } = await handle.stat();
      const variables = await readTable(new Cursor(handle, path, size));
      return new CTranslate2File(path, size, handle, variables);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  has(name: string): boolean {
    return this.#variables.has(name);
  }

  names(): Iterable<string> {
    return this.#variables.keys();
  }

  /** The variable, which must exist. Errors: model_format. */
  variable(name: string): Ct2Variable {
    const variable = this.#variables.get(name);
    if (variable === undefined) {
      throw new AppError('model_format', `${this.path}: no variable ${name}, which a Whisper model has`);
    }
    return variable;
  }

  /** The variable, which must exist with these dims. Errors: model_format, model_corrupt. */
  shaped(name: string, dims: readonly number[]): Ct2Variable {
    const variable = this.variable(name);
    if (variable.dims.length !== dims.length || variable.dims.some((dim, i) => dim !== dims[i])) {
      const found = `found [${variable.dims.join(', ')}], expected [${dims.join(', ')}]`;
      throw new AppError('model_corrupt', `${this.path}: wrong shape of ${name}: ${found}`);
    }
    return variable;
  }

  /** A whole number stored as a scalar. Errors: model_format, model_corrupt. */
  async integer(name: string): Promise<number> {
    const variable = this.shaped(name, []);
    if (!['i8', 'i16', 'i32'].includes(variable.type)) {
      throw new AppError('model_corrupt', `${this.path}: ${name} is of type ${variable.type}, expected an integer`);
    }
    return (await this.floats(name))[0]!;
  }

  /** All values of a variable, unscaled. For small ones. */
  async floats(name: string): Promise<Float32Array> {
    const variable = this.variable(name);
    const out = new Float32Array(elementsOf(variable));
    let done = 0;
    for await (const bytes of this.rawChunks(variable, 0, variable.byteLength, CHUNK_BYTES)) {
      const values = bytes.length / DTYPE_BYTES[variable.type];
      toFloats(bytes, variable.type, out.subarray(done, done + values));
      done += values;
    }
    return out;
  }

  /**
   * Scales of an integer matrix's rows (`weight_scale` beside `weight`): value = stored / scale. f32 [rows].
   * Undefined for matrices that are stored as floats. Errors: model_corrupt.
   */
  async rowScales(name: string): Promise<Float32Array | undefined> {
    const { type, dims } = this.variable(name);
    if (type === 'f32' || type === 'f16' || type === 'bf16') return undefined;
    const rows = dims[0] ?? 1;
    const scales = await this.floats(`${name}_scale`);
    if (scales.length !== rows && scales.length !== 1) {
      const found = `found ${scales.length}, expected ${rows} or 1`;
      throw new AppError('model_corrupt', `${this.path}: wrong number of scales in ${name}_scale: ${found}`);
    }
    if (!scales.every((scale) => scale > 0 && Number.isFinite(scale))) {
      throw new AppError('model_corrupt', `${this.path}: ${name}_scale holds a scale that is not a positive number`);
    }
    return scales.length === rows ? scales : new Float32Array(rows).fill(scales[0]!);
  }

  /**
   * Rows of a matrix as f32, in chunks of whole rows; integer matrices are scaled. A buffer is used again and again.
   * @param rowStart first row @param rows how many
   */
  async *rows(name: string, rowStart: number, rows: number): AsyncGenerator<Float32Array> {
    const variable = this.variable(name);
    const cols = elementsOf(variable) / Math.max(1, variable.dims[0] ?? 1);
    const rowBytes = cols * DTYPE_BYTES[variable.type];
    const scales = await this.rowScales(name);
    const rowsPerChunk = Math.max(1, Math.floor(CHUNK_BYTES / rowBytes));
    const out = new Float32Array(Math.min(rowsPerChunk, rows) * cols);
    let row = rowStart;
    for await (const bytes of this.rawChunks(variable, rowStart * rowBytes, rows * rowBytes, rowsPerChunk * rowBytes)) {
      const chunkRows = bytes.length / rowBytes;
      const values = out.subarray(0, chunkRows * cols);
      toFloats(bytes, variable.type, values);
      if (scales !== undefined) {
        for (let r = 0; r < chunkRows; r++) {
          const inverse = 1 / scales[row + r]!;
          for (let i = r * cols; i < (r + 1) * cols; i++) values[i] = values[i]! * inverse;
        }
      }
      yield values;
      row += chunkRows;
    }
  }

  /** Stored bytes of a variable's range, in chunks. */
  rawChunks(variable: Ct2Variable, start: number, byteLength: number, chunkBytes: number): AsyncGenerator<Uint8Array> {
    return fileChunks(this.#handle, variable.offset + start, byteLength, chunkBytes);
  }
}

export function elementsOf(variable: Ct2Variable): number {
  return variable.dims.reduce((product, dim) => product * dim, 1);
}

async function openFile(path: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const code = missing ? 'file_not_found' : 'file_unreadable';
    throw new AppError(code, `${path} ${missing ? 'does not exist' : 'cannot be read'}`, { cause: error });
  }
  const stat = await handle.stat();
  if (stat.isFile() && stat.size > 0) return handle;
  await handle.close();
  if (stat.isDirectory()) throw new AppError('file_is_directory', `${path} is a folder, expected a model.bin file`);
  throw new AppError('file_empty', `${path} is empty, expected a CTranslate2 model`);
}

async function readTable(cursor: Cursor): Promise<Map<string, Ct2Variable>> {
  const { path } = cursor;
  const magic = await cursor.peek(4);
  const version = await cursor.u32('the version');
  if (version !== BINARY_VERSION) {
    const found = `found ${magic} at its start, expected binary version ${BINARY_VERSION}`;
    throw new AppError('model_format', `${path} is not a CTranslate2 model that can be read: ${found}`);
  }
  const spec = await cursor.string('the name of the specification');
  const revision = await cursor.u32('the revision');
  if (spec !== SPEC || revision !== SPEC_REVISION) {
    const found = `found ${printable(spec)} revision ${revision}, expected ${SPEC} revision ${SPEC_REVISION}`;
    throw new AppError('model_format', `${path} is a CTranslate2 model of another kind: ${found}`);
  }
  const count = await cursor.u32('the number of variables');
  if (count > VARIABLES_MAX) {
    throw new AppError('model_corrupt', `${path}: found ${count} variables, expected at most ${VARIABLES_MAX}`);
  }
  const variables = new Map<string, Ct2Variable>();
  for (let i = 0; i < count; i++) {
    const variable = await readVariable(cursor);
    if (variables.has(variable.name)) {
      throw new AppError('model_corrupt', `${path}: variable ${printable(variable.name)} is there twice`);
    }
    variables.set(variable.name, variable);
  }
  await readAliases(cursor, variables);
  if (cursor.left > 0) {
    throw new AppError('model_corrupt', `${path}: found ${cursor.left} bytes after the last variable, expected none`);
  }
  return variables;
}

async function readVariable(cursor: Cursor): Promise<Ct2Variable> {
  const { path } = cursor;
  const name = await cursor.string('the name of a variable');
  const label = `variable ${printable(name)}`;
  const rank = await cursor.u8(label);
  if (rank > RANK_MAX) {
    throw new AppError('model_corrupt', `${path}: ${label} has ${rank} dimensions, expected at most ${RANK_MAX}`);
  }
  const dims: number[] = [];
  for (let i = 0; i < rank; i++) dims.push(await cursor.u32(label));
  const typeNumber = await cursor.u8(label);
  const type = DTYPES[typeNumber];
  if (type === undefined) {
    throw new AppError('model_format', `${path}: ${label} has type ${typeNumber}, expected 0 to ${DTYPES.length - 1}`);
  }
  const byteLength = await cursor.u32(label);
  const expected = dims.reduce((product, dim) => product * dim, DTYPE_BYTES[type]);
  if (byteLength !== expected) {
    const found = `found ${byteLength} bytes, expected ${expected} for [${dims.join(', ')}] of ${type}`;
    throw new AppError('model_corrupt', `${path}: ${label}: ${found}`);
  }
  const offset = cursor.offset;
  cursor.skip(byteLength, `the data of ${label}`);
  return { name, dims, type, offset, byteLength };
}

async function readAliases(cursor: Cursor, variables: Map<string, Ct2Variable>): Promise<void> {
  const count = await cursor.u32('the number of aliases');
  if (count > VARIABLES_MAX) {
    throw new AppError('model_corrupt', `${cursor.path}: found ${count} aliases, expected at most ${VARIABLES_MAX}`);
  }
  for (let i = 0; i < count; i++) {
    const alias = await cursor.string('an alias');
    const name = await cursor.string('an alias');
    const target = variables.get(name);
    if (target === undefined) {
      const found = `alias ${printable(alias)} stands for ${printable(name)}, which does not exist`;
      throw new AppError('model_corrupt', `${cursor.path}: ${found}`);
    }
    if (!variables.has(alias)) variables.set(alias, target);
  }
}

/** Reads small values one after the other, through a buffer that is refilled by position. */
class Cursor {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #size: number;
  readonly #buffer = new Uint8Array(4096);
  #bufferStart = 0;
  #bufferEnd = 0;
  offset = 0;

  constructor(handle: FileHandle, path: string, size: number) {
    this.#handle = handle;
    this.path = path;
    this.#size = size;
  }

  get left(): number {
    return this.#size - this.offset;
  }

  skip(bytes: number, what: string): void {
    this.#need(bytes, what);
    this.offset += bytes;
  }

  async u8(what: string): Promise<number> {
    return (await this.#take(1, what)).getUint8(0);
  }

  async u32(what: string): Promise<number> {
    return (await this.#take(4, what)).getUint32(0, true);
  }

  async string(what: string): Promise<string> {
    const length = (await this.#take(2, what)).getUint16(0, true);
    if (length === 0 || length > NAME_BYTES_MAX) {
      const found = `found a length of ${length} for ${what}, expected 1 to ${NAME_BYTES_MAX}`;
      throw new AppError('model_corrupt', `${this.path}: ${found}`);
    }
    const view = await this.#take(length, what);
    const bytes = new Uint8Array(view.buffer, view.byteOffset, length);
    if (bytes[length - 1] !== 0) {
      throw new AppError('model_corrupt', `${this.path}: ${what} at byte ${this.offset - length} does not end in NUL`);
    }
    return new TextDecoder().decode(bytes.subarray(0, length - 1));
  }

  /** The next bytes in hexadecimal, for messages; fewer where the file ends. */
  async peek(bytes: number): Promise<string> {
    const available = Math.min(bytes, this.left);
    const view = await this.#take(available, 'its start');
    this.offset -= available;
    return Buffer.from(view.buffer, view.byteOffset, available).toString('hex');
  }

  #need(bytes: number, what: string): void {
    if (bytes > this.left) {
      const found = `it ends at byte ${this.#size}, but ${what} needs bytes up to ${this.offset + bytes}`;
      throw new AppError('model_corrupt', `${this.path} is truncated: ${found}`);
    }
  }

  async #take(bytes: number, what: string): Promise<DataView> {
    this.#need(bytes, what);
    if (this.offset < this.#bufferStart || this.offset + bytes > this.#bufferEnd) {
      const { bytesRead } = await this.#handle.read(this.#buffer, 0, this.#buffer.length, this.offset);
      this.#bufferStart = this.offset;
      this.#bufferEnd = this.offset + bytesRead;
      if (bytesRead < bytes) throw new AppError('model_corrupt', `${this.path} shrank while it was read`);
    }
    const view = new DataView(this.#buffer.buffer, this.offset - this.#bufferStart, bytes);
    this.offset += bytes;
    return view;
  }
}

/** A name from a file that may be anything: safe to print. */
function printable(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

let halfTable: Float32Array | undefined;

/** All 65,536 half-precision values. */
function halfValues(): Float32Array {
  if (halfTable !== undefined) return halfTable;
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) table[bits] = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    else if (exponent === 0) table[bits] = sign * fraction * 2 ** -24;
    else table[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  halfTable = table;
  return table;
}

/** Stored little-endian bytes as numbers; integers stay whole. @param out as many values as `bytes` holds */
export function toFloats(bytes: Uint8Array, type: Ct2Type, out: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.byteLength / DTYPE_BYTES[type];
  switch (type) {
    case 'f16': {
      const table = halfValues();
      for (let i = 0; i < count; i++) out[i] = table[bytes[2 * i]! | (bytes[2 * i + 1]! << 8)]!;
      return;
    }
    case 'bf16': {
      const bits = new Uint32Array(out.buffer, out.byteOffset, count);
      for (let i = 0; i < count; i++) bits[i] = ((bytes[2 * i]! | (bytes[2 * i + 1]! << 8)) << 16) >>> 0;
      return;
    }
    case 'f32':
      for (let i = 0; i < count; i++) out[i] = view.getFloat32(4 * i, true);
      return;
    case 'i8':
      for (let i = 0; i < count; i++) out[i] = view.getInt8(i);
      return;
    case 'i16':
      for (let i = 0; i < count; i++) out[i] = view.getInt16(2 * i, true);
      return;
    case 'i32':
      for (let i = 0; i < count; i++) out[i] = view.getInt32(4 * i, true);
      return;
  }
}
