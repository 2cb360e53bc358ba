/** Fields of a form to read, as people write them in JSON: from a file of the command line, or a field of the service. */
import { AppError } from '../../models/core/app-error.ts';
import type { FieldRule } from '../../models/core/page.ts';

const FORMATS = ['date', 'number', 'integer', 'amount', 'iban', 'time'] as const;

/** `where` begins the messages. Throws invalid_option. */
export function fieldRulesFrom(text: string, where: string): FieldRule[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError('invalid_option', `${where} is no JSON: ${(cause as Error).message}`, { cause });
  }
  if (!Array.isArray(value)) throw new AppError('invalid_option', `${where}: a list of fields is expected.`);
  return value.map((field, i) => fieldOf(field, `${where}: field ${i + 1}`));
}

function fieldOf(value: unknown, where: string): FieldRule {
  const fault = (what: string) => new AppError('invalid_option', `${where}: ${what}`);
  if (typeof value !== 'object' || value === null) throw fault('not an object');
  const { name, box, regex, list, format } = value as Record<string, unknown>;
  if (typeof name !== 'string' || name === '') throw fault('"name" is missing');
  if (!Array.isArray(box) || box.length !== 4 || !box.every((side) => typeof side === 'number')) {
    throw fault('"box" must be [left, top, right, bottom], shares from 0 to 1');
  }
  // Four numbers, as was checked.
  const sides = box as unknown as FieldRule['box'];
  const given = [regex, list, format].filter((one) => one !== undefined);
  if (given.length !== 1) throw fault('exactly one of "regex", "list" and "format" is needed');
  if (typeof regex === 'string') return { name, box: sides, allow: { kind: 'regex', pattern: regex } };
  if (Array.isArray(list) && list.length > 0 && list.every((one) => typeof one === 'string')) {
    return { name, box: sides, allow: { kind: 'list', values: list } };
  }
  const known = FORMATS.find((one) => one === format);
  if (known === undefined) throw fault(`"format" must be one of ${FORMATS.join(', ')}, "list" a list of strings`);
  return { name, box: sides, allow: { kind: 'format', format: known } };
}
