/** `--ablate mode=greedy,default,mode=fused+lambda=0.5`: the settings of reading pages to be compared. */

import type { ReadOptions } from '../../../models/core/page.ts';
import { LINE_BEAMS_MAX, LLM_WEIGHT_MAX } from '../../app/read-defaults.ts';
import { PDF_DPI_MAX, PDF_DPI_MIN } from '../../intake/limits.ts';
import {
  type AblationSetting,
  invalid,
  numberIn,
  type OverrideReader,
  parseSettings,
  truth,
  wholeIn,
} from './ablation.ts';

export type PageOverrides = Partial<
  Pick<ReadOptions, 'mode' | 'llmWeight' | 'beams' | 'orient' | 'deskew' | 'singleLine' | 'textLayer' | 'dpi'>
>;
export type PageSetting = AblationSetting<PageOverrides>;

/** The recognizer alone, then the product as users run it. */
export const DEFAULT_PAGE_ABLATION = 'mode=greedy,default';

const MODES = ['greedy', 'alone', 'fused', 'faithful'] as const satisfies readonly ReadOptions['mode'][];

/** @throws AppError invalid_option: names the part and what it may be */
export function parsePageAblation(text: string): PageSetting[] {
  return parseSettings(text, READERS);
}

/** True where a setting never asks the language model. */
export function readsAlone({ overrides }: PageSetting): boolean {
  return overrides.mode === 'greedy' || overrides.mode === 'alone' || overrides.llmWeight === 0;
}

const READERS: Readonly<Record<string, OverrideReader<PageOverrides>>> = {
  mode: (value, label) => ({ mode: oneOf('mode', MODES, value, label) }),
  lambda: (value, label) => ({ llmWeight: numberIn(value, label, 0, LLM_WEIGHT_MAX) }),
  beams: (value, label) => ({ beams: wholeIn('beams', value, label, LINE_BEAMS_MAX) }),
  orient: (value, label) => ({ orient: truth(value, label) }),
  deskew: (value, label) => ({ deskew: truth(value, label) }),
  line: (value, label) => ({ singleLine: oneOf('line', ['auto', 'yes', 'no'] as const, value, label) }),
  'text-layer': (value, label) => ({ textLayer: oneOf('text-layer', ['auto', 'never'] as const, value, label) }),
  dpi: (value, label) => ({ dpi: numberIn(value, label, PDF_DPI_MIN, PDF_DPI_MAX) }),
};

function oneOf<T extends string>(name: string, known: readonly T[], value: string, label: string): T {
  const found = known.find((one) => one === value);
  if (found === undefined) throw invalid(label, `${name} is one of ${known.join(', ')}`);
  return found;
}
