/** Pairs of a confidence and whether the word was right: what calibration is measured on. */
import { align, type UnitKind, unitsOf } from '../error-rate.ts';
import type { TextNormalizer } from '../normalizer/text-normalizer.ts';

export interface ConfidentWord {
  readonly text: string;
  /** 0..1 */
  readonly confidence: number;
}

/**
 * One pair per word of the hypothesis. A word is right where all of its units are hits of the alignment with the
 * reference. Normalizing may write several words as one (twenty one -> 21): words are therefore aligned to the
 * normalized hypothesis first, and words of one stretch that was rewritten share its verdict. Words that normalize to
 * nothing are left out. `ref` and `hyp` are normalized. Throws RangeError as `align` does.
 */
export function wordConfidences(
  words: readonly ConfidentWord[],
  ref: string,
  hyp: string,
  kind: UnitKind,
  normalize: TextNormalizer,
): (readonly [confidence: number, right: 0 | 1])[] {
  const unitKind = kind === 'char' ? 'mixed' : kind;
  const right = rightUnits(unitsOf(ref, unitKind), unitsOf(hyp, unitKind));
  const spoken: { readonly unit: string; readonly word: number }[] = [];
  words.forEach(({ text }, word) => {
    for (const unit of unitsOf(normalize(text), unitKind)) spoken.push({ unit, word });
  });
  const verdicts = new Map<number, boolean>();
  let [s, h] = [0, 0];
  let block: { words: Set<number>; right: boolean; units: number } | null = null;
  const judge = (word: number, ok: boolean) => verdicts.set(word, (verdicts.get(word) ?? true) && ok);
  const closeBlock = () => {
    if (block && block.units > 0) for (const word of block.words) judge(word, block.right);
    block = null;
  };
  for (const pair of align(
    spoken.map(({ unit }) => unit),
    unitsOf(hyp, unitKind),
  )) {
    if (pair.kind === 'hit') {
      closeBlock();
      judge(spoken[s++]!.word, right[h++]!);
      continue;
    }
    block ??= { words: new Set(), right: true, units: 0 };
    if (pair.ref !== undefined) block.words.add(spoken[s++]!.word);
    if (pair.hyp !== undefined) {
      block.right &&= right[h++]!;
      block.units++;
    }
  }
  closeBlock();
  return words.flatMap(({ confidence }, word) => {
    const verdict = verdicts.get(word);
    return verdict === undefined ? [] : [[confidence, verdict ? 1 : 0] as const];
  });
}

/** Which units of the hypothesis are hits. */
function rightUnits(ref: readonly string[], hyp: readonly string[]): boolean[] {
  return align(ref, hyp).flatMap((pair) => (pair.hyp === undefined ? [] : [pair.kind === 'hit']));
}
