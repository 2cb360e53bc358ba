import { IMPOSSIBLE, logAdd } from '../core/logprob.ts';
import type { BeamCandidates } from '../core/stepwise.ts';
import type { RuleState, TokenRules } from './token-rules.ts';

/** Values this far below the largest add nothing to a sum of exponentials: 51,865 of them less than 5e-9 of it. */
const NEGLIGIBLE_NATS = 30;
/**
 * Exponentials are read from a table in steps of 1/64 and corrected by a short series: exact to 1e-8, and several times
 * faster than Math.exp, which would be the dearest part of a step outside the model.
 */
const EXP_STEPS = 64;
const EXP_TABLE = Float64Array.from({ length: NEGLIGIBLE_NATS * EXP_STEPS + 1 }, (_, i) => Math.exp(-i / EXP_STEPS));

/** Sum of exp(value - max) over values[lo..hi), none of which is above `max`. */
function sumExp(values: Float32Array, lo: number, hi: number, max: number): number {
  let sum = 0;
  for (let i = lo; i < hi; i++) {
    const below = max - values[i]!;
    if (!(below < NEGLIGIBLE_NATS)) continue;
    const step = (below * EXP_STEPS) | 0;
    const rest = below - step / EXP_STEPS;
    sum += EXP_TABLE[step]! * (1 - rest * (1 - rest * (0.5 - rest / 6)));
  }
  return sum;
}

/** The best `width` of what it is shown, best first; equal values keep the order in which they came. */
class TopList {
  readonly ids: Int32Array;
  readonly values: Float32Array;
  length = 0;
  /** Largest value that was shown. */
  max = IMPOSSIBLE;
  /** log of the sum of exponentials of the values shown. */
  logSum = IMPOSSIBLE;

  constructor(width: number) {
    this.ids = new Int32Array(width);
    this.values = new Float32Array(width);
  }

  /** Shows values[lo..hi) with their indices less `base` as ids. Once per list. */
  scan(values: Float32Array, lo: number, hi: number, base: number): void {
    const { ids, values: kept } = this;
    const width = ids.length;
    let length = 0;
    let worst = IMPOSSIBLE;
    for (let i = lo; i < hi; i++) {
      const value = values[i]!;
      if (!(value > worst)) continue;
      let at = length < width ? length++ : width - 1;
      while (at > 0 && kept[at - 1]! < value) {
        kept[at] = kept[at - 1]!;
        ids[at] = ids[at - 1]!;
        at--;
      }
      kept[at] = value;
      ids[at] = i - base;
      if (length === width) worst = kept[width - 1]!;
    }
    this.length = length;
    if (length === 0) return;
    const max = kept[0]!;
    this.max = max;
    this.logSum = max + Math.log(sumExp(values, lo, hi, max));
  }
}

/**
 * What a beam may be extended by: log-softmax over what the rules allow, and of it the best `width`, in one reading
 * of the row. Where the timestamps together are likelier than any single text token, a timestamp must come (the
 * reference's rule on the sum of timestamp probabilities).
 *
 * @param logits rows of `rules.tokens.size` logits; suppressed entries of the row are overwritten
 * @param row which of them
 */
export function selectCandidates(
  logits: Float32Array,
  row: number,
  rules: TokenRules,
  state: RuleState,
  width: number,
): BeamCandidates {
  const { size, endOfText } = rules.tokens;
  const base = row * size;
  const allowed = rules.allowed(state);
  suppress(logits, base, rules.suppressed);
  if (state.length === 0) suppress(logits, base, rules.suppressedFirst);

  const stamps = new TopList(width);
  if (allowed.timestampLo < allowed.timestampHi) {
    stamps.scan(logits, base + allowed.timestampLo, base + allowed.timestampHi, base);
  }
  const text = new TopList(width);
  if (allowed.text) text.scan(logits, base, base + endOfText, base);
  const endLogit = allowed.end ? logits[base + endOfText]! : IMPOSSIBLE;
  if (stamps.logSum > Math.max(text.max, endLogit)) return listed(stamps, stamps.logSum, IMPOSSIBLE);
  const total = logAdd(logAdd(text.logSum, stamps.logSum), endLogit);
  return listed(merged(text, stamps), total, endLogit - total);
}

function suppress(logits: Float32Array, base: number, ids: Int32Array): void {
  for (let i = 0; i < ids.length; i++) logits[base + ids[i]!] = IMPOSSIBLE;
}

function listed(list: TopList, total: number, endLogProb: number): BeamCandidates {
  const logProbs = list.values.subarray(0, list.length);
  for (let i = 0; i < logProbs.length; i++) logProbs[i]! -= total;
  return { ids: list.ids.subarray(0, list.length), logProbs, endLogProb };
}

/** Text ids lie below timestamp ids, so text goes first where values are equal. */
function merged(text: TopList, stamps: TopList): TopList {
  if (stamps.length === 0) return text;
  if (text.length === 0) return stamps;
  const out = new TopList(text.ids.length);
  let a = 0;
  let b = 0;
  while (out.length < out.ids.length && (a < text.length || b < stamps.length)) {
    const takeText = b === stamps.length || (a < text.length && text.values[a]! >= stamps.values[b]!);
    out.ids[out.length] = takeText ? text.ids[a]! : stamps.ids[b]!;
    out.values[out.length++] = takeText ? text.values[a++]! : stamps.values[b++]!;
  }
  return out;
}

/** Probability of one id among all of a row's logits, without rules. */
export function probabilityOf(logits: Float32Array, row: number, size: number, id: number): number {
  return Math.exp(logProbabilityOf(logits, row, size, id));
}

/** Its natural log. */
export function logProbabilityOf(logits: Float32Array, row: number, size: number, id: number): number {
  const base = row * size;
  const all = new TopList(1);
  all.scan(logits, base, base + size, base);
  return logits[base + id]! - all.logSum;
}
