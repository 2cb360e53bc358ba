/** Readers of option values: each takes the text and returns a value, or throws `invalid_option` that names the range. */

import { AppError } from '../../models/core/app-error.ts';

type Reader<T> = (text: string) => T;

export function wholeNumber(option: string, min: number, max: number): Reader<number> {
  return (text) => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text.trim()) || value < min || value > max) {
      throw invalid(option, text, `a whole number from ${min} to ${max}`);
    }
    return value;
  };
}

export function numberBetween(option: string, min: number, max: number): Reader<number> {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= min && value <= max)) {
      throw invalid(option, text, `a number from ${min} to ${max}`);
    }
    return value;
  };
}

/** Numbers with commas between them. */
export function numberList(option: string, min: number, max: number): Reader<number[]> {
  return (text) =>
    text.split(',').map((part) => {
      const value = Number(part);
      if (part.trim() === '' || !(value >= min && value <= max)) {
        throw invalid(option, text, `numbers from ${min} to ${max} with commas between them`);
      }
      return value;
    });
}

export function oneOf<T extends string>(option: string, values: readonly T[]): Reader<T> {
  return (text) => {
    const found = values.find((value) => value === text);
    if (found === undefined) throw invalid(option, text, `one of ${values.join(', ')}`);
    return found;
  };
}

/** Values with commas between them, each one once, in the order given. */
export function someOf<T extends string>(option: string, values: readonly T[]): Reader<T[]> {
  const one = oneOf(option, values);
  return (text) => [...new Set(text.split(',').map((part) => one(part.trim())))];
}

/** Pages as people count them: `1-3,7` and `5-` (to the end). */
export function pageRanges(option: string): Reader<[number, number][]> {
  return (text) =>
    text.split(',').map((part) => {
      const match = /^(\d+)(?:(-)(\d*))?$/.exec(part.trim());
      const first = Number(match?.[1]);
      const last = match?.[2] === undefined ? first : match[3] === '' ? PAGE_LAST : Number(match[3]);
      if (!match || first < 1 || last < first) throw invalid(option, text, 'pages such as 1-3,7 or 5-');
      return [first, last];
    });
}

/** Stands for the last page, however many there are. */
const PAGE_LAST = 2 ** 31 - 1;

/** Words or phrases with commas between them. */
export function phrases(text: string): string[] {
  return text
    .split(/[,，、]/u)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function invalid(option: string, text: string, expected: string): AppError {
  return new AppError('invalid_option', `${option} is "${text}"; it must be ${expected}.`);
}
