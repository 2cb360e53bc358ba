/**
 * Word, character and mixed error rates: (substitutions + deletions + insertions) / reference units, after Levenshtein
 * alignment with all three costs 1. Corpus rates divide summed errors by summed reference units, as every scoring tool
 * does; they are not means of the utterances' rates.
 *
 * The distance is unique, its split into kinds is not. Among the cheapest alignments we count the one with the fewest
 * insertions and deletions, which makes the split independent of the order of the walk. Where all cheapest alignments
 * split alike it equals jiwer's; elsewhere the sum does.
 *
 * MER is the *mixed* error rate of Chinese with words of other scripts in it, as in Mandarin and English code switching.
 * jiwer's `mer` is another thing, the match error rate (errors over the alignment's length).
 */
import { UNSPACED } from './normalizer/scripts.ts';

/**
 * What one unit is: a word between spaces; a character, the space between two words included (as jiwer counts); or a
 * character where the script is written without spaces and else a word.
 */
export type UnitKind = 'word' | 'char' | 'mixed';

export interface EditCounts {
  /** Units of the reference. */
  readonly refUnits: number;
  readonly hypUnits: number;
  readonly substitutions: number;
  readonly deletions: number;
  readonly insertions: number;
}

/** One step of an alignment; the side that is not there is undefined. */
export interface AlignedPair {
  readonly kind: 'hit' | 'substitution' | 'deletion' | 'insertion';
  readonly ref?: string;
  readonly hyp?: string;
}

const MIXED_UNIT = new RegExp(`${UNSPACED}|(?:(?!${UNSPACED})\\S)+`, 'gu');

/** Cost of one edit in the packed sum; its low part counts insertions and deletions. Sums stay exact below 2^53. */
const EDIT = 2 ** 26;

/** Cells of one alignment table, a byte each: 16 MiB. Longer texts are divided first. */
const TABLE_CELLS_MAX = 2 ** 24;

/** Reference units times hypothesis units that `align` takes on: about a minute. `editCounts` has no such bound. */
export const ALIGN_CELLS_MAX = 2 ** 33;

/** First guess at the number of edits: most utterances have fewer, and a wrong guess costs little. */
const BAND_FIRST = 32;

/** Splits normalized text into units. Characters are code points, not UTF-16 code units. */
export function unitsOf(text: string, kind: UnitKind): string[] {
  switch (kind) {
    case 'word':
      return text.split(/\s+/u).filter((word) => word !== '');
    case 'char':
      return [...text.trim()];
    case 'mixed':
      return text.match(MIXED_UNIT) ?? [];
  }
}

/**
 * Counts over unit sequences. Memory is the length of the hypothesis. Time is the reference's length times the number of
 * edits (Ukkonen, "Algorithms for approximate string matching", 1985): an alignment of k edits strays at most k from the
 * diagonal, so only a band is filled, and a wider one where k turns out larger.
 */
export function editCounts(ref: readonly string[], hyp: readonly string[]): EditCounts {
  const { refIds, hypIds } = middleIds(ref, hyp);
  const [n, m] = [refIds.length, hypIds.length];
  let band = Math.max(BAND_FIRST, Math.abs(n - m));
  let total = bandedCost(refIds, hypIds, band);
  while (total >= (band + 1) * EDIT && band < Math.max(n, m)) {
    band *= 3;
    total = bandedCost(refIds, hypIds, band);
  }
  const edits = Math.floor(total / EDIT);
  const moves = total - edits * EDIT;
  const insertions = (moves + m - n) / 2;
  return {
    refUnits: ref.length,
    hypUnits: hyp.length,
    substitutions: edits - moves,
    deletions: moves - insertions,
    insertions,
  };
}

/** Packed cost of the cheapest alignment that strays at most `band` from the diagonal; |n - m| <= band. */
function bandedCost(ref: Int32Array, hyp: Int32Array, band: number): number {
  const [n, m] = [ref.length, hyp.length];
  const row = new Float64Array(m + 1).fill(Number.POSITIVE_INFINITY);
  for (let j = 0; j <= Math.min(m, band); j++) row[j] = j * (EDIT + 1);
  for (let i = 1; i <= n; i++) {
    const unit = ref[i - 1];
    const low = Math.max(1, i - band);
    const high = Math.min(m, i + band);
    let diagonal = row[low - 1]!;
    let left = i <= band ? i * (EDIT + 1) : Number.POSITIVE_INFINITY;
    row[low - 1] = left;
    for (let j = low; j <= high; j++) {
      const above = row[j]!;
      const replaced = unit === hyp[j - 1] ? diagonal : diagonal + EDIT;
      const skipped = (above < left ? above : left) + EDIT + 1;
      left = replaced < skipped ? replaced : skipped;
      row[j] = left;
      diagonal = above;
    }
  }
  return row[m]!;
}

/** The alignment behind `editCounts`, in order. Throws RangeError where the product of the lengths passes ALIGN_CELLS_MAX. */
export function align(ref: readonly string[], hyp: readonly string[]): AlignedPair[] {
  const { head, refEnd, refIds, hypIds } = middleIds(ref, hyp);
  if (refIds.length * hypIds.length > ALIGN_CELLS_MAX) {
    throw new RangeError(`texts of ${refIds.length} and ${hypIds.length} units are too long to align`);
  }
  const pairs: AlignedPair[] = [];
  const hit = (unit: string) => pairs.push({ kind: 'hit', ref: unit, hyp: unit });
  ref.slice(0, head).forEach(hit);
  let [i, j] = [head, head];
  for (const step of steps(refIds, hypIds)) {
    if (step === UP) pairs.push({ kind: 'deletion', ref: ref[i++]! });
    else if (step === LEFT) pairs.push({ kind: 'insertion', hyp: hyp[j++]! });
    else {
      const pair = { ref: ref[i++]!, hyp: hyp[j++]! };
      pairs.push({ kind: pair.ref === pair.hyp ? 'hit' : 'substitution', ...pair });
    }
  }
  ref.slice(refEnd).forEach(hit);
  return pairs;
}

const DIAGONAL = 0;
const UP = 1;
const LEFT = 2;

/**
 * Steps of a cheapest alignment. Where the table would be large, the reference is halved, and the hypothesis is cut where
 * the costs of both halves sum to the least (Hirschberg, "A linear space algorithm", 1975).
 */
function steps(ref: Int32Array, hyp: Int32Array): number[] {
  if ((ref.length + 1) * (hyp.length + 1) <= TABLE_CELLS_MAX || ref.length < 2) return tableSteps(ref, hyp);
  const half = ref.length >> 1;
  const before = lastRow(ref.subarray(0, half), hyp);
  const after = lastRow(ref.slice(half).reverse(), hyp.slice().reverse());
  let cut = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let j = 0; j <= hyp.length; j++) {
    const cost = before[j]! + after[hyp.length - j]!;
    if (cost < least) [least, cut] = [cost, j];
  }
  return steps(ref.subarray(0, half), hyp.subarray(0, cut)).concat(steps(ref.subarray(half), hyp.subarray(cut)));
}

/** Packed costs of aligning all of `ref` with each beginning of `hyp`. */
function lastRow(ref: Int32Array, hyp: Int32Array): Float64Array {
  const row = Float64Array.from({ length: hyp.length + 1 }, (_, j) => j * (EDIT + 1));
  for (let i = 1; i <= ref.length; i++) {
    let diagonal = row[0]!;
    row[0] = i * (EDIT + 1);
    for (let j = 1; j <= hyp.length; j++) {
      const above = row[j]!;
      const replaced = diagonal + (ref[i - 1] === hyp[j - 1] ? 0 : EDIT);
      row[j] = Math.min(replaced, Math.min(above, row[j - 1]!) + EDIT + 1);
      diagonal = above;
    }
  }
  return row;
}

function tableSteps(ref: Int32Array, hyp: Int32Array): number[] {
  const [n, m] = [ref.length, hyp.length];
  const from = new Uint8Array((n + 1) * (m + 1));
  const row = new Float64Array(m + 1);
  for (let j = 0; j <= m; j++) {
    row[j] = j * (EDIT + 1);
    from[j] = LEFT;
  }
  for (let i = 1; i <= n; i++) {
    let diagonal = row[0]!;
    row[0] = i * (EDIT + 1);
    from[i * (m + 1)] = UP;
    for (let j = 1; j <= m; j++) {
      const up = row[j]! + EDIT + 1;
      const left = row[j - 1]! + EDIT + 1;
      const replaced = diagonal + (ref[i - 1] === hyp[j - 1] ? 0 : EDIT);
      diagonal = row[j]!;
      const best = Math.min(replaced, up, left);
      row[j] = best;
      from[i * (m + 1) + j] = best === replaced ? DIAGONAL : best === up ? UP : LEFT;
    }
  }
  const taken: number[] = [];
  for (let i = n, j = m; i > 0 || j > 0; ) {
    const step = from[i * (m + 1) + j]!;
    taken.push(step);
    if (step !== LEFT) i--;
    if (step !== UP) j--;
  }
  return taken.reverse();
}

/** Counts of one utterance's texts, which are already normalized. */
export function textEdits(ref: string, hyp: string, kind: UnitKind): EditCounts {
  return editCounts(unitsOf(ref, kind), unitsOf(hyp, kind));
}

/** Substitutions, deletions and insertions together. */
export function errorsOf(counts: EditCounts): number {
  return counts.substitutions + counts.deletions + counts.insertions;
}

/** Sums utterances into corpus counts. */
export function sumCounts(all: Iterable<EditCounts>): EditCounts {
  const sum = { refUnits: 0, hypUnits: 0, substitutions: 0, deletions: 0, insertions: 0 };
  for (const counts of all) {
    sum.refUnits += counts.refUnits;
    sum.hypUnits += counts.hypUnits;
    sum.substitutions += counts.substitutions;
    sum.deletions += counts.deletions;
    sum.insertions += counts.insertions;
  }
  return sum;
}

/** Errors per reference unit, 0 and up. NaN for an empty reference: there is nothing to divide by. */
export function errorRate(counts: EditCounts): number {
  return errorsOf(counts) / counts.refUnits;
}

/**
 * What lies between the equal units at both ends, which are hits of some cheapest alignment: equal units have equal
 * numbers.
 */
function middleIds(ref: readonly string[], hyp: readonly string[]) {
  let head = 0;
  while (head < ref.length && head < hyp.length && ref[head] === hyp[head]) head++;
  let refEnd = ref.length;
  let hypEnd = hyp.length;
  while (refEnd > head && hypEnd > head && ref[refEnd - 1] === hyp[hypEnd - 1]) {
    refEnd--;
    hypEnd--;
  }
  const ids = new Map<string, number>();
  const number = (units: readonly string[], end: number) => {
    const numbered = new Int32Array(end - head);
    for (let i = head; i < end; i++) {
      const id = ids.get(units[i]!) ?? ids.size;
      ids.set(units[i]!, id);
      numbered[i - head] = id;
    }
    return numbered;
  };
  return { head, refEnd, refIds: number(ref, refEnd), hypIds: number(hyp, hypEnd) };
}
