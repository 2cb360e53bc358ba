import { IMPOSSIBLE } from '../core/logprob.ts';
import type { StepwiseSource, UnitHypothesis, UnitOutcome, UnitSearch } from '../core/stepwise.ts';

export interface PlainBeamOptions {
  readonly beams: number;
  readonly nBest: number;
}

/** A hypothesis under way or ended. */
interface Path {
  readonly tokens: readonly number[];
  readonly logProbs: readonly number[];
  readonly sum: number;
  readonly ended: boolean;
  /** Live beam that it extends and its place there: the order in which ties are settled, end of text first. */
  readonly beam: number;
  readonly rank: number;
}

/**
 * Beam search with no language model, as the reference implementations do it: at each step all extensions of all
 * beams are ranked by their summed log-probability; walking down the ranking, ended ones are set aside and the others
 * go on, until `beams` go on. Done when `beams` have ended (patience 1), when nothing goes on, or at the unit's last
 * step. The winner is the ended hypothesis with the highest mean, the sum (end of text included) over the tokens (end
 * of text not counted, at least one); where none ended, the same among those under way. Ties: the earlier beam, then
 * end of text, then the recognizer's own order (lower id first). The fused search at weight 0 must give the same to
 * the last bit.
 */
export function plainBeam(options: PlainBeamOptions): UnitSearch {
  return (source, signal) => search(source, options, signal);
}

async function search(source: StepwiseSource, options: PlainBeamOptions, signal?: AbortSignal): Promise<UnitOutcome> {
  const { beams, nBest } = options;
  const ended: Path[] = [];
  let live: Path[] = [{ tokens: [], logProbs: [], sum: 0, ended: false, beam: 0, rank: 0 }];
  let steps = 0;
  let candidates = await source.start(beams + 1, signal);
  while (steps < source.unit.stepsMax) {
    const children: Path[] = [];
    candidates.beams.forEach(({ ids, logProbs, endLogProb }, beam) => {
      const parent = live[beam]!;
      if (endLogProb > IMPOSSIBLE) children.push(extended(parent, null, endLogProb, beam, -1));
      for (let rank = 0; rank < ids.length; rank++) {
        if (logProbs[rank]! > IMPOSSIBLE) children.push(extended(parent, ids[rank]!, logProbs[rank]!, beam, rank));
      }
    });
    children.sort((a, b) => b.sum - a.sum || a.beam - b.beam || a.rank - b.rank);
    live = [];
    for (const child of children) {
      if (!child.ended) live.push(child);
      else if (ended.length < beams) ended.push(child);
      if (live.length === beams) break;
    }
    steps++;
    if (live.length === 0 || ended.length >= beams || steps === source.unit.stepsMax) break;
    candidates = await source.advance(
      live.map(({ beam, tokens }) => ({ beam, token: tokens[tokens.length - 1]! })),
      signal,
    );
  }
  const final = ended.length > 0 ? ended : live;
  final.sort((a, b) => mean(b) - mean(a) || a.beam - b.beam || a.rank - b.rank);
  return {
    hypotheses: final.slice(0, nBest).map(hypothesisOf),
    changes: [],
    stats: { steps, llmRows: 0, llmRowsEager: 0, llmRowsFloor: 0, llmCalls: 0, llmMs: 0 },
  };
}

/** `token` null: end of text. */
function extended(parent: Path, token: number | null, logProb: number, beam: number, rank: number): Path {
  return {
    tokens: token === null ? parent.tokens : [...parent.tokens, token],
    logProbs: [...parent.logProbs, logProb],
    sum: parent.sum + logProb,
    ended: token === null,
    beam,
    rank,
  };
}

function mean(path: Path): number {
  return path.sum / Math.max(1, path.tokens.length);
}

function hypothesisOf({ tokens, logProbs, sum, ended }: Path): UnitHypothesis {
  return { tokens, tokenLogProbs: logProbs, recognizerLogProb: sum, ended };
}
