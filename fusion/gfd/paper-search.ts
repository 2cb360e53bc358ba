/**
 * The search of the Generative Fusion Decoding paper (arXiv 2405.14259) with the settings of its published code, kept
 * beside ours for comparison (preset `gfd-paper`). It differs from `FusionSearch` in what the paper's loop does:
 *
 *  - the LLM score that a step adds is that of the parent's bytes, shared by all of its children;
 *  - N is the number of LLM tokens, the LLM's temperature is 1.7, and tokens of the last 50 are penalized by 2.0;
 *  - end of text counts only where it leads a beam's candidates, and then it is that beam's only child;
 *  - the first token is the recognizer's best; ended hypotheses stay in the beam and compete;
 *  - the search stops when the whole beam has ended, or when lengths differ by more than 20 tokens.
 */
import { IMPOSSIBLE, logAdd } from '../../models/core/logprob.ts';
import type { StepwiseSource, UnitHypothesis, UnitOutcome } from '../../models/core/stepwise.ts';
import type { TokenDistribution } from '../../models/core/token-scorer.ts';
import { end, extend, type Hypothesis, ROOT, unroll } from '../beam/hypothesis.ts';
import { ByteCover } from '../bytes/byte-cover.ts';
import { type LlmNode, LlmTree } from '../bytes/llm-tree.ts';
import type { FusionParts } from './decoder.ts';

/** The published numbers (config_files and code of the paper's repository). */
export const PAPER = {
  llmWeight: 0.2,
  llmTemperature: 1.7,
  repetitionPenalty: 2.0,
  repetitionWindow: 50,
  beams: 5,
  lengthDifferenceMax: 20,
  /** Score of a hypothesis that the LLM has not seen yet. */
  logProbMin: -100_000,
} as const;

/** Rebuilds a distribution with a temperature and a penalty on `rows`: the language-model room provides it. */
export type Reshape = (
  distribution: TokenDistribution,
  options: { temperature: number; penalty: number; rows: readonly number[] },
) => TokenDistribution;

interface PaperBeam {
  readonly hypothesis: Hypothesis;
  readonly bytes: Uint8Array;
  /** Recognizer tokens, end of text counted, as the paper's length is. */
  readonly length: number;
  readonly score: number;
  readonly llmLogProb: number;
  readonly llmTokens: number;
}

export class PaperSearch {
  #parts: FusionParts;
  #reshape: Reshape;
  #contextTokens: readonly number[];
  #nBest: number;
  #reshaped = new WeakMap<TokenDistribution, TokenDistribution>();

  constructor(parts: FusionParts, reshape: Reshape, options: { contextTokens: readonly number[]; nBest: number }) {
    this.#parts = parts;
    this.#reshape = reshape;
    this.#contextTokens = options.contextTokens;
    this.#nBest = options.nBest;
  }

  async search(source: StepwiseSource, signal?: AbortSignal): Promise<UnitOutcome> {
    const { scorer } = this.#parts.contexts!;
    const context = this.#parts.contexts!.acquire(this.#contextTokens);
    const tree = new LlmTree(scorer, context.last);
    let llmMs = 0;
    let rows = 0;
    let calls = 0;
    let steps = 0;
    try {
      let candidates = await source.start(PAPER.beams, signal);
      const first = candidates.beams[0]!;
      let beams: PaperBeam[] = [this.#extended(null, ROOT, first.ids[0]!, first.logProbs[0]!, PAPER.logProbMin, 0)];
      for (steps = 1; steps < source.unit.stepsMax; steps++) {
        const live = beams.filter(({ hypothesis }) => !hypothesis.ended);
        const lengths = beams.map(({ length }) => length);
        if (live.length === 0 || Math.max(...lengths) - Math.min(...lengths) > PAPER.lengthDifferenceMax) break;
        candidates = await source.advance(
          live.map(({ hypothesis }) => ({ beam: this.#place(hypothesis), token: hypothesis.token })),
          signal,
        );
        const before = performance.now();
        const covers = live.map(({ bytes }) => ByteCover.of(this.#parts.text.view(bytes), tree, scorer.vocab));
        const missing = new Set<LlmNode>();
        for (const cover of covers) for (const { node } of cover.cuts) tree.collectMissing(node, missing);
        if (missing.size > 0) {
          rows += await tree.evaluate(missing, signal);
          calls++;
        }
        llmMs += performance.now() - before;
        const next = beams.filter(({ hypothesis }) => hypothesis.ended);
        live.forEach((beam, i) => {
          next.push(...this.#children(beam, i, candidates.beams[i]!, covers[i]!));
        });
        beams = next.sort((a, b) => b.score - a.score).slice(0, PAPER.beams);
        // Whole paths keep their distributions: the reshaped path probabilities are read from them at each step.
        tree.retain(
          covers.map(({ path }) => path),
          Number.POSITIVE_INFINITY,
        );
      }
      const stats = { steps, llmRows: rows, llmRowsEager: rows, llmRowsFloor: rows, llmCalls: calls, llmMs };
      const hypotheses = beams.slice(0, this.#nBest).map((beam) => this.#outcome(beam));
      return { hypotheses, changes: [], stats };
    } finally {
      tree.dispose();
      context.release();
    }
  }

  /** Live beams are renumbered by each advance: the number that made a hypothesis travels with it. */
  #place(hypothesis: Hypothesis): number {
    return this.#places.get(hypothesis)!;
  }
  #places = new WeakMap<Hypothesis, number>();

  #extended(
    parent: PaperBeam | null,
    from: Hypothesis,
    token: number,
    logProb: number,
    llmLogProb: number,
    llmTokens: number,
    beam = 0,
  ): PaperBeam {
    const ended = token < 0;
    const hypothesis = ended ? end(from, logProb) : extend(from, token, logProb);
    this.#places.set(hypothesis, beam);
    const added = ended ? new Uint8Array(0) : this.#parts.alphabet.bytesOf(token);
    const bytes = new Uint8Array((parent?.bytes.length ?? 0) + added.length);
    if (parent) bytes.set(parent.bytes);
    bytes.set(added, parent?.bytes.length ?? 0);
    const length = (parent?.length ?? 0) + 1;
    const recognizer = hypothesis.recognizerLogProb / length;
    const llm = llmTokens > 0 ? llmLogProb / llmTokens : PAPER.logProbMin;
    const score = (1 - PAPER.llmWeight) * recognizer + PAPER.llmWeight * llm;
    return { hypothesis, bytes, length, score, llmLogProb, llmTokens };
  }

  #children(
    parent: PaperBeam,
    beam: number,
    { ids, logProbs, endLogProb }: { ids: Int32Array; logProbs: Float32Array; endLogProb: number },
    cover: ByteCover,
  ): PaperBeam[] {
    const { logProb, tokens } = this.#reshapedScore(cover);
    if (ids.length === 0 || endLogProb >= logProbs[0]!) {
      return [this.#extended(parent, parent.hypothesis, -1, endLogProb, logProb, tokens, beam)];
    }
    // Of the best k, end of text (where it is among them, not leading) is dropped without a substitute.
    const kept = logProbs.slice(0, PAPER.beams).filter((value, rank) => rank < PAPER.beams - 1 || value >= endLogProb);
    return [...kept].map((logProbOfToken, rank) =>
      this.#extended(parent, parent.hypothesis, ids[rank]!, logProbOfToken, logProb, tokens, beam),
    );
  }

  /** The cover's sum over cut points, with every distribution reshaped by what stands before it. */
  #reshapedScore(cover: ByteCover): { logProb: number; tokens: number } {
    const before = new Map<LlmNode, { index: number; logProb: number }>();
    let path = 0;
    cover.path.forEach((node, index) => {
      before.set(node, { index, logProb: path });
      const next = cover.path[index + 1];
      if (next) path += this.#distribution(cover.path, index).logProb(next.token);
    });
    let total = IMPOSSIBLE;
    for (const { node, tokens } of cover.cuts) {
      const { index, logProb } = before.get(node)!;
      total = logAdd(total, logProb + this.#distribution(cover.path, index).logMass(tokens));
    }
    return { logProb: Math.max(total, PAPER.logProbMin), tokens: cover.tokens };
  }

  #distribution(path: readonly LlmNode[], i: number): TokenDistribution {
    const plain = path[i]!.distribution!;
    const known = this.#reshaped.get(plain);
    if (known) return known;
    const rows = path.slice(Math.max(1, i + 1 - PAPER.repetitionWindow), i + 1).map(({ token }) => token);
    const options = { temperature: PAPER.llmTemperature, penalty: PAPER.repetitionPenalty, rows };
    const reshaped = this.#reshape(plain, options);
    this.#reshaped.set(plain, reshaped);
    return reshaped;
  }

  #outcome(beam: PaperBeam): UnitHypothesis {
    const { score, llmLogProb, llmTokens, bytes } = beam;
    const lengths = { llmTokens, bytes: bytes.length, llmWeight: PAPER.llmWeight };
    return { ...unroll(beam.hypothesis), fused: { score, llmLogProb, ...lengths } };
  }
}
