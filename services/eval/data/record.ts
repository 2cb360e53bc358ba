/** JSON objects of a list, with their fields read by name and kind: JSON lines, or the elements of one JSON array. */
import { readElements } from './json-elements.ts';
import { malformed } from './malformed.ts';
import { type DataFile, readLines } from './text-lines.ts';

export interface RecordPlace {
  readonly where: string;
  readonly number: number;
  readonly place: number;
}

/** One JSON object. A field that is null counts as missing; one of the wrong kind is an error with file and line. */
export class DataRecord {
  /** `manifest.jsonl:12`. */
  readonly where: string;
  /** Line, from 1. */
  readonly number: number;
  /** Unique in the list: the line, or the place in a JSON array, from 1. */
  readonly place: number;
  readonly #fields: ReadonlyMap<string, unknown>;

  constructor(value: unknown, { where, number, place }: RecordPlace) {
    this.where = where;
    this.number = number;
    this.place = place;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw malformed(this.where, 'not a JSON object');
    }
    this.#fields = new Map(Object.entries(value));
  }

  /** An object inside this one, blamed on the same line. */
  inner(value: unknown): DataRecord {
    return new DataRecord(value, this);
  }

  /** Is the field there at all, null included? */
  names(field: string): boolean {
    return this.#fields.has(field);
  }

  keys(): string[] {
    return [...this.#fields.keys()];
  }

  /** The first of `fields` that is there, with its name. */
  first(...fields: readonly string[]): { readonly field: string; readonly value: unknown } | undefined {
    for (const field of fields) {
      const value = this.#fields.get(field);
      if (value !== undefined && value !== null) return { field, value };
    }
    return undefined;
  }

  text(...fields: readonly string[]): string | undefined {
    const found = this.first(...fields);
    if (!found) return undefined;
    if (typeof found.value !== 'string') throw malformed(this.where, `"${found.field}" is not a string`);
    return found.value;
  }

  /** An id may be written as a number. */
  id(...fields: readonly string[]): string | undefined {
    const found = this.first(...fields);
    if (typeof found?.value === 'number') return String(found.value);
    return this.text(...fields) || undefined;
  }

  /** One string or a list of them. */
  texts(...fields: readonly string[]): string[] | undefined {
    const found = this.first(...fields);
    if (!found) return undefined;
    if (typeof found.value === 'string') return [found.value];
    if (!Array.isArray(found.value) || found.value.some((text) => typeof text !== 'string')) {
      throw malformed(this.where, `"${found.field}" is not a list of strings`);
    }
    return found.value as string[];
  }

  list(...fields: readonly string[]): unknown[] | undefined {
    const found = this.first(...fields);
    if (!found) return undefined;
    if (!Array.isArray(found.value)) throw malformed(this.where, `"${found.field}" is not a list`);
    return found.value;
  }

  /** Seconds: not negative. What is no number is left out, as lists disagree about such side fields. */
  seconds(...fields: readonly string[]): number | undefined {
    const value = this.first(...fields)?.value;
    return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
  }
}

/** Records of JSON lines or of a JSON array; which of the two, the first character tells. */
export async function* readRecords(file: DataFile, container: 'lines' | 'array'): AsyncGenerator<DataRecord> {
  if (container === 'array') {
    for await (const { value, number, ordinal, where } of readElements(file)) {
      yield new DataRecord(value, { where, number, place: ordinal });
    }
    return;
  }
  for await (const { text, number } of readLines(file)) {
    if (text.trim() === '') continue;
    const where = `${file.name}:${number}`;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw malformed(where, 'not a JSON object', cause);
    }
    yield new DataRecord(value, { where, number, place: number });
  }
}
