import type { FusionChange } from '../../models/core/stepwise.ts';

/** Both models' log-probabilities of a whole hypothesis. */
interface BothLogProbs {
  readonly recognizer: number;
  readonly llm: number;
}

/**
 * The places where two readings of the same speech differ: words where words are spaced, single characters where they
 * are not. `offset` counts UTF-16 code units in `chosen`.
 */
export function readingDifferences(
  recognized: { readonly text: string; readonly logProb: BothLogProbs },
  chosen: { readonly text: string; readonly logProb: BothLogProbs },
): FusionChange[] {
  const a = pieces(recognized.text);
  const b = pieces(chosen.text);
  const common = longestCommon(a, b);
  const changes: FusionChange[] = [];
  let i = 0;
  let j = 0;
  let offset = 0;
  for (const [nextA, nextB] of [...common, [a.length, b.length] as const]) {
    if (nextA > i || nextB > j) {
      changes.push({
        recognized: a.slice(i, nextA).join(''),
        chosen: b.slice(j, nextB).join(''),
        offset,
        recognizedLogProb: recognized.logProb,
        chosenLogProb: chosen.logProb,
      });
    }
    for (; j <= nextB && j < b.length; j++) offset += b[j]!.length;
    i = nextA + 1;
  }
  return changes;
}

/** A run of letters with its leading space is one piece; a character of an unspaced script is one by itself. */
function pieces(text: string): string[] {
  const unspaced = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}';
  return text.match(new RegExp(`[${unspaced}]|\\s*[^\\s${unspaced}]+|\\s+`, 'gu')) ?? [];
}

/** Index pairs of a longest common subsequence, in order. */
function longestCommon(a: readonly string[], b: readonly string[]): [number, number][] {
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        a[i] === b[j]
          ? lengths[(i + 1) * width + j + 1]! + 1
          : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
    }
  }
  const pairs: [number, number][] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) i++;
    else j++;
  }
  return pairs;
}
