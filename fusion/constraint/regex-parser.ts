import { AppError } from '../../models/core/app-error.ts';
import { PATTERN_DEPTH_MAX, REPEAT_MAX } from './limits.ts';

/** Code points first .. last, both included. */
export type PointRange = readonly [number, number];

export type Pattern =
  | { readonly kind: 'set'; readonly ranges: readonly PointRange[] }
  | { readonly kind: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'choice'; readonly options: readonly Pattern[] }
  /** `max` undefined: without end. */
  | { readonly kind: 'repeat'; readonly part: Pattern; readonly min: number; readonly max: number | undefined };

const LAST_POINT = 0x10ffff;
const DIGITS: readonly PointRange[] = [[0x30, 0x39]];
/** As JavaScript has it: ASCII letters, digits and the low line. Write other letters as ranges, such as [ğışİ]. */
const WORD: readonly PointRange[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const SPACES: readonly PointRange[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x3000, 0x3000],
];
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, '0': 0 };
const SETS: Readonly<Record<string, readonly PointRange[]>> = {
  d: DIGITS,
  w: WORD,
  s: SPACES,
  D: complement(DIGITS),
  W: complement(WORD),
  S: complement(SPACES),
};
/** Characters that a backslash takes literally. */
const ESCAPABLE = /^[\^$\\.*+?()[\]{}|/-]$/u;

/**
 * Parses the subset of regular expressions that an automaton can hold: literals, `.`, classes, `\d \w \s` and their
 * opposites, groups, alternatives and the quantifiers `* + ? {m} {m,} {m,n}`. The whole string must match, so `^` at the
 * start and `$` at the end may stand and mean nothing.
 * @throws AppError invalid_option, which names what is not supported and where
 */
export function parsePattern(source: string): Pattern {
  return new PatternParser(source).parse();
}

class PatternParser {
  readonly #source: string;
  readonly #points: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
    this.#points = [...source];
  }

  parse(): Pattern {
    if (this.#peek() === '^') this.#at++;
    const pattern = this.#choice();
    if (this.#at < this.#points.length) this.#fail(`"${this.#peek()}" without its beginning`);
    return pattern;
  }

  #choice(): Pattern {
    const options = [this.#sequence()];
    while (this.#take('|')) options.push(this.#sequence());
    return options.length === 1 ? options[0]! : { kind: 'choice', options };
  }

  #sequence(): Pattern {
    const parts: Pattern[] = [];
    for (;;) {
      const next = this.#peek();
      if (next === undefined || next === '|' || next === ')') break;
      if (next === '$' && this.#at === this.#points.length - 1) {
        this.#at++;
        break;
      }
      parts.push(this.#quantified(this.#atom()));
    }
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts };
  }

  #quantified(part: Pattern): Pattern {
    const quantifier = this.#quantifier();
    if (quantifier === null) return part;
    const { min, max } = quantifier;
    if ((max ?? min) > REPEAT_MAX) this.#fail(`a count above ${REPEAT_MAX}`);
    if (max !== undefined && max < min) this.#fail(`{${min},${max}}, whose least count is above its most`);
    const next = this.#peek();
    if (next === '?' || next === '+') this.#fail('a lazy or possessive quantifier; the whole string must match anyway');
    if (next === '*' || next === '{') this.#fail('a quantifier after a quantifier');
    return { kind: 'repeat', part, min, max };
  }

  #quantifier(): { min: number; max: number | undefined } | null {
    if (this.#take('*')) return { min: 0, max: undefined };
    if (this.#take('+')) return { min: 1, max: undefined };
    if (this.#take('?')) return { min: 0, max: 1 };
    if (this.#peek() !== '{') return null;
    const found = /^\{(\d{1,6})(,(\d{0,6}))?\}/u.exec(this.#points.slice(this.#at, this.#at + 16).join(''));
    if (!found) this.#fail('"{" that begins no count; write \\{ for the character');
    this.#at += found[0].length;
    const min = Number(found[1]);
    if (found[2] === undefined) return { min, max: min };
    return { min, max: found[3] === '' ? undefined : Number(found[3]) };
  }

  #atom(): Pattern {
    const char = this.#points[this.#at++]!;
    switch (char) {
      case '(':
        return this.#group();
      case '[':
        return { kind: 'set', ranges: this.#class() };
      case '.':
        return { kind: 'set', ranges: complement([[10, 10]]) };
      case '\\':
        return { kind: 'set', ranges: this.#escape() };
      case '*':
      case '+':
      case '?':
      case '{':
        return this.#fail(`"${char}" with nothing to repeat`);
      case '^':
      case '$':
        return this.#fail(`"${char}" inside; the whole string must match, write \\${char} for the character`);
      default:
        return { kind: 'set', ranges: [single(char)] };
    }
  }

  #group(): Pattern {
    if (this.#take('?')) {
      const kind = this.#peek();
      if (kind !== ':') {
        this.#fail(kind === '=' || kind === '!' || kind === '<' ? 'lookaround or a named group' : `"(?${kind ?? ''}"`);
      }
      this.#at++;
    }
    if (++this.#depth > PATTERN_DEPTH_MAX) this.#fail(`groups more than ${PATTERN_DEPTH_MAX} deep`);
    const inside = this.#choice();
    this.#depth--;
    if (!this.#take(')')) this.#fail('"(" without its end');
    return inside;
  }

  #class(): PointRange[] {
    const isNegated = this.#take('^');
    const ranges: PointRange[] = [];
    for (;;) {
      const next = this.#peek();
      if (next === undefined) this.#fail('"[" without its end');
      if (next === ']') break;
      const low = this.#classAtom();
      if (this.#peek() !== '-' || this.#points[this.#at + 1] === ']') {
        ranges.push(...low);
        continue;
      }
      this.#at++;
      const high = this.#classAtom();
      const isRange = low.length === 1 && high.length === 1 && low[0]![0] === low[0]![1] && high[0]![0] === high[0]![1];
      if (!isRange || low[0]![0] > high[0]![0]) this.#fail('a class range that runs backwards or from a set');
      ranges.push([low[0]![0], high[0]![0]]);
    }
    this.#at++;
    return isNegated ? complement(ranges) : ranges;
  }

  #classAtom(): readonly PointRange[] {
    const char = this.#points[this.#at++];
    if (char === undefined) this.#fail('"[" without its end');
    return char === '\\' ? this.#escape() : [single(char)];
  }

  #escape(): readonly PointRange[] {
    const char = this.#points[this.#at++];
    if (char === undefined) this.#fail('"\\" at the end');
    const set = SETS[char];
    if (set) return set;
    if (char === 'u' || char === 'x') return [this.#codePoint(char)];
    const control = CONTROLS[char];
    if (control !== undefined) return [[control, control]];
    if (/[1-9k]/u.test(char)) this.#fail(`the back reference \\${char}`);
    if (/[pP]/u.test(char)) this.#fail(`the property class \\${char}; write the ranges, such as [ğışİ] or [一-鿿]`);
    if (/[bB]/u.test(char)) this.#fail(`the word boundary \\${char}`);
    if (!ESCAPABLE.test(char)) this.#fail(`the escape \\${char}`);
    return [single(char)];
  }

  #codePoint(kind: string): PointRange {
    const rest = this.#points.slice(this.#at, this.#at + 10).join('');
    const found = (kind === 'x' ? /^([\da-f]{2})/iu : /^(?:([\da-f]{4})|\{([\da-f]{1,6})\})/iu).exec(rest);
    const point = found ? Number.parseInt(found[1] ?? found[2]!, 16) : Number.NaN;
    if (!found || !(point <= LAST_POINT)) this.#fail(`\\${kind} without its hexadecimal digits`);
    this.#at += found[0].length;
    return [point, point];
  }

  #peek(): string | undefined {
    return this.#points[this.#at];
  }

  #take(char: string): boolean {
    if (this.#points[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #fail(what: string): never {
    const where = `at character ${Math.min(this.#at, this.#points.length)} of "${this.#source}"`;
    throw new AppError('invalid_option', `A pattern cannot have ${what} (${where})`);
  }
}

function single(char: string): PointRange {
  const point = char.codePointAt(0)!;
  return [point, point];
}

function complement(ranges: readonly PointRange[]): PointRange[] {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const out: PointRange[] = [];
  let from = 0;
  for (const [low, high] of sorted) {
    if (low > from) out.push([from, low - 1]);
    from = Math.max(from, high + 1);
  }
  if (from <= LAST_POINT) out.push([from, LAST_POINT]);
  return out;
}
