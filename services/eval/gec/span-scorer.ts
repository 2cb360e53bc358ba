/**
 * Counts of edits against edits, as ERRANT (Bryant, Felice and Briscoe 2017, "Automatic Annotation and Evaluation of Error
 * Types for Grammatical Error Correction", ACL) and ChERRANT (Zhang et al. 2022) compare: an edit is right where one of
 * the reference covers the same tokens and writes the same text, whatever its type.
 *
 * Of several references the one is taken that gives the best F over all sentences so far; so, as with M2, the choice
 * depends on the order of the sentences. Published details that are kept:
 *
 * - F is rounded to four places before it is compared, so near ties go to more hits, then fewer false ones.
 * - Precision is 1 where nothing is wrong, even if nothing was proposed; recall likewise.
 * - An edit that stands k times in the reference is k hits or k misses, and one that stands k times in the hypothesis is k
 *   false ones. Several alignments of one sentence (char-edits.ts) are thrown together and so weigh its sure edits more.
 * - A sentence whose only reference says that it cannot be annotated (NOT_ANNOTATABLE) is left out.
 */
import type { GoldEdit, Hits } from '../results.ts';
import { addHits, NO_HITS, USUAL_BETA } from './f-score.ts';

/** Stands for a reference that says: nobody can tell what this sentence should be. */
export const NOT_ANNOTATABLE: readonly GoldEdit[] = [{ start: -1, end: -1, type: 'NA', corrections: [''] }];

export interface SpanOptions {
  /** Weight of recall where references are chosen. */
  readonly beta?: number;
  /** Spaces between the tokens of a correction say nothing: characters are tokens (ChERRANT). */
  readonly ignoreSpaces?: boolean;
}

export interface SpanSentence {
  /** By type, in order of appearance: of the reference for hits and misses, of the hypothesis for false edits. */
  readonly hits: ReadonlyMap<string, Hits>;
  readonly all: Hits;
  /** Index of the reference that was counted; -1 where the sentence was left out. */
  readonly reference: number;
}

/** Scores sentences one after another and keeps the sums. */
export class SpanScorer {
  readonly #beta: number;
  readonly #ignoreSpaces: boolean;
  #sum = NO_HITS;

  constructor(options: SpanOptions = {}) {
    this.#beta = options.beta ?? USUAL_BETA;
    this.#ignoreSpaces = options.ignoreSpaces ?? false;
  }

  /** Sum over the sentences so far. */
  get sum(): Hits {
    return this.#sum;
  }

  /** Judges one sentence and adds it to the sum. `references`: one or more lists of edits. */
  add(hypothesis: readonly GoldEdit[], references: readonly (readonly GoldEdit[])[]): SpanSentence {
    if (references.length === 1 && references[0]![0]?.type === 'NA' && references[0]!.length === 1) {
      return { hits: new Map(), all: NO_HITS, reference: -1 };
    }
    const proposed = this.#bySpan(hypothesis);
    let best: SpanSentence | null = null;
    let bestF = -1;
    references.forEach((edits, reference) => {
      const sentence = { ...compare(proposed, this.#bySpan(edits)), reference };
      const f = publishedF(addHits(this.#sum, sentence.all), this.#beta);
      if (best !== null && (f < bestF || (f === bestF && !isBetter(sentence.all, best.all)))) return;
      best = sentence;
      bestF = f;
    });
    const chosen: SpanSentence = best ?? { ...compare(proposed, new Map()), reference: 0 };
    this.#sum = addHits(this.#sum, chosen.all);
    return chosen;
  }

  /** Types by what an edit does. An edit with alternatives stands for its first; only M2 files have such, and a scorer of
   * their own. */
  #bySpan(edits: readonly GoldEdit[]): Map<string, string[]> {
    const types = new Map<string, string[]>();
    for (const { start, end, type, corrections } of edits) {
      const text = corrections[0] ?? '';
      const key = `${start} ${end} ${this.#ignoreSpaces ? text.replaceAll(' ', '') : text}`;
      types.set(key, [...(types.get(key) ?? []), type]);
    }
    return types;
  }
}

function isBetter(a: Hits, b: Hits): boolean {
  if (a.tp !== b.tp) return a.tp > b.tp;
  return a.fp !== b.fp ? a.fp < b.fp : a.fn < b.fn;
}

function compare(
  proposed: ReadonlyMap<string, readonly string[]>,
  wanted: ReadonlyMap<string, readonly string[]>,
): { hits: Map<string, Hits>; all: Hits } {
  const hits = new Map<string, Hits>();
  let all = NO_HITS;
  const count = (types: readonly string[], kind: keyof Hits) => {
    for (const type of types) {
      const one = { ...NO_HITS, [kind]: 1 };
      hits.set(type, addHits(hits.get(type) ?? NO_HITS, one));
      all = addHits(all, one);
    }
  };
  for (const [key, types] of proposed) {
    const found = wanted.get(key);
    if (found) count(found, 'tp');
    else count(types, 'fp');
  }
  for (const [key, types] of wanted) if (!proposed.has(key)) count(types, 'fn');
  return { hits, all };
}

/** F as the published programs compute and compare it. */
function publishedF({ tp, fp, fn }: Hits, beta: number): number {
  const p = fp === 0 ? 1 : tp / (tp + fp);
  const r = fn === 0 ? 1 : tp / (tp + fn);
  return p + r === 0 ? 0 : roundedTo4(((1 + beta ** 2) * p * r) / (beta ** 2 * p + r));
}

/**
 * Four places, ties to even, by the exact value. Only multiples of 1/32 have a five in the fifth place and nothing after.
 */
function roundedTo4(value: number): number {
  const parts = value * 32;
  if (!Number.isInteger(parts) || parts % 2 === 0) return Number(value.toFixed(4));
  const below = Math.floor(value * 1e4);
  return (below % 2 === 0 ? below : below + 1) / 1e4;
}
