/**
 * Cheapest alignments of two token sequences with moves, as ERRANT (Bryant et al. 2017) and ChERRANT (Zhang et al. 2022)
 * align: Damerau and Levenshtein's recursion, where a window of k tokens that holds the same tokens in another order on
 * both sides may be passed in one step for k - 1. Equal tokens are matched at once, even where another step would come
 * out cheaper: that is how both programs do it, and it keeps words that stand where they stood.
 */
import { type CharKnowledge, substitutionCost } from './char-similarity.ts';
import { ALIGNMENT_CELLS_MAX, TIED_ALIGNMENTS_MAX } from './limits.ts';

/** M match, S substitution, I insertion, D deletion, T move. Offsets count tokens of the source and of the target. */
export interface AlignStep {
  readonly kind: 'M' | 'S' | 'I' | 'D' | 'T';
  readonly start: number;
  readonly end: number;
  readonly tgtStart: number;
  readonly tgtEnd: number;
}

export interface AlignOptions {
  readonly knowledge: CharKnowledge;
  readonly alignments: 'all' | 'first';
}

/** Sentences that differ more in length get one alignment: the longer the difference, the more ties without meaning. */
const LENGTH_DIFFERENCE_MAX = 10;

const MATCH = 1;
const MOVE = 2;
const SUBSTITUTION = 4;
const INSERTION = 8;
const DELETION = 16;
/** In this order ties are listed. */
const KINDS = [MATCH, MOVE, SUBSTITUTION, INSERTION, DELETION] as const;

/**
 * At most 2^14 alignments, best known first; ties are listed from the end of the sentence, moves before substitutions
 * before insertions before deletions. Throws RangeError above 2^24 cells.
 */
export function* cheapestAlignments(
  src: readonly string[],
  tgt: readonly string[],
  options: AlignOptions,
): Generator<AlignStep[]> {
  const table = new AlignmentTable(src, tgt, (a, b) => substitutionCost(a, b, options.knowledge));
  const onlyFirst = options.alignments === 'first' || Math.abs(src.length - tgt.length) > LENGTH_DIFFERENCE_MAX;
  let count = 0;
  for (const steps of table.alignments()) {
    yield steps;
    if (onlyFirst || ++count === TIED_ALIGNMENTS_MAX) return;
  }
}

/** The table of the recursion: per cell its cheapest kinds, as bits, and the window of a move. */
export class AlignmentTable {
  readonly #width: number;
  readonly #kinds: Uint8Array;
  readonly #windows: Uint16Array;
  readonly #cells: number;

  /**
   * `costOf` prices the substitution of two different tokens; an insertion or a deletion costs 1. `moveKey`: tokens with
   * equal keys are the same token where a move is looked for (ERRANT folds case there). Throws RangeError above 2^24 cells.
   */
  constructor(
    src: readonly string[],
    tgt: readonly string[],
    costOf: (a: string, b: string) => number,
    moveKey: (token: string) => string = (token) => token,
  ) {
    const n = src.length;
    const m = tgt.length;
    const width = m + 1;
    this.#width = width;
    this.#cells = (n + 1) * width;
    if (this.#cells > ALIGNMENT_CELLS_MAX) {
      throw new RangeError(`sentences of ${n} and ${m} tokens are too long to align; the limit is about 4,000 each`);
    }
    const cost = new Float64Array(this.#cells);
    this.#kinds = new Uint8Array(this.#cells);
    this.#windows = new Uint16Array(this.#cells);
    const { a, b } = numberTokens(src, tgt);
    const keys = numberTokens(src.map(moveKey), tgt.map(moveKey));
    const moves = new MoveFinder(keys.a, keys.b, keys.distinct, cost);
    for (let j = 1; j <= m; j++) {
      cost[j] = j;
      this.#kinds[j] = INSERTION;
    }
    for (let i = 1; i <= n; i++) {
      cost[i * width] = i;
      this.#kinds[i * width] = DELETION;
      for (let j = 1; j <= m; j++) {
        const cell = i * width + j;
        const diagonal = cost[cell - width - 1]!;
        if (a[i - 1] === b[j - 1]) {
          cost[cell] = diagonal;
          this.#kinds[cell] = MATCH;
          continue;
        }
        const window = moves.windowAt(i, j);
        const moved = window === 0 ? Number.POSITIVE_INFINITY : cost[cell - window * (width + 1)]! + (window - 1);
        const substituted = diagonal + costOf(src[i - 1]!, tgt[j - 1]!);
        const inserted = cost[cell - 1]! + 1;
        const deleted = cost[cell - width]! + 1;
        const least = Math.min(moved, substituted, inserted, deleted);
        cost[cell] = least;
        this.#windows[cell] = window;
        this.#kinds[cell] =
          (moved === least ? MOVE : 0) |
          (substituted === least ? SUBSTITUTION : 0) |
          (inserted === least ? INSERTION : 0) |
          (deleted === least ? DELETION : 0);
      }
    }
  }

  /** Every cheapest alignment, depth first from the last cell. Lazy: there may be exponentially many. */
  *alignments(): Generator<AlignStep[]> {
    const choices: { cell: number; kinds: number; step: AlignStep | null }[] = [];
    const open = (cell: number, step: AlignStep | null) => choices.push({ cell, kinds: this.#kinds[cell]!, step });
    open(this.#cells - 1, null);
    while (choices.length > 0) {
      const top = choices.at(-1)!;
      if (top.cell === 0) {
        yield choices.flatMap(({ step }) => step ?? []).reverse();
        choices.pop();
        continue;
      }
      const kind = KINDS.find((bit) => (top.kinds & bit) !== 0);
      if (kind === undefined) {
        choices.pop();
        continue;
      }
      top.kinds &= ~kind;
      const { cell, step } = this.#stepInto(top.cell, kind);
      open(cell, step);
    }
  }

  #stepInto(cell: number, kind: (typeof KINDS)[number]): { cell: number; step: AlignStep } {
    const length = kind === MOVE ? this.#windows[cell]! : 1;
    const up = kind === INSERTION ? 0 : length;
    const left = kind === DELETION ? 0 : length;
    const [end, tgtEnd] = [Math.floor(cell / this.#width), cell % this.#width];
    const name = ({ [MATCH]: 'M', [MOVE]: 'T', [SUBSTITUTION]: 'S', [INSERTION]: 'I', [DELETION]: 'D' } as const)[kind];
    const step = { kind: name, start: end - up, end, tgtStart: tgtEnd - left, tgtEnd };
    return { cell: cell - up * this.#width - left, step };
  }
}

/** Equal tokens get equal numbers. */
function numberTokens(src: readonly string[], tgt: readonly string[]): { a: number[]; b: number[]; distinct: number } {
  const numbers = new Map<string, number>();
  const numberOf = (token: string) => {
    let number = numbers.get(token);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(token, number);
    }
    return number;
  };
  const a = src.map(numberOf);
  const b = tgt.map(numberOf);
  return { a, b, distinct: numbers.size };
}

/**
 * Looks for moves that end at a cell. The published programs sort both windows anew for each length; here a tally of how
 * often each token is ahead on one side grows with the window, so that one more token costs two steps.
 */
class MoveFinder {
  readonly #a: readonly number[];
  readonly #b: readonly number[];
  readonly #tally: Int32Array;
  readonly #cost: Float64Array;

  constructor(a: readonly number[], b: readonly number[], distinct: number, cost: Float64Array) {
    this.#a = a;
    this.#b = b;
    this.#tally = new Int32Array(distinct);
    this.#cost = cost;
  }

  /** Tokens in the shortest window, 2 and up; 0 where there is none before the diagonal stops to cost anything. */
  windowAt(i: number, j: number): number {
    const width = this.#b.length + 1;
    const tally = this.#tally;
    let uneven = 0;
    const count = (token: number, by: number) => {
      const before = tally[token]!;
      tally[token] = before + by;
      uneven += before === 0 ? 1 : before + by === 0 ? -1 : 0;
    };
    count(this.#a[i - 1]!, 1);
    count(this.#b[j - 1]!, -1);
    let window = 1;
    let found = 0;
    while (window < i && window < j) {
      const cell = (i - window) * width + j - window;
      if (this.#cost[cell] === this.#cost[cell - width - 1]) break;
      window++;
      count(this.#a[i - window]!, 1);
      count(this.#b[j - window]!, -1);
      if (uneven === 0) {
        found = window;
        break;
      }
    }
    for (let k = 1; k <= window; k++) {
      tally[this.#a[i - k]!] = 0;
      tally[this.#b[j - k]!] = 0;
    }
    return found;
  }
}
