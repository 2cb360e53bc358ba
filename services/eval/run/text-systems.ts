/** Systems that compute nothing: floors and bounds, against which the others are read. */
import { AppError } from '../../../models/core/app-error.ts';
import { errorsOf } from '../error-rate.ts';
import { DEFAULT_NORMALIZER } from '../normalizer/text-normalizer.ts';
import type { EvalItem } from '../results.ts';
import { scoreText } from '../score.ts';
import type { EvalSystem, NormalizerChoice } from './eval-system.ts';

/** gec: the input as it is. Its recall is 0, and a corrector that does worse than it does harm. */
export function sourceSystem(): EvalSystem {
  return {
    name: 'source',
    settings: { text: 'the source, unchanged' },
    computes: false,
    run: async (item) => {
      if (item.source === undefined) throw new AppError('manifest_malformed', `${item.where}: there is no source text`);
      return { text: item.source };
    },
  };
}

/** darag: what the recognizer put first. */
export function firstSystem(): EvalSystem {
  return {
    name: 'first',
    settings: { text: 'the first of the list' },
    computes: false,
    run: async (item) => ({ text: listOf(item)[0]!.text }),
  };
}

/**
 * darag: the hypothesis of the list with the fewest errors against the reference, the earlier one where they tie. A
 * bound of what choosing from the list can reach, no system: it looks at the reference.
 */
export function oracleSystem(choice: NormalizerChoice): EvalSystem {
  const normalizer = { ...DEFAULT_NORMALIZER, ...choice };
  return {
    name: 'oracle (bound)',
    settings: { text: 'the best of the list by the reference', normalizer: { ...choice } },
    computes: false,
    run: async (item) => {
      let best = { text: '', errors: Number.POSITIVE_INFINITY };
      for (const { text } of listOf(item)) {
        const errors = errorsOf(scoreText(item.language, item.references[0] ?? '', text, { normalizer }).counts);
        if (errors < best.errors) best = { text, errors };
      }
      return { text: best.text };
    },
  };
}

/** Hypotheses of an item, at least one. */
export function listOf({ hypotheses = [], where }: EvalItem): NonNullable<EvalItem['hypotheses']> {
  if (hypotheses.length === 0) throw new AppError('manifest_malformed', `${where}: there are no hypotheses`);
  return hypotheses;
}
