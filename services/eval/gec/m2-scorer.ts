/**
 * MaxMatch, the M2 scorer: how many of a system's edits an annotator made too (Dahlmeier and Ng 2012, "Better Evaluation
 * for Grammatical Error Correction", NAACL). A system gives text, not edits; the scorer cuts its changes into edits in the
 * way that agrees best with the annotator's. Counts are those of the published program, its quirks included, which
 * `m2-lattice.ts` and `m2-path.ts` name one by one.
 *
 * Where a sentence has several annotators, the one is taken whose edits give the best F over all sentences so far. So
 * the choice depends on the order of the sentences, and a corpus must be fed in its own order.
 */
import type { GoldEdit } from '../results.ts';
import { USUAL_BETA } from './f-score.ts';
import { EditLattice } from './m2-lattice.ts';
import { LatticeSearch, type SystemEdit } from './m2-path.ts';

export interface M2Options {
  /** Words that a merged edit may leave unchanged inside it. Published default: 2. */
  readonly maxUnchangedWords?: number;
  /** Weight of recall in F. Published default: 0.5. */
  readonly beta?: number;
  /** Leaves out edits that only change white space or case. Published default: false. */
  readonly ignoreWhitespaceCasing?: boolean;
}

/** What the published program calls its statistics. */
export interface M2Counts {
  readonly correct: number;
  readonly proposed: number;
  readonly gold: number;
}

export interface M2Sentence extends M2Counts {
  /** Index of the annotator whose edits were counted. */
  readonly annotator: number;
  /** The system's edits, left to right, and which of the annotator's edits each one is ([] for none). */
  readonly edits: readonly { readonly edit: SystemEdit; readonly matches: readonly GoldEdit[] }[];
  /** The annotator's edits that the system did not make. */
  readonly missed: readonly GoldEdit[];
}

const NO_COUNTS: M2Counts = { correct: 0, proposed: 0, gold: 0 };

/** Scores sentences one after another and keeps the sums. */
export class M2Scorer {
  readonly #maxUnchangedWords: number;
  readonly #beta: number;
  readonly #ignoreWhitespaceCasing: boolean;
  #counts = NO_COUNTS;

  constructor(options: M2Options = {}) {
    this.#maxUnchangedWords = options.maxUnchangedWords ?? 2;
    this.#beta = options.beta ?? USUAL_BETA;
    this.#ignoreWhitespaceCasing = options.ignoreWhitespaceCasing ?? false;
  }

  /** Sums over the sentences so far. */
  get counts(): M2Counts {
    return this.#counts;
  }

  /** Precision, recall and F as the published program prints them, before rounding. */
  get scores(): { readonly precision: number; readonly recall: number; readonly f: number } {
    const { correct, proposed, gold } = this.#counts;
    const p = proposed === 0 ? 1 : correct / proposed;
    const r = gold === 0 ? 1 : correct / gold;
    const divisor = this.#beta * this.#beta * p + r;
    return { precision: p, recall: r, f: divisor === 0 ? 0 : ((1.0 + this.#beta * this.#beta) * p * r) / divisor };
  }

  /**
   * Judges one sentence and adds it to the sums. Texts are tokens between white space; both sides must be tokenized
   * alike. `annotators`: gold edits, one list each; none at all counts as one annotator without edits. Edits outside the
   * sentence and those of type noop are no edits. Throws RangeError for texts of more than about 4,000 tokens.
   *
   * Time: up to some 30 rewritten tokens in a row are searched as published. Beyond that the search is bounded by the
   * product of the lengths: a sentence of 500 tokens of which none is kept takes one to two seconds.
   */
  add(source: string, hypothesis: string, annotators: readonly (readonly GoldEdit[])[]): M2Sentence {
    const sourceTokens = tokensOf(source);
    const lattice = new EditLattice(sourceTokens, tokensOf(hypothesis), this.#maxUnchangedWords);
    const search = new LatticeSearch(lattice);
    const squaredBeta = this.#beta * this.#beta;
    let best: M2Sentence | null = null;
    let bestF = -1;
    let bestCosts = Number.POSITIVE_INFINITY;
    (annotators.length === 0 ? [[]] : annotators).forEach((all, annotator) => {
      const gold = all.filter((edit) => isInside(edit, sourceTokens.length));
      const sentence = this.#compare(search.best(gold), gold, annotator);
      const f = cumulativeF(addCounts(this.#counts, sentence), squaredBeta);
      const costs = this.#counts.proposed + sentence.proposed + squaredBeta * (this.#counts.gold + sentence.gold);
      const better =
        best === null ||
        f > bestF ||
        (f === bestF && (sentence.correct > best.correct || (sentence.correct === best.correct && costs < bestCosts)));
      if (!better) return;
      best = sentence;
      bestF = f;
      bestCosts = costs;
    });
    const chosen: M2Sentence = best!;
    this.#counts = addCounts(this.#counts, chosen);
    return chosen;
  }

  /** Gold edits are matched in their order in the file: one before a gold edit already matched is not looked at again. */
  #compare(path: readonly SystemEdit[], gold: readonly GoldEdit[], annotator: number): M2Sentence {
    const made = this.#ignoreWhitespaceCasing ? path.filter((edit) => !onlySpacesOrCase(edit)) : path;
    const found = new Set<GoldEdit>();
    let next = 0;
    let correct = 0;
    const edits = made.map((edit) => {
      const matches: GoldEdit[] = [];
      // No stop at the first match: an edit that stands twice in the gold file counts twice, as published.
      for (let i = next; i < gold.length; i++) {
        const other = gold[i]!;
        const same = edit.start === other.start && edit.end === other.end;
        if (!same || !other.corrections.includes(edit.correction)) continue;
        matches.push(other);
        found.add(other);
        next = i + 1;
        correct++;
      }
      return { edit, matches };
    });
    const missed = gold.filter((edit) => !found.has(edit));
    return { annotator, correct, proposed: made.length, gold: gold.length, edits, missed };
  }
}

/** Tokens between Unicode white space. */
export function tokensOf(text: string): string[] {
  return text.split(/\p{White_Space}+/u).filter((token) => token !== '');
}

function isInside(edit: GoldEdit, tokenCount: number): boolean {
  if (edit.type === 'noop') return false;
  return edit.start >= 0 && edit.end >= 0 && edit.start <= tokenCount && edit.end <= tokenCount;
}

function onlySpacesOrCase({ original, correction }: SystemEdit): boolean {
  return original.replaceAll(' ', '').toLowerCase() === correction.replaceAll(' ', '').toLowerCase();
}

/** F from counts, in the published order of operations, since equal values are compared. */
function cumulativeF({ correct, proposed, gold }: M2Counts, squaredBeta: number): number {
  const divisor = squaredBeta * gold + proposed;
  if (divisor === 0) return correct === 0 ? 1 : 0;
  return ((1 + squaredBeta) * correct) / divisor;
}

function addCounts(a: M2Counts, b: M2Counts): M2Counts {
  return { correct: a.correct + b.correct, proposed: a.proposed + b.proposed, gold: a.gold + b.gold };
}
