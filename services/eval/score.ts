/** Texts to counts: the one way in which every report of this project judges a transcript. */
import { type EditCounts, textEdits, type UnitKind } from './error-rate.ts';
import { type NormalizerOptions, textNormalizer } from './normalizer/text-normalizer.ts';

export interface ScoredText {
  readonly ref: string;
  readonly hyp: string;
  readonly counts: EditCounts;
}

/** The rate that a language is reported by: characters where words are not divided by spaces, else words. */
export function usualUnit(language: string): UnitKind {
  return ['zh', 'yue', 'ja', 'th', 'lo', 'km', 'my'].includes(language.toLowerCase().split('-')[0]!) ? 'char' : 'word';
}

/** Field-standard name of the rate over such units. */
export function rateName(kind: UnitKind): 'WER' | 'CER' | 'MER' {
  return kind === 'word' ? 'WER' : kind === 'char' ? 'CER' : 'MER';
}

/** Normalizes both sides alike and counts. */
export function scoreText(
  language: string,
  ref: string,
  hyp: string,
  options: { kind?: UnitKind; normalizer?: Partial<NormalizerOptions> } = {},
): ScoredText {
  const normalize = textNormalizer(language, options.normalizer);
  const [cleanRef, cleanHyp] = [normalize(ref), normalize(hyp)];
  return { ref: cleanRef, hyp: cleanHyp, counts: textEdits(cleanRef, cleanHyp, options.kind ?? usualUnit(language)) };
}
