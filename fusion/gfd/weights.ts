/**
 * What the language model's log-probability is divided by before it is weighed against the recognizer's. `none`: neither
 * is divided, and the score is that of the joint event, (1 - r) * log P_recognizer + r * log P_llm.
 */
export type LengthUnit = 'none' | 'bytes' | 'llmTokens' | 'recognizerTokens';

/**
 * The numbers of the fused score: (1 - r) * recognizer / N_recognizer + r * llm / N (Generative Fusion Decoding, arXiv
 * 2405.14259, section 3), or without division where the length unit is `none`.
 */
export interface FusionWeights {
  /** r, 0..1: the language model's share. 0 leaves the recognizer alone. */
  readonly llmWeight: number;
  /** N: the length that the LLM term is divided by, at least 1. */
  readonly lengthUnit: LengthUnit;
  /**
   * Nats that each byte earns back in the LLM term where nothing is divided, about what a byte costs on average: without
   * it the joint score favors hypotheses that leave words out. 0 where the term is divided.
   */
  readonly byteBonusNats: number;
}

/** Lengths of one hypothesis in the units that N may count. */
export interface HypothesisLengths {
  readonly bytes: number;
  readonly llmTokens: number;
  readonly recognizerTokens: number;
}

/**
 * Ranks candidates of one step, which all have the same number of recognizer tokens: the fused score times that number,
 * so that at r = 0 it is the recognizer's plain sum, to the last bit. Where r is 0 the LLM term is left out, not
 * multiplied: 0 times minus infinity is not a number.
 */
export function fuseLogProbs(
  recognizerLogProb: number,
  llmLogProb: number,
  lengths: HypothesisLengths,
  { llmWeight: r, lengthUnit, byteBonusNats }: FusionWeights,
): number {
  if (r === 0) return recognizerLogProb;
  const llm =
    lengthUnit === 'none'
      ? llmLogProb + byteBonusNats * lengths.bytes
      : llmLogProb * (lengths.recognizerTokens / Math.max(1, lengths[lengthUnit]));
  return r === 1 ? llm : (1 - r) * recognizerLogProb + r * llm;
}

/** Ranks ended hypotheses, whose lengths differ: the fused score itself. */
export function finalScore(
  recognizerLogProb: number,
  llmLogProb: number,
  lengths: HypothesisLengths,
  weights: FusionWeights,
): number {
  const sum = fuseLogProbs(recognizerLogProb, llmLogProb, lengths, weights);
  return weights.llmWeight > 0 && weights.lengthUnit === 'none' ? sum : sum / lengths.recognizerTokens;
}

/** True where the score is a joint log-probability and nothing is earned back: it can only fall as a hypothesis grows. */
export function onlyFalls({ llmWeight, lengthUnit, byteBonusNats }: FusionWeights): boolean {
  return llmWeight > 0 && lengthUnit === 'none' && byteBonusNats === 0;
}
