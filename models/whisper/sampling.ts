import { IMPOSSIBLE } from '../core/logprob.ts';
import type {
  BeamCandidates,
  BeamPick,
  StepwiseSource,
  UnitHypothesis,
  UnitOutcome,
  UnitSearch,
} from '../core/stepwise.ts';

export interface SamplingOptions {
  /** Above 0. */
  readonly temperature: number;
  readonly seed: number;
  /** Hypotheses drawn side by side. */
  readonly bestOf: number;
  readonly nBest: number;
}

/** Candidates that are drawn from per step: what lies below is far less likely than the draw is rough. */
const SAMPLE_WIDTH = 64;

interface Draw {
  readonly tokens: number[];
  readonly logProbs: number[];
  sum: number;
  ended: boolean;
}

/**
 * Draws `bestOf` hypotheses at a temperature and ranks them by mean log-probability (at temperature 1, so that scores
 * compare across temperatures). The same seed draws the same tokens.
 */
export function sampling(options: SamplingOptions): UnitSearch {
  return (source, signal) => sample(source, options, signal);
}

async function sample(source: StepwiseSource, options: SamplingOptions, signal?: AbortSignal): Promise<UnitOutcome> {
  const { temperature, bestOf, nBest } = options;
  const random = seededRandom(options.seed);
  const draws = Array.from({ length: bestOf }, (): Draw => ({ tokens: [], logProbs: [], sum: 0, ended: false }));
  let candidates = await source.start(SAMPLE_WIDTH, signal);
  let beamOf = new Map(draws.map((draw) => [draw, 0]));
  let steps = 0;
  while (steps < source.unit.stepsMax) {
    const picks: BeamPick[] = [];
    const next = new Map<Draw, number>();
    for (const [draw, beam] of beamOf) {
      const token = drawToken(draw, candidates.beams[beam]!, temperature, random());
      if (token === null) continue;
      next.set(draw, picks.length);
      picks.push({ beam, token });
    }
    steps++;
    beamOf = next;
    if (picks.length === 0 || steps === source.unit.stepsMax) break;
    candidates = await source.advance(picks, signal);
  }
  const mean = ({ sum, tokens }: Draw) => sum / Math.max(1, tokens.length);
  const ranked = [...draws].sort((a, b) => mean(b) - mean(a));
  return {
    hypotheses: ranked.slice(0, nBest).map(
      ({ tokens, logProbs, sum, ended }): UnitHypothesis => ({
        tokens,
        tokenLogProbs: logProbs,
        recognizerLogProb: sum,
        ended,
      }),
    ),
    changes: [],
    stats: { steps, llmRows: 0, llmRowsEager: 0, llmRowsFloor: 0, llmCalls: 0, llmMs: 0 },
  };
}

/** Extends the draw by the token at `dice` (0..1) of the tempered distribution; null where it ended. */
function drawToken(draw: Draw, candidates: BeamCandidates, temperature: number, dice: number): number | null {
  const { ids, logProbs, endLogProb } = candidates;
  const best = Math.max(endLogProb, logProbs[0] ?? IMPOSSIBLE);
  if (best === IMPOSSIBLE) {
    draw.ended = true;
    return null;
  }
  const weight = (logProb: number) => Math.exp((logProb - best) / temperature);
  let total = weight(endLogProb);
  for (const logProb of logProbs) total += weight(logProb);
  let rest = dice * total - weight(endLogProb);
  let rank = -1;
  while (rest >= 0 && rank + 1 < ids.length) rest -= weight(logProbs[++rank]!);
  const logProb = rank < 0 ? endLogProb : logProbs[rank]!;
  draw.logProbs.push(logProb);
  draw.sum += logProb;
  if (rank < 0) {
    draw.ended = true;
    return null;
  }
  draw.tokens.push(ids[rank]!);
  return ids[rank]!;
}

/** Numbers in [0, 1) from a 32-bit seed (the "mulberry32" generator: short, and good enough to draw tokens). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
