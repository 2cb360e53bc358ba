import type { FaithfulLimits } from './faithful.ts';

/** The numbers of fused reading in one language. */
export interface CtcPreset extends FaithfulLimits {
  /** lambda */
  readonly llmWeight: number;
  /** beta */
  readonly charBonusNats: number;
  readonly spreadNats: number;
  readonly settleChars: number;
  /**
   * A line whose characters lie farther than this below certainty, on average, is read by the recognizer alone: a third of
   * them is wrong, and a language model that is shown wrong text makes it worse.
   */
  readonly lineNatsMax: number;
  /** Rows per line, at most. */
  readonly rowsMax: number;
  readonly askAheadNats: number;
  readonly endBreak: boolean;
  /** Shown before the text of every line, so that the language model knows what it reads; one cache for all lines. */
  readonly primer: string;
  /** Text before a window that the language model sees, in characters, of the line itself and of the lines before. */
  readonly contextCharsMax: number;
}

const BASE = {
  editNats: 2,
  dropNats: 1,
  faithfulNats: 3,
  digitNats: 3,
  nameNats: 5,
  // At 1 the language model took back ı and ş that stood in words with another letter misread.
  seenNats: 0,
  caseNats: 1,
  markNats: 1,
  spreadNats: 6,
  lineNatsMax: 0.4,
  rowsMax: 64,
  askAheadNats: 1,
  endBreak: true,
} as const;

/**
 * By language: the best of a coarse search over drawn and degraded lines and over receipts. A language without a
 * measurement of its own is read by the recognizer alone: fusion exists only where it was measured.
 */
const PRESETS: Readonly<Record<string, CtcPreset>> = {
  tr: {
    ...BASE,
    wordNats: 3,
    confusionNats: 4.5,
    nameNats: 4.5,
    primer: 'Bu metin Türkçe yazılmıştır.',
    llmWeight: 1.2,
    charBonusNats: 1.2,
    settleChars: 3,
    contextCharsMax: 16,
  },
  zh: {
    ...BASE,
    primer: '以下是一段中文。',
    wordNats: 4,
    confusionNats: 4,
    llmWeight: 0.4,
    charBonusNats: 1.2,
    settleChars: 2,
    contextCharsMax: 16,
  },
  en: {
    ...BASE,
    primer: 'This text is written in English.',
    wordNats: 4,
    confusionNats: 4,
    llmWeight: 0.4,
    charBonusNats: 1,
    settleChars: 6,
    contextCharsMax: 32,
  },
  other: {
    ...BASE,
    primer: '',
    wordNats: 3,
    confusionNats: 3,
    llmWeight: 0,
    charBonusNats: 0,
    settleChars: 6,
    contextCharsMax: 32,
  },
};

export function ctcPreset(language: string): CtcPreset {
  return PRESETS[language] ?? PRESETS['other']!;
}
