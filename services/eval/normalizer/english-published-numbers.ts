/**
 * Number words as the rules published with Whisper read them: one unfinished value at a time, an integer while it is
 * computed with, a string once it is only written on. The rules that English readers would not expect are marked.
 */
import { NUMBER_WORDS, type NumberWord } from './english-number-words.ts';

type Value = bigint | string | null;

const NUMBER = /^\d+(?:\.\d+)?$/u;
const PREFIX_SIGNS = '-+£€$¢';
const SIGN_BEFORE = new Map([
  ['minus', '-'],
  ['negative', '-'],
  ['plus', '+'],
  ['positive', '+'],
]);
const SIGN_AFTER = new Map([
  ['pound', '£'],
  ['pounds', '£'],
  ['euro', '€'],
  ['euros', '€'],
  ['dollar', '$'],
  ['dollars', '$'],
  ['cent', '¢'],
  ['cents', '¢'],
]);
const JOINERS = new Set(['and', 'double', 'triple', 'point']);

/** `text`: lower case, symbols folded. */
export function normalizePublishedNumbers(text: string): string {
  return writeCents(new PublishedReader(spaceOut(text).split(/\s+/u).filter(Boolean)).read().join(' '));
}

class PublishedReader {
  readonly #words: readonly string[];
  readonly #out: string[] = [];
  #value: Value = null;
  #prefix = '';

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  read(): string[] {
    for (let i = 0; i < this.#words.length; i++) {
      const word = this.#words[i]!;
      const signed = PREFIX_SIGNS.includes(word[0]!);
      if (NUMBER.test(signed ? word.slice(1) : word)) this.#digits(word, signed);
      else if (!inVocabulary(word)) this.#emitWith(word);
      else if (this.#numberWord(word, i) || this.#sign(word, this.#words[i + 1])) continue;
      else i += this.#suffixOrJoiner(word, i);
    }
    this.#flush();
    return this.#out;
  }

  #emit(text: string): void {
    this.#out.push(this.#prefix + text);
    this.#value = null;
    this.#prefix = '';
  }

  #flush(): void {
    if (this.#value !== null) this.#emit(String(this.#value));
  }

  /** A word that belongs to no number: the number before it ends. */
  #emitWith(word: string): void {
    this.#flush();
    this.#emit(word);
  }

  #digits(word: string, signed: boolean): void {
    if (typeof this.#value === 'string' && this.#value.endsWith('.')) {
      this.#value += word;
      return;
    }
    this.#flush();
    if (signed) this.#prefix = word[0]!;
    const digits = signed ? word.slice(1) : word;
    this.#value = wholeOf(digits) ?? digits;
  }

  /** False where the word is no number word. */
  #numberWord(word: string, i: number): boolean {
    const number = published(word);
    if (!number) return false;
    if (number.kind === 'scale') this.#scale(number);
    else if (number.kind === 'zero') this.#value = `${this.#value || ''}0`;
    else {
      const joined = this.#joined(number, published(this.#words[i - 1] ?? ''));
      if (number.suffix === '') this.#value = joined;
      else this.#emit(`${joined}${number.suffix}`);
    }
    return true;
  }

  /** The value with a smaller number behind it: added where its last digits are zeros, else written on. */
  #joined({ kind, value }: NumberWord, before: NumberWord | undefined): bigint | string {
    const held = this.#value;
    if (held === null) return value;
    if (kind === 'unit' && (typeof held === 'string' || isPlain(before, 'unit'))) {
      return isPlain(before, 'ten') && value < 10n ? String(held).slice(0, -1) + value : String(held) + value;
    }
    if (typeof held === 'string') return held + value;
    return held % (kind === 'unit' && value < 10n ? 10n : 100n) === 0n ? held + value : `${held}${value}`;
  }

  #scale({ value: scale, suffix }: NumberWord): void {
    const held = this.#value;
    if (held === null) {
      if (suffix === '') this.#value = scale;
      else this.#emit(`${scale}${suffix}`);
      return;
    }
    let product: bigint | null;
    if (typeof held === 'bigint') {
      const small = held % 1000n;
      product = held - small + small * scale;
    } else product = times(held, scale);
    if (product === null) {
      this.#flush();
      product = scale;
    }
    if (suffix === '') this.#value = product;
    else this.#emit(`${product}${suffix}`);
  }

  #sign(word: string, next: string | undefined): boolean {
    const before = SIGN_BEFORE.get(word);
    if (before !== undefined) {
      this.#flush();
      if (isNumeric(next)) this.#prefix = before;
      else this.#emit(word);
      return true;
    }
    const after = SIGN_AFTER.get(word);
    if (after === undefined) return false;
    if (this.#value === null) this.#emit(word);
    else {
      this.#prefix = after;
      this.#flush();
    }
    return true;
  }

  /** Returns how many words after this one are used up. */
  #suffixOrJoiner(word: string, i: number): number {
    const next = this.#words[i + 1];
    if (word === 'percent' || word === 'per') {
      if (this.#value === null) this.#emit(word);
      else if (word === 'percent') this.#emit(`${this.#value}%`);
      else if (next === 'cent') {
        this.#emit(`${this.#value}%`);
        return 1;
      } else this.#emitWith(word);
      return 0;
    }
    if (!isNumeric(next)) this.#emitWith(word);
    else if (word === 'and') {
      if (!isPlain(published(this.#words[i - 1] ?? ''), 'scale')) this.#emitWith(word);
    } else if (word === 'point') {
      // Before a scale or an ordinal the word is lost.
      const number = published(next!);
      if (NUMBER.test(next!) || (number?.suffix === '' && number.kind !== 'scale')) {
        this.#value = `${this.#value || ''}.`;
      }
    } else {
      const digit = published(next!);
      if (digit && (isPlain(digit, 'unit') || digit.kind === 'zero')) {
        this.#value = `${this.#value || ''}${String(digit.value).repeat(word === 'double' ? 2 : 3)}`;
        return 1;
      }
      this.#emitWith(word);
    }
    return 0;
  }
}

/** The published list has no "ninth": there, "nine" keeps its e. */
function published(word: string): NumberWord | undefined {
  if (word === 'ninth') return undefined;
  if (word === 'nineth') return NUMBER_WORDS.get('ninth');
  return NUMBER_WORDS.get(word);
}

function isPlain(word: NumberWord | undefined, kind: NumberWord['kind']): boolean {
  return word?.kind === kind && word.suffix === '';
}

function inVocabulary(word: string): boolean {
  return (
    published(word) !== undefined ||
    SIGN_BEFORE.has(word) ||
    SIGN_AFTER.has(word) ||
    JOINERS.has(word) ||
    word === 'per' ||
    word === 'percent'
  );
}

function isNumeric(word: string | undefined): boolean {
  return word !== undefined && (inVocabulary(word) || NUMBER.test(word));
}

/** `digits` as an integer; null where a fraction remains. Leading zeros go (007 is 7). */
function wholeOf(digits: string): bigint | null {
  const [whole = '', part = ''] = digits.split('.');
  return /^0*$/u.test(part) ? BigInt(whole) : null;
}

/** The product where it is whole; null for fractions and for what is no number (192.168.). */
function times(digits: string, scale: bigint): bigint | null {
  const match = /^(\d*)(?:\.(\d*))?$/u.exec(digits);
  if (!match || !/\d/u.test(digits)) return null;
  const part = match[2] ?? '';
  const product = BigInt(match[1]! + part) * scale;
  const unit = 10n ** BigInt(part.length);
  return product % unit === 0n ? product / unit : null;
}

/** "two and a half" becomes "two point five"; spaces between letters and digits, but for endings. */
function spaceOut(text: string): string {
  const parts = text.split(/\band\s+a\s+half\b/u);
  const out: string[] = [];
  parts.forEach((part, i) => {
    if (part.trim() === '') return;
    out.push(part);
    if (i === parts.length - 1) return;
    const word = published(part.trim().split(/\s+/u).at(-1)!);
    out.push(word?.suffix === '' ? 'point five' : 'and a half');
  });
  return out
    .join(' ')
    .replace(/([a-z])([0-9])/gu, '$1 $2')
    .replace(/([0-9])([a-z])/gu, '$1 $2')
    .replace(/([0-9])\s+(st|nd|rd|th|s)\b/gu, '$1$2');
}

/** "$2 and ¢7" is $2.07, "$0.07" is ¢7 (any character for the point, as published), a lone 1 is "one". */
function writeCents(text: string): string {
  return text
    .replace(
      /([€£$])([0-9]+) (?:and )?¢([0-9]{1,2})\b/gu,
      (_, currency: string, whole: string, cents: string) => `${currency}${whole}.${cents.padStart(2, '0')}`,
    )
    .replace(/[€£$]0.([0-9]{1,2})\b/gu, (_, cents: string) => `¢${Number(cents)}`)
    .replace(/\b1(s?)\b/gu, 'one$1');
}
