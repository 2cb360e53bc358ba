import type { UnitHypothesis } from '../../models/core/stepwise.ts';

/**
 * One hypothesis of a search: a value with a parent link, so extending costs one small object whatever its length.
 * Nothing changes after construction.
 */
export interface Hypothesis {
  readonly parent: Hypothesis | null;
  /** Last recognizer token; -1 at the root. */
  readonly token: number;
  /** Recognizer log-probability of the last token. */
  readonly tokenLogProb: number;
  /** Sum over all tokens, end of text included. */
  readonly recognizerLogProb: number;
  /** Number of tokens, end of text not counted. */
  readonly length: number;
  readonly ended: boolean;
}

export const ROOT: Hypothesis = {
  parent: null,
  token: -1,
  tokenLogProb: 0,
  recognizerLogProb: 0,
  length: 0,
  ended: false,
};

export function extend(parent: Hypothesis, token: number, tokenLogProb: number): Hypothesis {
  const recognizerLogProb = parent.recognizerLogProb + tokenLogProb;
  return { parent, token, tokenLogProb, recognizerLogProb, length: parent.length + 1, ended: false };
}

export function end(parent: Hypothesis, endLogProb: number): Hypothesis {
  const recognizerLogProb = parent.recognizerLogProb + endLogProb;
  return { parent, token: -1, tokenLogProb: endLogProb, recognizerLogProb, length: parent.length, ended: true };
}

/** Tokens and their log-probabilities in order, as the recognizer wants them back. */
export function unroll(hypothesis: Hypothesis): UnitHypothesis {
  const tokens: number[] = [];
  const tokenLogProbs: number[] = [];
  for (let at: Hypothesis = hypothesis; at.parent !== null; at = at.parent) {
    tokenLogProbs.push(at.tokenLogProb);
    if (at.token >= 0) tokens.push(at.token);
  }
  return {
    tokens: tokens.reverse(),
    tokenLogProbs: tokenLogProbs.reverse(),
    recognizerLogProb: hypothesis.recognizerLogProb,
    ended: hypothesis.ended,
  };
}
