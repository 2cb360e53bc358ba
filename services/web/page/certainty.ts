/** How sure the recognizer is of a word, in the steps that the page shows: each has a line of its own kind and a color. */
import type { MessageKey } from './messages/catalogue.ts';

export interface CertaintyStep {
  /** Probability from which on a word is this sure, 0..1. */
  readonly from: number;
  /** Of the word; '' leaves it as it is. */
  readonly style: '' | 'sure-mostly' | 'sure-half' | 'sure-hardly';
  readonly message: MessageKey;
}

/** Surest first. Below one half the recognizer would bet against its word; most words of clear speech are above nine tenths. */
export const CERTAINTY_STEPS: readonly CertaintyStep[] = [
  { from: 0.85, style: '', message: 'sureFully' },
  { from: 0.6, style: 'sure-mostly', message: 'sureMostly' },
  { from: 0.35, style: 'sure-half', message: 'sureHalf' },
  { from: 0, style: 'sure-hardly', message: 'sureHardly' },
];

/** Class of a word of this probability (0..1); '' also where it is not known. */
export function certaintyStyle(probability: number | undefined): CertaintyStep['style'] {
  return CERTAINTY_STEPS.find(({ from }) => (probability ?? 1) >= from)?.style ?? '';
}
