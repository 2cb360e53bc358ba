import { finishedLenBytes } from '../bytes/utf8-boundary.ts';

export interface LlmTextOptions {
  /** Without the space that a recognizer puts before the first word. */
  readonly dropLeadingSpace: boolean;
  /** Long numbers are all shown as the same one (speech). */
  readonly hideNumbers?: boolean;
}

/** So many numerals make a number that no language model can know: a year, a price, a telephone number. */
const NUMERALS_MIN = 3;
/** What is shown instead. */
const ANY_NUMBER = '2000';
const NUMERAL = '[0-9零〇一二两兩三四五六七八九十百千万萬亿億]';
/** Numerals, spelled in figures or in characters, one by one with marks between them or as one word. */
const NUMBER = new RegExp(`${NUMERAL}(?:[ ,、，-]?${NUMERAL})*`, 'gu');
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
  #encoder = new TextEncoder();
  #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(table: ReadonlyMap<string, string>, { dropLeadingSpace, hideNumbers = false }: LlmTextOptions) {
    this.#table = table;
    this.#dropLeadingSpace = dropLeadingSpace;
    this.#hideNumbers = hideNumbers;
  }

  /** Bytes for the language model of the recognizer's `raw` bytes. A number that becomes long changes as a whole. */
  view(raw: Uint8Array): Uint8Array {
    const bytes = this.#dropLeadingSpace && raw[0] === 0x20 ? raw.subarray(1) : raw;
    if (this.#table.size === 0 && !this.#hideNumbers) return bytes;
    const finished = finishedLenBytes(bytes);
    const text = this.#decoder.decode(bytes.subarray(0, finished));
    let mapped = '';
    for (const character of text) mapped += this.#table.get(character) ?? character;
    if (this.#hideNumbers) mapped = mapped.replace(NUMBER, (number) => (isLong(number) ? ANY_NUMBER : number));
    if (mapped === text) return bytes;
    const head = this.#encoder.encode(mapped);
    const out = new Uint8Array(head.length + bytes.length - finished);
    out.set(head);
    out.set(bytes.subarray(finished), head.length);
    return out;
  }
}

function isLong(number: string): boolean {
  return (number.match(ONE_NUMERAL)?.length ?? 0) >= NUMERALS_MIN;
}
