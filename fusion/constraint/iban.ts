import { type ByteConstraint, REJECTED } from '../../models/core/byte-constraint.ts';

/** Characters of an account number by country (the register of ISO 13616). */
const LENGTHS: Readonly<Record<string, number>> = {
  AD: 24,
  AE: 23,
  AL: 28,
  AT: 20,
  AZ: 28,
  BA: 20,
  BE: 16,
  BG: 22,
  BH: 22,
  BR: 29,
  BY: 28,
  CH: 21,
  CR: 22,
  CY: 28,
  CZ: 24,
  DE: 22,
  DK: 18,
  DO: 28,
  EE: 20,
  EG: 29,
  ES: 24,
  FI: 18,
  FO: 18,
  FR: 27,
  GB: 22,
  GE: 22,
  GI: 23,
  GL: 18,
  GR: 27,
  GT: 28,
  HR: 21,
  HU: 28,
  IE: 22,
  IL: 23,
  IQ: 23,
  IS: 26,
  IT: 27,
  JO: 30,
  KW: 30,
  KZ: 20,
  LB: 28,
  LC: 32,
  LI: 21,
  LT: 20,
  LU: 20,
  LV: 21,
  LY: 25,
  MC: 27,
  MD: 24,
  ME: 22,
  MK: 19,
  MR: 27,
  MT: 31,
  MU: 30,
  NL: 18,
  NO: 15,
  PK: 24,
  PL: 28,
  PS: 29,
  PT: 25,
  QA: 29,
  RO: 24,
  RS: 22,
  SA: 24,
  SC: 31,
  SE: 24,
  SI: 19,
  SK: 24,
  SM: 27,
  ST: 25,
  SV: 28,
  TL: 23,
  TN: 24,
  TR: 26,
  UA: 29,
  VA: 22,
  VG: 24,
  XK: 20,
};

const SPACE = 0x20;
const MODULUS = 97;
/** Four characters stand before the account number and are checked after it, as six digits. */
const HEAD_CHARS = 4;
const HEAD_SHIFT = 1_000_000 % MODULUS;

/** What has been read: characters, remainders, and whether groups of four are spaced. */
interface State {
  /** Characters read, spaces not counted; -1 - n: n characters and then a space. */
  readonly read: number;
  /** First letter of the country while that is all there is. */
  readonly first: number;
  /** Characters of the whole, once the country is known. */
  readonly length: number;
  /** Remainder of the head's six digits, and of the account number's, by 97. */
  readonly head: number;
  readonly body: number;
  readonly spaced: boolean;
}

/**
 * International bank account numbers: country, two check digits, and as many characters as that country has, in one piece
 * or in groups of four. The number with its head moved to the end, letters written as 10 to 35, must leave 1 when divided
 * by 97 (ISO 13616; ISO 7064, MOD 97-10). Remainders of head and body are part of the state, so a search is steered
 * towards numbers that check, not filtered afterwards.
 */
export function ibanConstraint(): ByteConstraint {
  const states: State[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (state: State): number => {
    const { read, first, length, head, body, spaced } = state;
    const key = `${read} ${first} ${length} ${head} ${body} ${spaced}`;
    let number = numbers.get(key);
    if (number === undefined) {
      number = states.length;
      numbers.set(key, number);
      states.push(state);
    }
    return number;
  };
  const start = numberOf({ read: 0, first: 0, length: 0, head: 0, body: 0, spaced: false });
  return {
    start,
    next(number, byte) {
      const after = step(states[number]!, byte);
      return after === null ? REJECTED : numberOf(after);
    },
    accepts: (number) => isWhole(states[number]!),
  };
}

function step(state: State, byte: number): State | null {
  const { read, spaced } = state;
  if (byte === SPACE) {
    const isBetween = read >= HEAD_CHARS && read % 4 === 0 && read < state.length;
    return isBetween && (spaced || read === HEAD_CHARS) ? { ...state, read: -1 - read, spaced: true } : null;
  }
  const count = read < 0 ? -1 - read : read;
  if (read >= HEAD_CHARS && spaced && read % 4 === 0) return null;
  const value = checkValue(byte);
  if (value === null || (count >= HEAD_CHARS && count >= state.length)) return null;
  const isLetter = value >= 10;
  const next = { ...state, read: count + 1 };
  if (count === 0) return isLetter ? { ...next, first: byte, head: value } : null;
  if (count === 1) {
    const length = isLetter ? LENGTHS[String.fromCharCode(state.first, byte)] : undefined;
    return length === undefined ? null : { ...next, first: 0, length, head: (state.head * 100 + value) % MODULUS };
  }
  if (count < HEAD_CHARS) return isLetter ? null : { ...next, head: (state.head * 10 + value) % MODULUS };
  const after = { ...next, body: (state.body * (isLetter ? 100 : 10) + value) % MODULUS };
  return after.read < after.length || isWhole(after) ? after : null;
}

function isWhole({ read, length, head, body }: State): boolean {
  return length > 0 && read === length && (body * HEAD_SHIFT + head) % MODULUS === 1;
}

/** 0 to 9, and 10 to 35 for A to Z. */
function checkValue(byte: number): number | null {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  if (byte >= 0x41 && byte <= 0x5a) return byte - 0x41 + 10;
  return null;
}
