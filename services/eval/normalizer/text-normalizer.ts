/**
 * Picks the normalizer of a language or of a page and sets its policies. Every option applies to reference and
 * hypothesis alike; docs/metrics.md lists the rules by language.
 */
import { normalizeBasic } from './basic.ts';
import { normalizeChinese } from './chinese.ts';
import type { ChineseScript } from './chinese-script.ts';
import { normalizeEnglish } from './english.ts';
import { normalizePublishedEnglish } from './english-published.ts';
import { normalizePage, normalizeVerbatim } from './page.ts';
import { normalizeTurkish } from './turkish.ts';

export interface NormalizerOptions {
  /**
   * `language`: the rules of the language. `ocr`: width and white space only, so that punctuation and case are judged.
   * `verbatim`: canonical composition and white space only. The options below but `script` matter to `language` alone.
   */
  readonly rules: 'language' | 'ocr' | 'verbatim';
  /** Chinese only: the script that both sides are brought to; `keep` judges the script as well. */
  readonly script: ChineseScript;
  /** `arabic` makes 二十五, twenty-five, yirmi beş, ２５, २५ and 25 equal, `keep` tells them apart. */
  readonly numerals: 'arabic' | 'keep';
  readonly punctuation: 'drop' | 'keep';
  readonly case: 'fold' | 'keep';
  /** `fold`: full-width letters, digits and punctuation, ligatures and the like become the plain ones (NFKC). */
  readonly width: 'fold' | 'keep';
  /** `whisper`: the published rules to the letter (english-published.ts); the four policies above do not touch them. */
  readonly english: 'default' | 'whisper';
}

/** Simplified, Arabic digits, no punctuation, no case: in a transcript those are matters of style, not of recognition. */
export const DEFAULT_NORMALIZER: NormalizerOptions = {
  rules: 'language',
  script: 'hans',
  numerals: 'arabic',
  punctuation: 'drop',
  case: 'fold',
  width: 'fold',
  english: 'default',
};

/** What a page is judged by: a reader of pages that loses a comma or a capital has misread. */
export const OCR_NORMALIZER: NormalizerOptions = { ...DEFAULT_NORMALIZER, rules: 'ocr', script: 'keep' };

export type TextNormalizer = (text: string) => string;

/**
 * The normalizer of a language (ISO 639-1, regions and scripts after a hyphen ignored); others get the basic one. Absent
 * options take the defaults.
 */
export function textNormalizer(language: string, given: Partial<NormalizerOptions> = {}): TextNormalizer {
  const options = { ...(given.rules === 'ocr' ? OCR_NORMALIZER : DEFAULT_NORMALIZER), ...given };
  if (options.rules === 'verbatim') return normalizeVerbatim;
  if (options.rules === 'ocr') return (text) => normalizePage(text, options.script);
  switch (language.toLowerCase().split('-')[0]) {
    case 'zh':
    case 'yue':
      return (text) => normalizeChinese(text, options);
    case 'en':
      return options.english === 'whisper' ? normalizePublishedEnglish : (text) => normalizeEnglish(text, options);
    case 'tr':
      return (text) => normalizeTurkish(text, options);
    default:
      return (text) => normalizeBasic(text, options);
  }
}
