/** The same ideas as fusion/gfd, by plain enumeration and obvious code: slow, and the thing the fast code must equal. */

import { finishedLenBytes } from '../../../fusion/bytes/utf8-boundary.ts';
import type { ByteVocab } from '../../../models/core/byte-vocab.ts';
import type { ScorerNode } from '../../../models/core/token-scorer.ts';
import { compareBytes, type ToyAlphabet, type ToyRecognizer, type ToyScorer } from '../../support/toy-model.ts';

const startsWith = (bytes: Uint8Array, prefix: Uint8Array) =>
  bytes.length >= prefix.length && compareBytes(bytes.subarray(0, prefix.length), prefix) === 0;

/** The sum over every cut point of the standard tokenization, as the formula is written. */
export function coverProbability(bytes: Uint8Array, scorer: ToyScorer, context: ScorerNode): number {
  if (bytes.length === 0) return 1;
  const vocab: ByteVocab = scorer.vocab;
  const tokens = vocab.encode(bytes.subarray(0, finishedLenBytes(bytes)));
  let total = 0;
  let node = context;
  let path = 1;
  let offset = 0;
  for (let i = 0; i <= tokens.length; i++) {
    const rest = bytes.subarray(offset);
    const next = scorer.logProbs(node);
    if (rest.length > 0) {
      for (let row = 0; row < vocab.size; row++) {
        if (startsWith(vocab.bytesOf(row), rest)) total += path * Math.exp(next[row]!);
      }
    }
    if (i === tokens.length) break;
    path *= Math.exp(next[tokens[i]!]!);
    node = scorer.child(node, tokens[i]!);
    offset += vocab.bytesOf(tokens[i]!).length;
  }
  return total;
}

/** The exact byte marginal: every way to write the bytes, and every token that may run over their end. */
export function byteMarginal(bytes: Uint8Array, scorer: ToyScorer, node: ScorerNode): number {
  if (bytes.length === 0) return 1;
  const next = scorer.logProbs(node);
  let total = 0;
  for (let row = 0; row < scorer.vocab.size; row++) {
    const token = scorer.vocab.bytesOf(row);
    if (startsWith(token, bytes)) total += Math.exp(next[row]!);
    else if (startsWith(bytes, token)) {
      total += Math.exp(next[row]!) * byteMarginal(bytes.subarray(token.length), scorer, scorer.child(node, row));
    }
  }
  return total;
}

export interface EnumeratedHypothesis {
  readonly tokens: readonly number[];
  readonly recognizerLogProb: number;
  readonly bytes: Uint8Array;
  /** True where end of text was the recognizer's first choice here and nowhere before: a fused search ends there. */
  readonly endLed: boolean;
}

/** Every ended hypothesis of a toy recognizer up to its longest. */
export function enumerate(recognizer: ToyRecognizer, alphabet: ToyAlphabet): EnumeratedHypothesis[] {
  const out: EnumeratedHypothesis[] = [];
  const walk = (tokens: number[], logProb: number, isOver: boolean) => {
    const next = recognizer.logProbs(tokens);
    if (tokens.length < recognizer.unit.stepsMax) {
      const bytes = Uint8Array.from(tokens.flatMap((id) => [...alphabet.bytesOf(id)]));
      const endLogProb = next[alphabet.size]!;
      const leads = next.every((p) => p <= endLogProb);
      out.push({ tokens, recognizerLogProb: logProb + endLogProb, bytes, endLed: leads && !isOver });
      for (let id = 0; id < alphabet.size; id++) walk([...tokens, id], logProb + next[id]!, isOver || leads);
    }
  };
  walk([], 0, false);
  return out;
}

/** Plain beam search, in the words of the decoding paper's reference: no fusion, no trees, whole sequences copied. */
export function plainBeam(
  recognizer: ToyRecognizer,
  alphabet: ToyAlphabet,
  beams: number,
): { tokens: number[]; logProb: number }[] {
  let live: { tokens: number[]; logProb: number }[] = [{ tokens: [], logProb: 0 }];
  const finished: { tokens: number[]; logProb: number }[] = [];
  for (let step = 0; step < recognizer.unit.stepsMax && finished.length < beams && live.length > 0; step++) {
    const children = live.flatMap(({ tokens, logProb }) => {
      const next = recognizer.logProbs(tokens);
      return Array.from({ length: alphabet.size + 1 }, (_, id) => ({ tokens, id, logProb: logProb + next[id]! }));
    });
    children.sort((a, b) => b.logProb - a.logProb);
    live = [];
    for (const { tokens, id, logProb } of children) {
      if (id === alphabet.size) {
        if (finished.length < beams) finished.push({ tokens, logProb });
        continue;
      }
      live.push({ tokens: [...tokens, id], logProb });
      if (live.length === beams) break;
    }
  }
  const final = finished.length > 0 ? finished : live;
  const mean = ({ tokens, logProb }: { tokens: number[]; logProb: number }) => logProb / Math.max(1, tokens.length);
  return final.sort((a, b) => mean(b) - mean(a));
}
