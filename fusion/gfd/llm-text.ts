import { finishedLenBytes } from '../bytes/utf8-boundary.ts';

export interface LlmTextOptions {
  /** Without the space that a recognizer puts before the first word. */
  readonly dropLeadingSpace: boolean;
  /** Long numbers are all shown as the same one (speech). */
  readonly hideNumbers?: boolean;
  /** The number that the context ends in, shown with the text that may go on with it. */
  readonly begunNumber?: string;
}

/** So many numerals make a number that no language model can know: a year, a price, a telephone number. */
const NUMERALS_MIN = 3;
/** What is shown instead. */
const ANY_NUMBER = '2000';
const NUMERAL = '[0-9零〇一二两兩三四五六七八九十百千万萬亿億]';
const MARK = '[ ,、，-]?';
/** Numerals, spelled in figures or in characters, one by one with marks between them or as one word. */
const NUMBER = new RegExp(`${NUMERAL}(?:${MARK}${NUMERAL})*`, 'gu');
/** With the space before it, which the language model's tokens begin with. */
const NUMBER_AT_END = new RegExp(` ?${NUMERAL}(?:${MARK}${NUMERAL})*${MARK}$`, 'u');
const ONE_NUMERAL = new RegExp(NUMERAL, 'gu');

/**
 * The text as the language model sees it: in one script (about half of Whisper's Chinese comes out in Traditional
 * characters, and a model shown both judges script instead of sense), by a one-character table applied to finished
 * characters only. Which digits were said, how many, and how they are written is not for a language model to say (shown them,
 * it writes 1996 for 1990 and adds a digit to a telephone number): it knows only that a number stands there, and the
 * recognizer decides which.
 */
export class LlmText {
  #table: ReadonlyMap<string, string>;
  #dropLeadingSpace: boolean;
  #hideNumbers: boolean;
  #begunNumber: Uint8Array;
  #encoder = new TextEncoder();
  #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(table: ReadonlyMap<string, string>, options: LlmTextOptions) {
    const { dropLeadingSpace, hideNumbers = false, begunNumber = '' } = options;
    this.#table = table;
    this.#dropLeadingSpace = dropLeadingSpace;
    this.#hideNumbers = hideNumbers;
    this.#begunNumber = this.#encoder.encode(begunNumber);
  }

  /** How text that follows `context` is shown, and what is shown before it. A number may go on from one into the other. */
  static after(
    context: string,
    table: ReadonlyMap<string, string>,
    hideNumbers: boolean,
  ): { readonly text: LlmText; readonly contextBytes: Uint8Array } {
    const begunNumber = (hideNumbers && NUMBER_AT_END.exec(context)?.[0]) || '';
    const before = context.slice(0, context.length - begunNumber.length);
    const dropLeadingSpace = context === '' || /\s$/u.test(context);
    const shown = new LlmText(table, { dropLeadingSpace: false, hideNumbers });
    return {
      text: new LlmText(table, { dropLeadingSpace, hideNumbers, begunNumber }),
      contextBytes: shown.view(new TextEncoder().encode(before)),
    };
  }

  /** Bytes for the language model of the recognizer's `raw` bytes. A number that becomes long changes as a whole. */
  view(raw: Uint8Array): Uint8Array {
    const bytes = this.#bare(raw);
    if (!this.#hideNumbers) return this.#inOneScript(bytes);
    const whole = new Uint8Array(this.#begunNumber.length + bytes.length);
    whole.set(this.#begunNumber);
    whole.set(bytes, this.#begunNumber.length);
    return this.#rewritten(whole, (text) => {
      return this.#mapped(text).replace(NUMBER, (number) => (isLong(number) ? ANY_NUMBER : number));
    });
  }

  /** Equal where `raw` bytes are the same words, in whichever script. */
  reading(raw: Uint8Array): Uint8Array {
    return this.#inOneScript(this.#bare(raw));
  }

  #bare(raw: Uint8Array): Uint8Array {
    return this.#dropLeadingSpace && raw[0] === 0x20 ? raw.subarray(1) : raw;
  }

  #inOneScript(bytes: Uint8Array): Uint8Array {
    return this.#table.size === 0 ? bytes : this.#rewritten(bytes, (text) => this.#mapped(text));
  }

  #mapped(text: string): string {
    let mapped = '';
    for (const character of text) mapped += this.#table.get(character) ?? character;
    return mapped;
  }

  /** Finished characters of `bytes` rewritten; those of an unfinished one stay. */
  #rewritten(bytes: Uint8Array, rewrite: (text: string) => string): Uint8Array {
    const finished = finishedLenBytes(bytes);
    const text = this.#decoder.decode(bytes.subarray(0, finished));
    const other = rewrite(text);
    if (other === text) return bytes;
    const head = this.#encoder.encode(other);
    const out = new Uint8Array(head.length + bytes.length - finished);
    out.set(head);
    out.set(bytes.subarray(finished), head.length);
    return out;
  }
}

function isLong(number: string): boolean {
  return (number.match(ONE_NUMERAL)?.length ?? 0) >= NUMERALS_MIN;
}
