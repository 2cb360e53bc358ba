import { logAdd } from '../core/logprob.ts';
import { avgLogProbOf, type LivePass, type PassText } from './live-pass.ts';

/** The text that a pass is taken for, by the recognizer alone or together with a language model. */
export interface HeardText extends PassText {
  /** log P of each token as far as is known by now: the recognizer's, or what both models make of it. */
  readonly certainties: readonly number[];
  readonly noSpeechProb: number;
  readonly looped: boolean;
  /** Mean of the recognizer's log-probabilities, the end among them. */
  readonly avgLogProb: number;
  /** True where a language model had its say. */
  readonly weighed: boolean;
}

/** Without a language model. */
export function unweighed(pass: LivePass): HeardText {
  return heard(pass, pass, pass.logProbs, false);
}

/**
 * The best of a pass and its rivals by the joint `scores` (that of the pass's own text first, then those of its rivals; of
 * equals the first). How sure a token is at a place where two texts part follows from both scores, as posterior of the two:
 * the recognizer's probability of either is shared out by the softmax of the joint scores.
 */
export function weighed(pass: LivePass, scores: readonly number[]): HeardText {
  const best = scores.reduce((top, score, i) => (score > scores[top]! ? i : top), 0);
  const chosen = best === 0 ? null : pass.rivals[best - 1]!;
  const certainties = [...(chosen ?? pass).logProbs];
  pass.rivals.forEach((rival, i) => {
    const { place } = rival;
    if (chosen !== null && chosen !== rival) return;
    const both = logAdd(pass.logProbs[place]!, rival.logProbs[place]!);
    const rivalScore = scores[i + 1]!;
    const [own, other] = chosen === rival ? [rivalScore, scores[0]!] : [scores[0]!, rivalScore];
    certainties[place] = Math.min(0, both - Math.log1p(Math.exp(other - own)));
  });
  return heard(pass, chosen ?? pass, certainties, true);
}

function heard(pass: LivePass, text: PassText, certainties: readonly number[], isWeighed: boolean): HeardText {
  const { tokens, logProbs, endLogProb, attention } = text;
  const { noSpeechProb, looped } = pass;
  const avgLogProb = avgLogProbOf(text);
  return { tokens, logProbs, endLogProb, attention, certainties, noSpeechProb, looped, avgLogProb, weighed: isWeighed };
}
