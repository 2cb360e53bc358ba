/**
 * English number words to digits, after the rules published with Whisper: commas gone, endings kept (1960s, 32nd),
 * currencies before the number (20 million dollars -> $20000000), single digits in a row read as a code (one oh one ->
 * 101), "one" and "ones" alone left as words.
 */
import { NUMBER_WORDS, type NumberWord } from './english-number-words.ts';

const SIGNS_BEFORE = new Map([
  ['minus', '-'],
  ['negative', '-'],
  ['plus', '+'],
  ['positive', '+'],
]);
const CURRENCY_AFTER = new Map([
  ['pound', '£'],
  ['pounds', '£'],
  ['euro', '€'],
  ['euros', '€'],
  ['dollar', '$'],
  ['dollars', '$'],
  ['cent', '¢'],
  ['cents', '¢'],
]);
const SPECIAL = new Set(['and', 'double', 'triple', 'point', 'per', 'percent']);
const DIGITS = /^\d+(?:\.\d+)?$/u;
const SIGNED_DIGITS = /^[-+£€$¢]?\d+(?:\.\d+)?$/u;

/** `text`: lower case, punctuation folded. */
export function normalizeEnglishNumbers(text: string): string {
  return writeCents(new NumberWriter(spaceOut(text).split(/\s+/u).filter(Boolean)).write().join(' '));
}

/** Reads words left to right and holds at most one unfinished number: an integer, or a string of digits. */
class NumberWriter {
  #words: readonly string[];
  #out: string[] = [];
  #held: bigint | string | null = null;
  #prefix = '';
  /** True where the word before was one digit, in either writing, and still waits in `#held`. */
  #digitRun = false;

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  write(): string[] {
    for (let i = 0; i < this.#words.length; i++) {
      const word = this.#words[i]!;
      this.#digitRun = this.#held !== null && isSingleDigit(this.#words[i - 1]);
      const number = NUMBER_WORDS.get(word);
      if (SIGNED_DIGITS.test(word)) this.#literal(word);
      else if (number) this.#numberWord(number, NUMBER_WORDS.get(this.#words[i - 1] ?? ''));
      else i += this.#otherWord(word, i);
    }
    this.#flush();
    return this.#out;
  }

  #flush(suffix = ''): void {
    if (this.#held !== null) this.#emit(`${this.#held}${suffix}`);
    this.#held = null;
  }

  #emit(text: string): void {
    this.#out.push(this.#prefix + text);
    this.#prefix = '';
  }

  #literal(word: string): void {
    const signed = !/^\d/u.test(word);
    const digits = signed ? word.slice(1) : word;
    if (typeof this.#held === 'string' && this.#held.endsWith('.')) {
      this.#held += word;
      return;
    }
    // A code read digit by digit is one number, whether it was written with commas, spaces or in words.
    if (/^\d$/u.test(word) && this.#digitRun) {
      this.#held = `${this.#held ?? ''}${word}`;
      return;
    }
    this.#flush();
    if (signed) this.#prefix = word[0]!;
    // A point or a leading zero (007) makes it a string: only scales (1.5 million) compute with it.
    const whole = digits.replace(/\.0+$/u, '');
    this.#held = /^0\d|\./u.test(whole) ? whole : BigInt(whole);
  }

  #numberWord(word: NumberWord, before: NumberWord | undefined): void {
    if (word.kind === 'scale') {
      if (!this.#scale(word)) this.#held = word.value;
    } else {
      this.#held = this.#joined(word, before);
    }
    if (word.suffix !== '') this.#flush(word.suffix);
  }

  /** The held number with a smaller one behind it: added where it fits (twenty + one), else written on (19 + 84). */
  #joined({ kind, value }: NumberWord, before: NumberWord | undefined): bigint | string {
    const held = this.#held;
    if (kind === 'zero') return `${held === null || held === 0n ? '' : held}0`;
    if (held === null) return value;
    const afterUnit = (before?.kind === 'unit' && before.suffix === '') || (this.#digitRun && value < 10n);
    if (kind === 'unit' && (typeof held === 'string' || afterUnit)) {
      const text = String(held);
      const fillsTen = before?.kind === 'ten' && before.suffix === '' && value < 10n && text.endsWith('0');
      return fillsTen ? text.slice(0, -1) + value : text + value;
    }
    if (typeof held === 'string') return held + value;
    const room = kind === 'unit' && value < 10n ? 10n : 100n;
    return held % room === 0n ? held + value : `${held}${value}`;
  }

  /** Multiplies the held number. False where the word starts a number of its own. */
  #scale({ value }: NumberWord): boolean {
    const held = this.#held;
    if (held === null) return false;
    if (typeof held === 'bigint' && held !== 0n) {
      const small = held % 1000n;
      this.#held = held - small + small * value;
      return true;
    }
    const [whole = '', part = ''] = String(held).split('.');
    const scale = 10n ** BigInt(part.length);
    const product = /^\d*$/u.test(whole + part) ? BigInt(`${whole}${part}` || '0') * value : 1n;
    if (product % scale === 0n && /^\d/u.test(whole)) {
      this.#held = product / scale;
      return true;
    }
    this.#flush();
    return false;
  }

  /** Words around numbers. Returns how many words after this one are used up. */
  #otherWord(word: string, i: number): number {
    const next = this.#words[i + 1];
    const sign = SIGNS_BEFORE.get(word);
    if (sign !== undefined) {
      this.#flush();
      if (isNumeric(next)) this.#prefix = sign;
      else this.#emit(word);
      return 0;
    }
    const currency = CURRENCY_AFTER.get(word);
    if (currency !== undefined && this.#held !== null) {
      this.#prefix = currency;
      this.#flush();
      return 0;
    }
    if (this.#held !== null && (word === 'percent' || (word === 'per' && next === 'cent'))) {
      this.#flush('%');
      return word === 'per' ? 1 : 0;
    }
    if (word === 'and' && isNumeric(next) && NUMBER_WORDS.get(this.#words[i - 1] ?? '')?.kind === 'scale') return 0;
    if (word === 'point' && isDecimal(next)) {
      this.#held = `${this.#held ?? ''}.`;
      return 0;
    }
    if (word === 'double' || word === 'triple') {
      const digit = NUMBER_WORDS.get(next ?? '');
      if (digit && digit.suffix === '' && (digit.kind === 'unit' || digit.kind === 'zero')) {
        this.#held = `${this.#held ?? ''}${String(digit.value).repeat(word === 'double' ? 2 : 3)}`;
        return 1;
      }
    }
    this.#flush();
    this.#emit(word);
    return 0;
  }
}

/** True where the published rules take the word for part of a number. */
function isNumeric(word: string | undefined): boolean {
  if (word === undefined) return false;
  return (
    NUMBER_WORDS.has(word) ||
    SIGNS_BEFORE.has(word) ||
    CURRENCY_AFTER.has(word) ||
    SPECIAL.has(word) ||
    DIGITS.test(word)
  );
}

function isSingleDigit(word: string | undefined): boolean {
  const number = NUMBER_WORDS.get(word ?? '');
  return /^\d$/u.test(word ?? '') || (number !== undefined && number.suffix === '' && number.value < 10n);
}

function isDecimal(word: string | undefined): boolean {
  const number = NUMBER_WORDS.get(word ?? '');
  return DIGITS.test(word ?? '') || (number !== undefined && number.suffix === '' && number.kind !== 'scale');
}

/** Spaces between letters and digits, but for endings; "two and a half" becomes "two point five". */
function spaceOut(text: string): string {
  return text
    .replace(/(\S+)\s+and\s+a\s+half\b/gu, (whole, word: string) => {
      const number = NUMBER_WORDS.get(word);
      return number && number.suffix === '' ? `${word} point five` : whole;
    })
    .replace(/([a-z])(\d)/gu, '$1 $2')
    .replace(/(\d)([a-z])/gu, '$1 $2')
    .replace(/(\d)\s+(st|nd|rd|th|s)\b/gu, '$1$2');
}

/** "$2 and ¢7" is $2.07, "$0.07" is ¢7, a lone 1 is "one" (in 1.5 or $1 it is not alone). */
function writeCents(text: string): string {
  return text
    .replace(
      /([€£$])(\d+) (?:and )?¢(\d{1,2})\b/gu,
      (_, currency: string, whole: string, cents: string) => `${currency}${whole}.${cents.padStart(2, '0')}`,
    )
    .replace(/[€£$]0\.(\d{1,2})\b/gu, (_, cents: string) => `¢${Number(cents)}`)
    .replace(/(?<![\w.$€£¢+-])1(s?)(?![\w%]|\.\d)/gu, 'one$1');
}
