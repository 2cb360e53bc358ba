/** Corrections judged by their edits, one scorer per system: which annotator counts depends on the items before. */
import { AppError } from '../../../models/core/app-error.ts';
import { GecScorer } from '../gec/gec-score.ts';
import type { EvalItem, ItemResult } from '../results.ts';
import type { ItemJudge, Judgement, NormalizerChoice, SystemOutput } from './eval-system.ts';

export class CorrectionJudge implements ItemJudge {
  readonly #normalizer: NormalizerChoice;
  readonly #scorers = new Map<string, GecScorer>();

  constructor(normalizer: NormalizerChoice) {
    this.#normalizer = normalizer;
  }

  /** @throws AppError manifest_malformed: a sentence that is too long to be aligned, with its place */
  judge(item: EvalItem, { text }: SystemOutput, { system }: { readonly system: string }): Judgement {
    const { edits, clean, reference } = this.#score(item, text, system);
    return {
      reference: item.references[reference] ?? item.references[0] ?? '',
      hypothesis: text,
      rates: {},
      edits,
      clean,
    };
  }

  recall(item: EvalItem, { system, rawHypothesis }: ItemResult): void {
    this.#score(item, rawHypothesis, system);
  }

  #score(item: EvalItem, hypothesis: string, system: string) {
    const { script } = this.#normalizer;
    const scorer = this.#scorers.get(system) ?? new GecScorer(script === undefined ? {} : { script });
    this.#scorers.set(system, scorer);
    const { language, references, goldEdits, source = '', where } = item;
    try {
      return scorer.add({ language, references, ...(goldEdits ? { goldEdits } : {}), source, hypothesis });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new AppError('manifest_malformed', `${where}, judged for ${system}: ${error.message}`, { cause: error });
    }
  }
}
