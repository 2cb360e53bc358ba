/**
 * Word, character and mixed error rates: (substitutions + deletions + insertions) / reference units, after Levenshtein
 * alignment with all three costs 1. Corpus rates divide summed errors by summed reference units, as every scoring tool
 * does; they are not means of the utterances' rates.
 *
 * The distance is unique, its split into kinds is not. Among the cheapest alignments we count the one with the fewest
 * insertions and deletions, which makes the split independent of the order of the walk.
 */

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

/** Scripts written without spaces between words: Han, kana, Thai, Lao, Khmer, Burmese. */
const UNSPACED = '[\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}\\p{sc=Thai}\\p{sc=Laoo}\\p{sc=Khmr}\\p{sc=Mymr}]';
const MIXED_UNIT = new RegExp(`${UNSPACED}|(?:(?!${UNSPACED})\\S)+`, 'gu');

/** Cost of one edit in the packed sum; its low part counts insertions and deletions. Sums stay exact below 2^53. */
const EDIT = 2 ** 26;

/** Cells of an alignment table, one byte each: 256 MiB. Longer texts are counted (editCounts), not aligned. */
const ALIGN_CELLS_MAX = 2 ** 28;

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

/** Counts over unit sequences. Time is the product of the lengths, memory the length of the hypothesis. */
export function editCounts(ref: readonly string[], hyp: readonly string[]): EditCounts {
  const { head, refEnd, hypEnd } = commonEnds(ref, hyp);
  const n = refEnd - head;
  const m = hypEnd - head;
  const row = new Float64Array(m + 1);
  for (let j = 0; j <= m; j++) row[j] = j * (EDIT + 1);
  for (let i = 1; i <= n; i++) {
    const word = ref[head + i - 1];
    let diagonal = row[0]!;
    row[0] = i * (EDIT + 1);
    for (let j = 1; j <= m; j++) {
      const above = row[j]!;
      const replaced = diagonal + (word === hyp[head + j - 1] ? 0 : EDIT);
      const skipped = Math.min(above, row[j - 1]!) + EDIT + 1;
      row[j] = Math.min(replaced, skipped);
      diagonal = above;
    }
  }
  const total = row[m]!;
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

/** The alignment behind `editCounts`, in order. Throws RangeError where the table would pass 2^28 cells. */
export function align(ref: readonly string[], hyp: readonly string[]): AlignedPair[] {
  const { head, refEnd, hypEnd } = commonEnds(ref, hyp);
  const n = refEnd - head;
  const m = hypEnd - head;
  if ((n + 1) * (m + 1) > ALIGN_CELLS_MAX) throw new RangeError(`texts of ${n} and ${m} units are too long to align`);
  const DIAGONAL = 0;
  const UP = 1;
  const LEFT = 2;
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
      const replaced = diagonal + (ref[head + i - 1] === hyp[head + j - 1] ? 0 : EDIT);
      diagonal = row[j]!;
      const best = Math.min(replaced, up, left);
      row[j] = best;
      from[i * (m + 1) + j] = best === replaced ? DIAGONAL : best === up ? UP : LEFT;
    }
  }
  const middle: AlignedPair[] = [];
  for (let i = n, j = m; i > 0 || j > 0; ) {
    const step = from[i * (m + 1) + j];
    if (step === DIAGONAL) {
      const pair = { ref: ref[head + --i]!, hyp: hyp[head + --j]! };
      middle.push({ kind: pair.ref === pair.hyp ? 'hit' : 'substitution', ...pair });
    } else if (step === UP) middle.push({ kind: 'deletion', ref: ref[head + --i]! });
    else middle.push({ kind: 'insertion', hyp: hyp[head + --j]! });
  }
  const hit = (word: string): AlignedPair => ({ kind: 'hit', ref: word, hyp: word });
  return [...ref.slice(0, head).map(hit), ...middle.reverse(), ...ref.slice(refEnd).map(hit)];
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

/** Equal units at both ends are hits of some cheapest alignment, so the table need not hold them. */
function commonEnds(ref: readonly string[], hyp: readonly string[]): { head: number; refEnd: number; hypEnd: number } {
  let head = 0;
  while (head < ref.length && head < hyp.length && ref[head] === hyp[head]) head++;
  let refEnd = ref.length;
  let hypEnd = hyp.length;
  while (refEnd > head && hypEnd > head && ref[refEnd - 1] === hyp[hypEnd - 1]) {
    refEnd--;
    hypEnd--;
  }
  return { head, refEnd, hypEnd };
}
