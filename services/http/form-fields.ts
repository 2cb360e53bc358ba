/** Fields of a request, whether they came as a form or in the address. Each reader names the field that it refuses. */
import { AppError } from '../../models/core/app-error.ts';

/** One field as the documentation, the OpenAPI document and the check of names know it. */
export interface FieldSpec {
  readonly name: string;
  readonly use: 'honoured' | 'refused' | 'without effect';
  /** JSON schema of one value; absent for refused fields. */
  readonly schema?: Readonly<Record<string, unknown>>;
  /** The field may be repeated. */
  readonly list?: boolean;
  readonly about: string;
}

export class FormFields {
  readonly #values = new Map<string, string[]>();

  constructor(entries: Iterable<readonly [string, string]>) {
    for (const [name, value] of entries) this.#values.set(name, [...(this.#values.get(name) ?? []), value]);
  }

  /** Throws unsupported_parameter for what is refused or unknown: nothing is ignored silently. */
  checkNames(specs: readonly FieldSpec[]): void {
    for (const name of this.#values.keys()) {
      const spec = specs.find((one) => one.name === name);
      if (spec === undefined) {
        throw new AppError('unsupported_parameter', `There is no field ${quoted(name)} here.`, { param: name });
      }
      if (spec.use === 'refused') {
        throw new AppError('unsupported_parameter', `The field ${name} is not supported: ${spec.about}`, {
          param: name,
        });
      }
      if (spec.list !== true && this.#values.get(name)!.length > 1) {
        throw new AppError('invalid_option', `The field ${name} is given twice.`, { param: name });
      }
    }
  }

  /** Undefined where it is absent or empty. */
  text(name: string): string | undefined {
    const value = this.#values.get(name)?.[0];
    return value === undefined || value === '' ? undefined : value;
  }

  /** All values of all these names, in order; empty ones are left out. */
  list(...names: readonly string[]): string[] {
    return names.flatMap((name) => this.#values.get(name) ?? []).filter((value) => value !== '');
  }

  number(name: string, min: number, max: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw invalidField(name, text, `a number from ${min} to ${max}`);
    return value;
  }

  whole(name: string, min: number, max: number): number | undefined {
    const value = this.number(name, min, max);
    if (value !== undefined && !Number.isInteger(value)) {
      throw invalidField(name, String(value), `a whole number from ${min} to ${max}`);
    }
    return value;
  }

  flag(name: string): boolean | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = { true: true, '1': true, false: false, '0': false }[text.toLowerCase()];
    if (value === undefined) throw invalidField(name, text, 'true or false');
    return value;
  }

  choice<T extends string>(name: string, values: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const found = values.find((value) => value === text);
    if (found === undefined) throw invalidField(name, text, `one of ${values.join(', ')}`);
    return found;
  }
}

/** Fields in the address; a repeated one gives several entries. */
export function queryEntries({ url }: { readonly url: string }): [string, string][] {
  const at = url.indexOf('?');
  return at < 0 ? [] : [...new URLSearchParams(url.slice(at + 1))];
}

/** Where a form holds the fields, the address holds none. Throws unsupported_parameter. */
export function refuseQuery(request: { readonly url: string }): void {
  const [first] = queryEntries(request);
  if (first === undefined) return;
  const message = `The field ${quoted(first[0])} stands in the address; here fields are parts of the form.`;
  throw new AppError('unsupported_parameter', message, { param: first[0] });
}

export function invalidField(name: string, value: string, expected: string): AppError {
  return new AppError('invalid_option', `${name} is ${quoted(value)}; it must be ${expected}.`, { param: name });
}

/** Values come from strangers: they are shown short and without control characters. */
function quoted(value: string): string {
  const shown = value.length > 60 ? `${value.slice(0, 60)}…` : value;
  return JSON.stringify(shown);
}
