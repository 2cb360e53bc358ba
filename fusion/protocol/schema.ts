import { AppError } from '../../models/core/app-error.ts';
import { LIST_MAX, NAME_CHARS_MAX, TEXT_CHARS_MAX } from './limits.ts';

/**
 * Checks for values that came over a channel. A check takes the decoded value and the path of the field, and returns
 * the value with its type, or throws `protocol_error` that names the field, what was expected and what was found.
 */
export type Check<T> = (value: unknown, path: string) => T;

export function refuse(path: string, expected: string, value: unknown): never {
  throw new AppError('protocol_error', `Field ${path}: expected ${expected}, found ${describe(value)}.`);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string')
    return value.length > 40 ? `a text of ${value.length} characters` : JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return 'a map';
}

export function integer(min: number, max: number): Check<number> {
  return (value, path) => {
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
    return refuse(path, `an integer from ${min} to ${max}`, value);
  };
}

/** Any number but NaN; infinities only where the bounds admit them. */
export function number(min: number, max: number): Check<number> {
  return (value, path) => {
    if (typeof value === 'number' && value >= min && value <= max) return value;
    return refuse(path, `a number from ${min} to ${max}`, value);
  };
}

/** A natural-log probability: at most a rounding error above 0, -Infinity for impossible. */
export const logProb: Check<number> = number(Number.NEGATIVE_INFINITY, 1e-3);

/** A finite number of either sign. */
export const finite: Check<number> = number(-Number.MAX_VALUE, Number.MAX_VALUE);

export const boolean: Check<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : refuse(path, 'true or false', value);

export function text(charsMax = TEXT_CHARS_MAX, charsMin = 0): Check<string> {
  return (value, path) => {
    if (typeof value === 'string' && value.length >= charsMin && value.length <= charsMax) return value;
    return refuse(path, `a text of ${charsMin} to ${charsMax} characters`, value);
  };
}

export const name: Check<string> = text(NAME_CHARS_MAX, 1);

export function oneOf<const T extends string>(...allowed: readonly T[]): Check<T> {
  return (value, path) => {
    const found = allowed.find((item) => item === value);
    return found ?? refuse(path, `one of ${allowed.join(', ')}`, value);
  };
}

export function list<T>(item: Check<T>, max = LIST_MAX, min = 0): Check<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length < min || value.length > max) {
      return refuse(path, `a list of ${min} to ${max} items`, value);
    }
    return value.map((entry, i) => item(entry, `${path}[${i}]`));
  };
}

/** Marks a field that may be absent. */
export interface OptionalCheck<T> {
  readonly optional: Check<T>;
}

export function optional<T>(check: Check<T>): OptionalCheck<T> {
  return { optional: check };
}

type Fields = Readonly<Record<string, Check<unknown> | OptionalCheck<unknown>>>;
type Checked<F extends Fields> = {
  readonly [K in keyof F as F[K] extends Check<unknown> ? K : never]: F[K] extends Check<infer T> ? T : never;
} & {
  readonly [K in keyof F as F[K] extends OptionalCheck<unknown> ? K : never]?: F[K] extends OptionalCheck<infer T>
    ? T
    : never;
};

/** A map with exactly these fields: an unknown one is refused, for it is a misspelled one more often than not. */
export function map<F extends Fields>(fields: F): Check<Checked<F>> {
  const known = Object.entries(fields);
  return (value, path) => {
    if (!isMap(value)) return refuse(path, 'a map', value);
    const out: Record<string, unknown> = {};
    for (const [key, check] of known) {
      const field = path === '' ? key : `${path}.${key}`;
      const found = Object.hasOwn(value, key) ? value[key] : undefined;
      if (typeof check === 'function') out[key] = check(found, field);
      else if (found !== undefined && found !== null) out[key] = check.optional(found, field);
    }
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(fields, key)) {
        throw new AppError('protocol_error', `Field ${path === '' ? key : `${path}.${key}`} is not known here.`);
      }
    }
    // Each field was checked above; the mapped type restates it.
    return out as Checked<F>;
  };
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

export function bytes(lengthMax: number): Check<Uint8Array> {
  return (value, path) => {
    if (value instanceof Uint8Array && value.length <= lengthMax) return value;
    return refuse(path, `up to ${lengthMax} bytes`, value);
  };
}

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The bytes of one typed array as another: a view where the start is aligned, else one copy. */
function aligned(value: Uint8Array, elementBytes: number): { buffer: ArrayBufferLike; byteOffset: number } {
  if (LITTLE_ENDIAN && value.byteOffset % elementBytes === 0) return value;
  const copy = value.slice();
  if (!LITTLE_ENDIAN) {
    for (let i = 0; i < copy.length; i += elementBytes) copy.subarray(i, i + elementBytes).reverse();
  }
  return { buffer: copy.buffer, byteOffset: 0 };
}

function binary<T>(
  elementBytes: number,
  name: string,
  make: (buffer: ArrayBufferLike, byteOffset: number, length: number) => T,
): (lengthMax: number) => Check<T> {
  return (lengthMax) => (value, path) => {
    const length = value instanceof Uint8Array ? value.length / elementBytes : Number.NaN;
    if (!Number.isInteger(length) || length > lengthMax) {
      return refuse(path, `up to ${lengthMax} ${name} numbers as bytes (little endian)`, value);
    }
    // The condition above admits byte strings only.
    const { buffer, byteOffset } = aligned(value as Uint8Array, elementBytes);
    return make(buffer, byteOffset, length);
  };
}

export const u16Array = binary(2, 'u16', (buffer, at, length) => new Uint16Array(buffer, at, length));
export const i32Array = binary(4, 'i32', (buffer, at, length) => new Int32Array(buffer, at, length));
export const f32Array = binary(4, 'f32', (buffer, at, length) => new Float32Array(buffer, at, length));

/** The little-endian bytes of a typed array: a view, but on a big-endian machine a copy. */
export function toBytes(array: Uint16Array | Int32Array | Float32Array): Uint8Array {
  const view = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  if (LITTLE_ENDIAN) return view;
  const copy = view.slice();
  const size = array.BYTES_PER_ELEMENT;
  for (let i = 0; i < copy.length; i += size) copy.subarray(i, i + size).reverse();
  return copy;
}
