/**
 * Chinese numerals and Arabic digits, one policy for both sides: everything becomes Arabic digits, and round numbers
 * keep 万 and 亿 so that a number is about as many characters as its spoken form (四千万 is 4000万, not 40000000).
 *
 *   二零一六年 -> 2016年      二十五 -> 25        一百零五 -> 105      一百五 -> 150 (as spoken)
 *   四千万 -> 4000万          1.5万 -> 15000      三亿五千万 -> 35000万
 *   一点五倍 -> 1.5倍         百分之五十 -> 50%   三点二十分 -> 3.20分 (so does 3点20分)
 *
 * Why this direction: 2016 may be read 二零一六 or 两千零一十六, so writing digits as numerals has to guess, while a
 * numeral has one value. The price is that a lone numeral inside a word is rewritten as well (一些 -> 1些): one character
 * for one, on both sides. 十 alone is 10. 百, 千, 万 and 亿 without a number before them are left (百货, 万科, 千万不要).
 *
 * Left alone, knowingly: fractions (二分之一), clock times with a colon, negative numbers, 廿, 卅 and the forms of
 * cheques (壹贰叁), approximate pairs (七八十 becomes 780, on both sides alike).
 */

const DIGITS = new Map<string, string>(
  [...'零一二三四五六七八九'].map((numeral, value): [string, string] => [numeral, String(value)]),
);
DIGITS.set('〇', '0');
DIGITS.set('两', '2');
DIGITS.set('兩', '2');

const SMALL_UNITS = new Map([
  ['十', 10n],
  ['百', 100n],
  ['千', 1000n],
]);
const MYRIAD = 10n ** 4n;
const HUNDRED_MILLION = 10n ** 8n;

/** A stretch that may hold a number with units. Starts with a digit or 十. */
const RUN = /(?:\d+(?:\.\d+)?|十)[\d十百千万萬亿億]*/gu;

/** `text` is width-folded: its Arabic digits are ASCII, thousands commas are gone. */
export function normalizeChineseNumerals(text: string): string {
  const digits = text.replace(/[零〇一二三四五六七八九两兩]/gu, (numeral) => DIGITS.get(numeral)!);
  return digits
    .replace(/(?<=\d)[点點](?=\d+[万萬亿億])/gu, '.')
    .replace(RUN, rewriteRun)
    .replace(/(?<=\d)[点點](?=\d)/gu, '.')
    .replace(/百分之(\d+(?:\.\d+)?)/gu, '$1%');
}

function rewriteRun(run: string): string {
  let out = '';
  for (let at = 0; at < run.length; ) {
    const number = readNumber(run, at);
    if (number === null) {
      out += run[at++]!;
    } else {
      out += number.text;
      at = number.end;
    }
  }
  return out;
}

interface Read {
  readonly text: string;
  readonly end: number;
}

/** Reads the longest number at `start`: [section 亿] [section 万] section. Null where none starts there. */
function readNumber(run: string, start: number): Read | null {
  const decimal = readDecimal(run, start);
  if (decimal) return decimal;
  const first = readSection(run, start, 0n);
  if (first === null) return null;
  let { value, end } = first;
  let high = 0n;
  let limit = HUNDRED_MILLION * MYRIAD;
  let coined = first.coined;
  for (;;) {
    const unit = largeUnit(run[end]);
    if (unit === 0n || unit >= limit) break;
    // 亿 takes everything before it (三万亿), 万 the section before it.
    high = unit === HUNDRED_MILLION ? (high + value) * unit : high + value * unit;
    limit = unit;
    value = 0n;
    coined = true;
    end++;
    if (unit === MYRIAD && run[end] !== undefined && largeUnit(run[end]) === HUNDRED_MILLION) {
      high *= HUNDRED_MILLION;
      limit = MYRIAD;
      end++;
    }
    const next = readSection(run, end, unit);
    if (next === null) break;
    value = next.value;
    end = next.end;
  }
  // Digits without any unit stand as they are (telephone numbers, leading zeros), but for round ones.
  if (!coined) return { text: renderDigits(run.slice(start, end)), end };
  return { text: render(high + value), end };
}

/** 1.5万, 3.25亿; a decimal without a large unit stands as it is. */
function readDecimal(run: string, start: number): Read | null {
  const match = /^(\d+)\.(\d+)/u.exec(run.slice(start));
  if (!match) return null;
  const end = start + match[0].length;
  const unit = largeUnit(run[end]);
  const scale = 10n ** BigInt(match[2]!.length);
  const value = BigInt(match[1]! + match[2]!) * unit;
  if (unit === 0n || value % scale !== 0n) return { text: match[0], end };
  return { text: render(value / scale), end: end + 1 };
}

interface Section {
  readonly value: bigint;
  readonly end: number;
  /** True where 十, 百 or 千 took part. */
  readonly coined: boolean;
}

/**
 * Reads what stands before or after 万 and 亿: digits, or numbers with 千, 百, 十 in falling order. `above` is the unit
 * before the section, 0 where there is none: after a unit a last lone digit counts in the next lower unit (一万五).
 */
function readSection(run: string, start: number, above: bigint): Section | null {
  let value = 0n;
  let limit = 10_000n;
  let end = start;
  let coined = false;
  for (;;) {
    const digits = /^\d+/u.exec(run.slice(end))?.[0] ?? '';
    const unit = SMALL_UNITS.get(run[end + digits.length] ?? '') ?? 0n;
    const after = coined || above > 0n;
    const significant = after ? digits.replace(/^0+(?=\d)/u, '') : digits;
    const ten = digits === '' && unit === 10n;
    if (unit > 0n && unit < limit && (significant.length === 1 || ten)) {
      value += (ten ? 1n : BigInt(significant)) * unit;
      limit = unit;
      coined = true;
      end += digits.length + 1;
      continue;
    }
    if (digits === '') break;
    if (!after) return { value: BigInt(digits), end: end + digits.length, coined: false };
    if (unit === 0n || unit >= limit) {
      const lower = coined ? limit : above;
      if (digits.length === 1 && lower > 10n && largeUnit(run[end + 1]) === 0n) {
        value += (BigInt(digits) * lower) / 10n;
      } else if (BigInt(significant) < lower && (digits.length > 1 || lower === 10n || significant !== digits)) {
        value += BigInt(significant);
      } else break;
      end += digits.length;
    }
    break;
  }
  return end === start ? null : { value, end, coined };
}

function largeUnit(character: string | undefined): bigint {
  if (character === '万' || character === '萬') return MYRIAD;
  if (character === '亿' || character === '億') return HUNDRED_MILLION;
  return 0n;
}

function renderDigits(digits: string): string {
  return digits.startsWith('0') ? digits : render(BigInt(digits));
}

function render(value: bigint): string {
  if (value === 0n) return '0';
  if (value % HUNDRED_MILLION === 0n) return `${value / HUNDRED_MILLION}亿`;
  if (value % MYRIAD === 0n) return `${value / MYRIAD}万`;
  return value.toString();
}
