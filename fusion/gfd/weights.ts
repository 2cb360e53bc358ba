/** What the language model's log-probability is divided by before it is weighed against the recognizer's. */
export type LengthUnit = 'bytes' | 'llmTokens' | 'recognizerTokens';

/** The numbers of the fused score (architecture: "Bytes"): (1 - r) * recognizer / N_recognizer + r * llm / N. */
export interface FusionWeights {
  /** r, 0..1: the language model's share. 0 leaves the recognizer alone. */
  readonly llmWeight: number;
  /** N: the length that the LLM term is divided by, at least 1. */
  readonly lengthUnit: LengthUnit;
}

/** Lengths of one hypothesis in the units that N may count. */
export interface HypothesisLengths {
  readonly bytes: number;
  readonly llmTokens: number;
  readonly recognizerTokens: number;
}

/**
 * Fused score times the number of recognizer tokens, so that candidates of one step, which all have the same number,
 * are ranked by the recognizer's plain sum when r is 0, to the last bit. Where r is 0 the LLM term is left out, not
 * multiplied: 0 times minus infinity is not a number.
 */
export function fuseLogProbs(
  recognizerLogProb: number,
  llmLogProb: number,
  lengths: HypothesisLengths,
  weights: FusionWeights,
): number {
  const r = weights.llmWeight;
  if (r === 0) return recognizerLogProb;
  const scale = lengths.recognizerTokens / Math.max(1, lengths[weights.lengthUnit]);
  if (r === 1) return llmLogProb * scale;
  return (1 - r) * recognizerLogProb + r * llmLogProb * scale;
}
