import { normalizeBasic } from './basic.ts';
import { normalizeChinese } from './chinese.ts';
import type { ChineseScript } from './chinese-script.ts';
import { normalizeEnglish } from './english.ts';
import { normalizeTurkish } from './turkish.ts';

export interface NormalizerOptions {
  /** Chinese only: the script that both sides are brought to; `keep` judges the script as well. */
  readonly script: ChineseScript;
  /** Chinese only: `arabic` makes 二十五 and 25 equal, `keep` tells them apart. */
  readonly numerals: 'arabic' | 'keep';
}

/** Simplified and Arabic digits: a transcript's script and digits are matters of style, not of recognition. */
export const DEFAULT_NORMALIZER: NormalizerOptions = { script: 'hans', numerals: 'arabic' };

export type TextNormalizer = (text: string) => string;

/** The normalizer of a language (ISO 639-1, regions and scripts after a hyphen ignored); others get the basic one. */
export function textNormalizer(language: string, options = DEFAULT_NORMALIZER): TextNormalizer {
  switch (language.toLowerCase().split('-')[0]) {
    case 'zh':
    case 'yue':
      return (text) => normalizeChinese(text, options);
    case 'en':
      return normalizeEnglish;
    case 'tr':
      return normalizeTurkish;
    default:
      return normalizeBasic;
  }
}
