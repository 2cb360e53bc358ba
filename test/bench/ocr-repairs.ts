/** What a second reading makes of a first one, place by place: letters repaired and broken, numbers lost. */
import { align, unitsOf } from '../../services/eval/error-rate.ts';
import { multisetHits } from '../../services/eval/metric/hits.ts';
import { TURKISH_LETTERS } from '../../services/eval/metric/letter-hits.ts';
import { numbersOf } from '../../services/eval/metric/number-hits.ts';
import { textNormalizer } from '../../services/eval/normalizer/text-normalizer.ts';

export interface LetterRepairs {
  /** Times that the letter is printed. */
  readonly total: number;
  /** Of these misread at first. */
  readonly wrong: number;
  /** Of these read right by the second reading. */
  readonly repaired: number;
  /** Read right at first, and wrong by the second. */
  readonly broken: number;
}

const NONE: LetterRepairs = { total: 0, wrong: 0, repaired: 0, broken: 0 };

/** Row for all that is none of the letters: what the repairs cost elsewhere. */
const OTHER = 'other';

const verbatim = textNormalizer('tr', { rules: 'verbatim' });

/** By letter of the reference (capitals under the small letter, as `letterHits` has it), and `other`. */
export function letterRepairs(ref: string, before: string, after: string): Map<string, LetterRepairs> {
  const printed = unitsOf(verbatim(ref), 'char');
  const [first, second] = [before, after].map((text) => rightPlaces(printed, unitsOf(verbatim(text), 'char')));
  const counts = new Map<string, LetterRepairs>([...TURKISH_LETTERS, OTHER].map((letter) => [letter, NONE]));
  printed.forEach((unit, i) => {
    const letter = LETTER_OF.get(unit) ?? OTHER;
    const { total, wrong, repaired, broken } = counts.get(letter)!;
    counts.set(letter, {
      total: total + 1,
      wrong: wrong + (first![i] ? 0 : 1),
      repaired: repaired + (!first![i] && second![i] ? 1 : 0),
      broken: broken + (first![i] && !second![i] ? 1 : 0),
    });
  });
  return counts;
}

const LETTER_OF: ReadonlyMap<string, string> = new Map(
  TURKISH_LETTERS.flatMap((letter) => {
    const capital = letter.toUpperCase();
    return /^[A-Z]$/u.test(capital)
      ? [[letter, letter]]
      : [
          [letter, letter],
          [capital, letter],
        ];
  }),
);

/** Per unit of the reference: read as it stands. */
function rightPlaces(printed: readonly string[], read: readonly string[]): boolean[] {
  return align(printed, read).flatMap(({ kind, ref }) => (ref === undefined ? [] : [kind === 'hit']));
}

export function sumRepairs(all: readonly ReadonlyMap<string, LetterRepairs>[]): Map<string, LetterRepairs> {
  const sums = new Map<string, LetterRepairs>();
  for (const counts of all) {
    for (const [letter, one] of counts) {
      const sum = sums.get(letter) ?? NONE;
      sums.set(letter, {
        total: sum.total + one.total,
        wrong: sum.wrong + one.wrong,
        repaired: sum.repaired + one.repaired,
        broken: sum.broken + one.broken,
      });
    }
  }
  return sums;
}

/** Numbers of the reference that the first reading has, and how many. */
export function rightNumbers(ref: string, before: string): number {
  return multisetHits(numbersOf(ref), numbersOf(before)).tp;
}

/** Numbers that stand in the reference and in the first reading, and no more in the second; a number twice must stay twice. */
export function lostNumbers(ref: string, before: string, after: string): string[] {
  const right = common(numbersOf(ref), numbersOf(before));
  const left = numbersOf(after);
  return right.filter((number) => {
    const at = left.indexOf(number);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function common(a: readonly string[], b: readonly string[]): string[] {
  const left = [...b];
  return a.filter((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}
