/** English number words with their values, endings included (sixes, ninth, hundreds). */

const UNITS = [
  ...['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'],
  ...['eleven', 'twelve', 'thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen'],
];
const TENS = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const SCALES = [
  'thousand',
  'million',
  'billion',
  'trillion',
  'quadrillion',
  'quintillion',
  'sextillion',
  'septillion',
  'octillion',
  'nonillion',
  'decillion',
];

export type NumberKind = 'zero' | 'unit' | 'ten' | 'scale';

export interface NumberWord {
  readonly kind: NumberKind;
  readonly value: bigint;
  /** st, nd, rd, th or s: such a word ends its number. */
  readonly suffix: string;
}

export const NUMBER_WORDS = numberWords();

function numberWords(): ReadonlyMap<string, NumberWord> {
  const words = new Map<string, NumberWord>();
  const add = (word: string, kind: NumberKind, value: bigint, suffix = '') => words.set(word, { kind, value, suffix });
  for (const zero of ['o', 'oh', 'zero']) add(zero, 'zero', 0n);
  const irregular = new Map([
    ['one', ['first', 'st']],
    ['two', ['second', 'nd']],
    ['three', ['third', 'rd']],
    ['five', ['fifth', 'th']],
    ['twelve', ['twelfth', 'th']],
  ]);
  UNITS.forEach((word, i) => {
    const value = BigInt(i + 1);
    add(word, 'unit', value);
    add(word === 'six' ? 'sixes' : `${word}s`, 'unit', value, 's');
    const [ordinal, suffix] = irregular.get(word) ?? [`${word}${word.endsWith('t') ? 'h' : 'th'}`, 'th'];
    add(ordinal!, 'unit', value, suffix);
  });
  // "nine" loses its e; the published list keeps it and does not know "ninth".
  add('ninth', 'unit', 9n, 'th');
  add('zeroth', 'unit', 0n, 'th');
  TENS.forEach((word, i) => {
    const value = BigInt((i + 2) * 10);
    add(word, 'ten', value);
    add(`${word.slice(0, -1)}ies`, 'ten', value, 's');
    add(`${word.slice(0, -1)}ieth`, 'ten', value, 'th');
  });
  ['hundred', ...SCALES].forEach((word, i) => {
    const value = word === 'hundred' ? 100n : 1000n ** BigInt(i);
    add(word, 'scale', value);
    add(`${word}s`, 'scale', value, 's');
    add(`${word}th`, 'scale', value, 'th');
  });
  return words;
}
