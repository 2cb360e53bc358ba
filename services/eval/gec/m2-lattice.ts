/**
 * The edit lattice of MaxMatch (Dahlmeier and Ng 2012, "Better Evaluation for Grammatical Error Correction", section 3).
 *
 * A vertex (i, j) says that i source tokens have become the first j hypothesis tokens. Basic edges are the steps of all
 * cheapest Levenshtein alignments, under two prices at once (a substitution for 1 and for 2), which the published
 * program joins into one lattice. A merged edge jumps over several steps as one edit, of which at most
 * `maxUnchangedWords` leave their token as it is.
 *
 * To give the published counts to the last one, `edges` is the published program's list, its quirks included: a step
 * that both alignments take stands in it twice (and so pays the small fee per edit twice), merged edges follow in the
 * order in which three nested loops find them, and of merged edges that change nothing, only every second of a run is
 * taken out again, since the list is walked while it shrinks. Ties between paths are decided by this order.
 */
import { ALIGNMENT_CELLS_MAX, LATTICE_EDGES_MAX, LATTICE_VERTICES_MAX } from './limits.ts';

/** Basic edge into a cell, as bits: from the diagonal, from above (a deletion), from the left (an insertion). */
const DIAGONAL = 1;
const DELETION = 2;
const INSERTION = 4;

/** An edge of the lattice. Source tokens start..end become hypothesis tokens hypStart..hypEnd. */
export interface LatticeEdge {
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly end: number;
  readonly hypStart: number;
  readonly hypEnd: number;
  /** Basic steps inside: 1 for a basic edge. */
  readonly steps: number;
  /** Nothing changes. */
  readonly noop: boolean;
}

/** Vertices are numbered in the order of (i, j), which is also an order in which no edge goes backwards. */
export class EditLattice {
  readonly sourceTokens: readonly string[];
  readonly hypTokens: readonly string[];
  readonly maxUnchangedWords: number;
  readonly vertexCount: number;
  /** Per vertex: tokens of the source and of the hypothesis that are behind it. */
  readonly sourceAt: Int32Array;
  readonly hypAt: Int32Array;
  /** Basic edges in order of (from, to), and in how many of the two alignments each one is (1 or 2). */
  readonly basic: readonly LatticeEdge[];
  readonly basicCopies: readonly number[];

  /** Throws RangeError where the alignment table would pass 2^24 cells. */
  constructor(sourceTokens: readonly string[], hypTokens: readonly string[], maxUnchangedWords: number) {
    this.sourceTokens = sourceTokens;
    this.hypTokens = hypTokens;
    this.maxUnchangedWords = maxUnchangedWords;
    const n = sourceTokens.length;
    const m = hypTokens.length;
    if ((n + 1) * (m + 1) > ALIGNMENT_CELLS_MAX) {
      throw new RangeError(`sentences of ${n} and ${m} tokens are too long to compare; the limit is about 4,000 each`);
    }
    const cheap = cheapestSteps(sourceTokens, hypTokens, 1);
    const dear = cheapestSteps(sourceTokens, hypTokens, 2);
    const { numberOf, cells } = numberedCells(cheap, dear);
    this.vertexCount = cells.length;
    this.sourceAt = Int32Array.from(cells, (cell) => Math.floor(cell / (m + 1)));
    this.hypAt = Int32Array.from(cells, (cell) => cell % (m + 1));
    const basic: { edge: LatticeEdge; copies: number }[] = [];
    for (const cell of cells) {
      const to = numberOf[cell]!;
      const [end, hypEnd] = [this.sourceAt[to]!, this.hypAt[to]!];
      for (const [bit, up, left] of [
        [DIAGONAL, 1, 1],
        [DELETION, 1, 0],
        [INSERTION, 0, 1],
      ] as const) {
        const copies = ((cheap[cell]! & bit) === 0 ? 0 : 1) + ((dear[cell]! & bit) === 0 ? 0 : 1);
        if (copies === 0) continue;
        const from = numberOf[cell - up * (m + 1) - left]!;
        const noop = bit === DIAGONAL && sourceTokens[end - 1] === hypTokens[hypEnd - 1];
        const [start, hypStart] = [end - up, hypEnd - left];
        basic.push({ edge: { from, to, start, end, hypStart, hypEnd, steps: 1, noop }, copies });
      }
    }
    basic.sort((a, b) => a.edge.from - b.edge.from || a.edge.to - b.edge.to);
    this.basic = basic.map(({ edge }) => edge);
    this.basicCopies = basic.map(({ copies }) => copies);
  }

  /**
   * Every edge, in the published order, repetitions included (see above). Null where there are too many to list: more
   * than 2,048 vertices or 2^18 edges, which takes some 30 rewritten tokens in a row.
   */
  edges(): LatticeEdge[] | null {
    const size = this.vertexCount;
    if (size > LATTICE_VERTICES_MAX) return null;
    const steps = new Uint16Array(size * size);
    const unchanged = new Uint16Array(size * size);
    const list: number[] = [];
    this.basic.forEach((edge, i) => {
      const pair = edge.from * size + edge.to;
      steps[pair] = 1;
      unchanged[pair] = edge.noop ? 1 : 0;
      for (let copy = 0; copy < this.basicCopies[i]!; copy++) list.push(pair);
    });
    if (!this.#mergeEdges(steps, unchanged, list)) return null;
    const known = new Map<number, LatticeEdge>();
    return withoutEmptyMerges(list, steps, unchanged).map((pair) => {
      let edge = known.get(pair);
      if (!edge) {
        edge = this.#edgeOf(Math.floor(pair / size), pair % size, steps[pair]!, steps[pair] === unchanged[pair]);
        known.set(pair, edge);
      }
      return edge;
    });
  }

  /** The closure: Floyd's loops over (middle, from, to), where a merged edge counts from the moment it is found. */
  #mergeEdges(steps: Uint16Array, unchanged: Uint16Array, list: number[]): boolean {
    const size = this.vertexCount;
    const into: number[] = [];
    const outOf: number[] = [];
    for (let middle = 0; middle < size; middle++) {
      into.length = 0;
      outOf.length = 0;
      for (let v = 0; v < middle; v++) if (steps[v * size + middle] !== 0) into.push(v);
      for (let v = middle + 1; v < size; v++) if (steps[middle * size + v] !== 0) outOf.push(v);
      if (list.length > LATTICE_EDGES_MAX) return false;
      for (const from of into) {
        const first = from * size + middle;
        const row = middle * size;
        for (const to of outOf) {
          const pair = from * size + to;
          const joined = steps[first]! + steps[row + to]!;
          if (steps[pair] !== 0 && joined >= steps[pair]!) continue;
          const kept = unchanged[first]! + unchanged[row + to]!;
          if (kept > this.maxUnchangedWords) continue;
          steps[pair] = joined;
          unchanged[pair] = kept;
          list.push(pair);
        }
      }
    }
    return true;
  }

  #edgeOf(from: number, to: number, steps: number, noop: boolean): LatticeEdge {
    const [start, hypStart] = [this.sourceAt[from]!, this.hypAt[from]!];
    return { from, to, start, end: this.sourceAt[to]!, hypStart, hypEnd: this.hypAt[to]!, steps, noop };
  }
}

/** Takes merged edges without a change out of the list; the one after each is passed over untested, as published. */
function withoutEmptyMerges(list: readonly number[], steps: Uint16Array, unchanged: Uint16Array): number[] {
  const kept: number[] = [];
  for (let i = 0; i < list.length; i++) {
    const pair = list[i]!;
    if (steps[pair]! > 1 && steps[pair] === unchanged[pair]) {
      i++;
      if (i < list.length) kept.push(list[i]!);
    } else kept.push(pair);
  }
  return kept;
}

/** Per cell, the bits of the steps that lead into it on some cheapest way to the end; 0 where none passes. */
function cheapestSteps(source: readonly string[], hyp: readonly string[], substitutionCost: number): Uint8Array {
  const n = source.length;
  const m = hyp.length;
  const width = m + 1;
  const bits = new Uint8Array((n + 1) * width);
  const cost = new Uint16Array((n + 1) * width);
  for (let j = 1; j <= m; j++) {
    cost[j] = j;
    bits[j] = INSERTION;
  }
  for (let i = 1; i <= n; i++) {
    cost[i * width] = i;
    bits[i * width] = DELETION;
    const token = source[i - 1];
    for (let j = 1; j <= m; j++) {
      const cell = i * width + j;
      const diagonal = cost[cell - width - 1]! + (token === hyp[j - 1] ? 0 : substitutionCost);
      const deletion = cost[cell - width]! + 1;
      const insertion = cost[cell - 1]! + 1;
      const least = Math.min(diagonal, deletion, insertion);
      cost[cell] = least;
      bits[cell] =
        (diagonal === least ? DIAGONAL : 0) |
        (deletion === least ? DELETION : 0) |
        (insertion === least ? INSERTION : 0);
    }
  }
  const onWay = new Uint8Array(bits.length);
  onWay[bits.length - 1] = 1;
  for (let cell = bits.length - 1; cell >= 0; cell--) {
    if (onWay[cell] === 0) {
      bits[cell] = 0;
      continue;
    }
    if ((bits[cell]! & DIAGONAL) !== 0) onWay[cell - width - 1] = 1;
    if ((bits[cell]! & DELETION) !== 0) onWay[cell - width] = 1;
    if ((bits[cell]! & INSERTION) !== 0) onWay[cell - 1] = 1;
  }
  return bits;
}

/** Cells that either alignment passes, in order, and the number of each. The first cell is always a vertex. */
function numberedCells(a: Uint8Array, b: Uint8Array): { numberOf: Int32Array; cells: number[] } {
  const numberOf = new Int32Array(a.length).fill(-1);
  const cells: number[] = [];
  for (let cell = 0; cell < a.length; cell++) {
    if (cell !== 0 && a[cell] === 0 && b[cell] === 0) continue;
    numberOf[cell] = cells.length;
    cells.push(cell);
  }
  return { numberOf, cells };
}
