import { avgLogProbOf, type LivePass, type PassText } from './live-pass.ts';

/** The text that a pass is taken for, by the recognizer alone or together with a language model. */
export interface HeardText extends PassText {
  readonly noSpeechProb: number;
  readonly looped: boolean;
  /** Mean of the recognizer's log-probabilities, the end among them. */
  readonly avgLogProb: number;
  /** True where a language model had its say. */
  readonly fused: boolean;
}

/** A pass as it is. */
export function heardAlone(pass: LivePass): HeardText {
  return heard(pass, pass, false);
}

/** Another text for the same pass, by a search that a language model took part in. */
export function heardTogether(pass: LivePass, text: PassText): HeardText {
  return heard(pass, text, true);
}

function heard({ noSpeechProb, looped }: LivePass, text: PassText, fused: boolean): HeardText {
  const { tokens, logProbs, endLogProb, attention } = text;
  return { tokens, logProbs, endLogProb, attention, noSpeechProb, looped, avgLogProb: avgLogProbOf(text), fused };
}
