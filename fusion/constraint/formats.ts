import type { ByteConstraint } from '../../models/core/byte-constraint.ts';
import { byteRegex } from './byte-regex.ts';
import { ibanConstraint } from './iban.ts';

export const FORMATS = ['date', 'time', 'integer', 'number', 'amount', 'iban'] as const;
export type FieldFormat = (typeof FORMATS)[number];

const compiled = new Map<FieldFormat, ByteConstraint>();

/** Strings of a format. Compiled on first use and kept. */
export function formatConstraint(format: FieldFormat): ByteConstraint {
  let constraint = compiled.get(format);
  if (constraint === undefined) {
    constraint = format === 'iban' ? ibanConstraint() : byteRegex(PATTERNS[format](), Number.POSITIVE_INFINITY);
    compiled.set(format, constraint);
  }
  return constraint;
}

const any = (...options: readonly string[]) => `(?:${options.join('|')})`;

/** 1000 to 2199: what is printed as a date. */
const YEAR = '(?:1\\d|2[01])\\d\\d';
const LEAP_YEAR = any('(?:1\\d|2[01])(?:0[48]|[2468][048]|[13579][26])', '(?:12|16|20)00');

/** One- and two-digit forms; `zero`: the two-digit form alone. */
const day = (last: 28 | 29 | 30 | 31, zero: boolean) => {
  const lead = zero ? '0' : '0?';
  const tens = last < 30 ? `2[0-${last - 20}]` : `2\\d|3[0-${last - 30}]`;
  return any(`${lead}[1-9]`, '1\\d', tens);
};
const month = (numbers: readonly number[], zero: boolean) =>
  any(...numbers.map((number) => (number > 9 ? `${number}` : `${zero ? '0' : '0?'}${number}`)));
const LONG_MONTHS = [1, 3, 5, 7, 8, 10, 12];
const SHORT_MONTHS = [4, 6, 9, 11];

/** Year, month and day in the order and with the marks that `write` gives them; only days that there are. */
const dates = (zero: boolean, write: (year: string, month: string, day: string) => string) =>
  any(
    write(YEAR, month(LONG_MONTHS, zero), day(31, zero)),
    write(YEAR, month(SHORT_MONTHS, zero), day(30, zero)),
    write(YEAR, month([2], zero), day(28, zero)),
    write(LEAP_YEAR, month([2], zero), day(29, zero)),
  );

const SIGN = '[+\\-−]?';
/** Digits in one piece, or in groups of three with one mark throughout. */
const grouped = (mark: string) => `\\d{1,3}(?:${mark}\\d{3})+`;
const WHOLE = any('\\d{1,18}', grouped('\\.'), grouped(','), grouped(' '), grouped("['’]"));
/** The marks of thousands and of decimals differ: 1,234.56 and 1.234,56. */
const decimals = (digits: string) =>
  any(
    `${any('\\d{1,18}', grouped(','), grouped(' '), grouped("['’]"))}\\.${digits}`,
    `${any('\\d{1,18}', grouped('\\.'), grouped(' '), grouped("['’]"))},${digits}`,
  );
const CURRENCY = any(
  '[₺$€£¥￥]',
  'TL',
  'TRY',
  'USD',
  'EUR',
  'GBP',
  'CNY',
  'RMB',
  'HKD',
  'TWD',
  'NT\\$',
  'HK\\$',
  'US\\$',
);

const PATTERNS: Readonly<Record<Exclude<FieldFormat, 'iban'>, () => string>> = {
  /** 2026-01-02, 2026/1/2, 2.1.2026, 02/01/2026 (day first), 2026年1月2日. */
  date: () =>
    any(
      dates(true, (y, m, d) => `${y}-${m}-${d}`),
      dates(false, (y, m, d) => `${y}/${m}/${d}`),
      dates(false, (y, m, d) => `${d}\\.${m}\\.${y}`),
      dates(false, (y, m, d) => `${d}/${m}/${y}`),
      dates(true, (y, m, d) => `${d}-${m}-${y}`),
      dates(false, (y, m, d) => `${y}年${m}月${d}日`),
    ),
  /** 9:05, 09:05, 23:59:59, 9.05, 9:05 PM. */
  time: () =>
    any(
      '(?:[01]?\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d)?',
      '(?:[01]?\\d|2[0-3])\\.[0-5]\\d',
      '(?:0?[1-9]|1[0-2]):[0-5]\\d(?::[0-5]\\d)? ?[AaPp][Mm]',
    ),
  /** 7, -12, 1.234.567, 1,234,567, 1 234 567. */
  integer: () => `${SIGN}${WHOLE}`,
  /** Integers, and 3.14, 3,14, 1,234.56, 1.234,56, with a percent sign or not. */
  number: () => `${SIGN}${any(WHOLE, decimals('\\d{1,12}'))} ?[%‰]?`,
  /** Whole or with two decimals, with a currency before or after, or none: ₺1.234,50, 12.00 USD, ¥300, 300元. */
  amount: () => {
    const value = any(WHOLE, decimals('\\d{2}'), '\\d{1,18}[.,]-');
    return `${SIGN}${any(`${CURRENCY} ?${SIGN}${value}`, `${value}(?: ?${any(CURRENCY, '元', '圆')})?`)}`;
  },
};
