/**
 * Generative Fusion Decoding (arXiv 2405.14259): beam search over a recognizer's tokens in which a language model
 * scores the bytes that they spell. Read `search` first; it goes as the paper does:
 *
 *   propose   the recognizer names the likeliest next tokens of every live beam
 *   bound     each child's fused score is exact where the language model has been asked, else an upper bound
 *   ask       in the order of the bounds, and only while a child could still win a place (lazy and exact)
 *   prune     the best `beams` children live on; end of text takes a finished hypothesis aside
 *   finish    when `beams` hypotheses have ended, or none that lives can come before them, or no steps are left
 *
 *   score = (1 - r) * log P_recognizer / N_recognizer + r * log P_llm(bytes) / N   (or both undivided)
 */
import type { ByteVocab } from '../../models/core/byte-vocab.ts';
import { IMPOSSIBLE } from '../../models/core/logprob.ts';
import type {
  Alphabet,
  BeamPick,
  SearchStats,
  StepCandidates,
  StepwiseSource,
  UnitHypothesis,
  UnitOutcome,
} from '../../models/core/stepwise.ts';
import { end, extend, type Hypothesis, ROOT, unroll } from '../beam/hypothesis.ts';
import { ByteCover } from '../bytes/byte-cover.ts';
import type { ContextCache, ContextLease } from '../bytes/context-cache.ts';
import { type LlmNode, LlmTree } from '../bytes/llm-tree.ts';
import type { LlmText } from './llm-text.ts';
import { type FusionWeights, finalScore, fuseLogProbs, onlyFalls } from './weights.ts';

export interface FusionSearchOptions {
  readonly beams: number;
  /** Candidates asked of the recognizer per beam. At least beams + 1 for the r = 0 law to hold. */
  readonly width: number;
  readonly nBest: number;
  readonly weights: FusionWeights;
  /** 'lazy' asks the language model only where it can matter; 'eager' asks for everything. Same result. */
  readonly asking: 'lazy' | 'eager';
  /** Tokens shown to the language model before the text, not scored. */
  readonly contextTokens: readonly number[];
  /** One more reading of the same bytes (other timestamps, other script) is dropped from the beam. */
  readonly mergeEqual: boolean;
}

export interface FusionParts {
  /** The language model with the contexts that it has read; null searches by the recognizer alone (r = 0). */
  readonly contexts: ContextCache | null;
  readonly alphabet: Alphabet;
  readonly text: LlmText;
}

/** Stands where no language model takes part. */
const NO_COVER = new ByteCover(new Uint8Array(0), [], []);

/** Distributions kept per path: cuts farther back than this would need a token of more than this many tokens. */
const KEEP_DISTRIBUTIONS = 12;

/** A hypothesis with what the language model says of it. */
interface Candidate {
  readonly hypothesis: Hypothesis;
  /** Live beam it extends, and its place among that beam's candidates: the order in which ties are settled. */
  readonly beam: number;
  readonly rank: number;
  /** Bytes as the recognizer spells them; special tokens add none. */
  readonly bytes: Uint8Array;
  /** Special tokens so far: hypotheses are equal readings only in the same state of the timestamp grammar. */
  readonly specials: number;
  readonly cover: ByteCover;
  /** Exact where the cover is, else an upper bound. */
  score: number;
}

/** The language model as one search has it. */
interface LlmSide {
  readonly tree: LlmTree;
  readonly vocab: ByteVocab;
  readonly context: ContextLease;
}

/** Mutable numbers of one search. */
interface Counters {
  steps: number;
  rows: number;
  rowsEager: number;
  rowsFloor: number;
  calls: number;
  llmMs: number;
}

export class FusionSearch {
  #parts: FusionParts;
  #options: FusionSearchOptions;
  /** Null at r = 0: the language model is then never asked. */
  #llm: LlmSide | null = null;
  #counters: Counters = { steps: 0, rows: 0, rowsEager: 0, rowsFloor: 0, calls: 0, llmMs: 0 };

  constructor(parts: FusionParts, options: FusionSearchOptions) {
    this.#parts = parts;
    this.#options = options;
    if (options.weights.llmWeight === 0) return;
    if (parts.contexts === null) throw new Error('fusion with r > 0 needs a language model');
    const context = parts.contexts.acquire(options.contextTokens);
    const { scorer } = parts.contexts;
    this.#llm = { tree: new LlmTree(scorer, context.last), vocab: scorer.vocab, context };
  }

  /** Throws what the source or the scorer throws; the language model's cache is released in every case. */
  async search(source: StepwiseSource, signal?: AbortSignal): Promise<UnitOutcome> {
    const { beams, width, nBest } = this.#options;
    const finished: Candidate[] = [];
    try {
      let live: Candidate[] = [this.#root()];
      let candidates = await source.start(width, signal);
      for (let step = 0; step < source.unit.stepsMax; step++) {
        const children = this.#propose(live, candidates);
        const { survivors, ended } = await this.#select(children, live, signal);
        finished.push(...ended.slice(0, beams - finished.length));
        this.#counters.steps++;
        live = survivors;
        if (live.length === 0 || finished.length >= beams || this.#isSettled(finished, live)) break;
        this.#llm?.tree.retain(
          live.map((candidate) => candidate.cover.path),
          KEEP_DISTRIBUTIONS,
        );
        if (step + 1 < source.unit.stepsMax) {
          candidates = await source.advance(
            live.map(({ beam, hypothesis }): BeamPick => ({ beam, token: hypothesis.token })),
            signal,
          );
        }
      }
      const final = finished.length > 0 ? finished : live;
      return {
        hypotheses: this.#rank(final)
          .slice(0, nBest)
          .map((candidate) => this.#outcome(candidate)),
        changes: [],
        stats: this.#stats(),
      };
    } finally {
      this.#llm?.tree.dispose();
      this.#llm?.context.release();
    }
  }

  #root(): Candidate {
    const bytes = new Uint8Array(0);
    const cover = this.#llm ? this.#coverOf(bytes, this.#llm) : NO_COVER;
    return { hypothesis: ROOT, beam: 0, rank: 0, bytes, specials: 0, cover, score: 0 };
  }

  /**
   * Every child of every live beam, with the bounds that need no language-model call. Tokens without bytes (end of text,
   * timestamps) cost the language model nothing, so beside text they would look cheap: when speech ends and when it was
   * said is the recognizer's word alone. In a fused search such a token is taken only where the recognizer puts it first,
   * and where end of text comes first the beam ends (as in the paper): a text that the language model was just shown costs it
   * next to nothing, so by the bytes it earns back it would be said again for as long as the recognizer lets it.
   */
  #propose(live: readonly Candidate[], candidates: StepCandidates): Candidate[] {
    const fused = this.#llm !== null;
    const children: Candidate[] = [];
    candidates.beams.forEach(({ ids, logProbs, endLogProb }, beam) => {
      const parent = live[beam]!;
      const leads = ids.length === 0 || endLogProb >= logProbs[0]!;
      if (endLogProb > IMPOSSIBLE && (leads || !fused)) {
        children.push(this.#child(parent, end(parent.hypothesis, endLogProb), beam, -1));
        if (fused) return;
      }
      const specialsOnly = ids.length > 0 && this.#isSpecial(ids[ids.length - 1]!) && this.#isSpecial(ids[0]!);
      for (let rank = 0; rank < ids.length; rank++) {
        if (logProbs[rank] === IMPOSSIBLE) break;
        if (fused && rank > 0 && !specialsOnly && this.#isSpecial(ids[rank]!)) continue;
        children.push(this.#child(parent, extend(parent.hypothesis, ids[rank]!, logProbs[rank]!), beam, rank));
      }
    });
    return children;
  }

  #coverOf(bytes: Uint8Array, { tree, vocab }: LlmSide): ByteCover {
    return ByteCover.of(this.#parts.text.view(bytes), tree, vocab);
  }

  #isSpecial(id: number): boolean {
    return this.#parts.alphabet.bytesOf(id).length === 0;
  }

  #child(parent: Candidate, hypothesis: Hypothesis, beam: number, rank: number): Candidate {
    const added = hypothesis.ended ? new Uint8Array(0) : this.#parts.alphabet.bytesOf(hypothesis.token);
    let { bytes, cover, specials } = parent;
    if (added.length > 0) {
      bytes = new Uint8Array(parent.bytes.length + added.length);
      bytes.set(parent.bytes);
      bytes.set(added, parent.bytes.length);
      if (this.#llm) cover = this.#coverOf(bytes, this.#llm);
    } else if (!hypothesis.ended) {
      specials++;
    }
    const child = { hypothesis, beam, rank, bytes, specials, cover, score: 0 };
    child.score = this.#score(child);
    return child;
  }

  /** Candidates of one step have the same number of tokens, so the sum form ranks as the mean does. */
  #score({ hypothesis, cover }: Candidate): number {
    const lengths = {
      bytes: cover.bytes.length,
      llmTokens: cover.tokens,
      recognizerTokens: hypothesis.length + (hypothesis.ended ? 1 : 0),
    };
    return fuseLogProbs(hypothesis.recognizerLogProb, cover.logProb, lengths, this.#options.weights);
  }

  /**
   * The best `beams` children that go on, and the ended ones above the last of them. A child is asked about only when
   * it stands among them by its bound: fewer rows cannot settle the same beam with these bounds, since whoever stands
   * there by a bound could only be displaced by others' exact scores, which are never above their own bounds.
   */
  async #select(
    children: Candidate[],
    live: readonly Candidate[],
    signal?: AbortSignal,
  ): Promise<{ survivors: Candidate[]; ended: Candidate[] }> {
    this.#countEager(children, live);
    for (;;) {
      children.sort(byScore);
      const { survivors, ended } = this.#leaders(children);
      const asked = this.#options.asking === 'eager' ? children : [...survivors, ...ended];
      const missing = new Set<LlmNode>();
      if (this.#llm) {
        for (const { cover } of asked) if (!cover.exact) cover.collectMissing(this.#llm.tree, missing);
      }
      if (this.#llm === null || missing.size === 0) {
        this.#countFloor([...survivors, ...ended]);
        return { survivors, ended };
      }
      const started = performance.now();
      this.#counters.rows += await this.#llm.tree.evaluate(missing, signal);
      this.#counters.calls++;
      this.#counters.llmMs += performance.now() - started;
      for (const child of children) child.score = this.#score(child);
    }
  }

  /** Walks down the ranking until the beam is full. Equal readings are merged: the higher-ranked one stays. */
  #leaders(ranked: readonly Candidate[]): { survivors: Candidate[]; ended: Candidate[] } {
    const survivors: Candidate[] = [];
    const ended: Candidate[] = [];
    const readings = new Set<string>();
    for (const candidate of ranked) {
      if (candidate.hypothesis.ended) {
        ended.push(candidate);
        continue;
      }
      if (this.#options.mergeEqual && this.#llm) {
        // Not as the language model sees them: to it, long numbers are all the same.
        const reading = `${candidate.specials}:${latin1(this.#parts.text.reading(candidate.bytes))}`;
        if (readings.has(reading)) continue;
        readings.add(reading);
      }
      survivors.push(candidate);
      if (survivors.length === this.#options.beams) break;
    }
    return { survivors, ended };
  }

  /**
   * A joint score falls with every token, so once `nBest` ended hypotheses stand above every live one, none of those can
   * come before them any more. (A mean may still rise: there the beam has to fill with ended hypotheses.)
   */
  #isSettled(finished: readonly Candidate[], live: readonly Candidate[]): boolean {
    const { nBest, weights } = this.#options;
    if (!onlyFalls(weights) || finished.length < nBest) return false;
    const worst = this.#rank(finished)[nBest - 1]!;
    return worst.score >= live[0]!.score;
  }

  #rank(candidates: readonly Candidate[]): Candidate[] {
    return [...candidates].sort((a, b) => this.#finalScore(b) - this.#finalScore(a) || order(a, b));
  }

  /** Ended hypotheses have different lengths, so here the score is the mean: end of text counts in the sum alone. */
  #finalScore({ hypothesis, cover }: Candidate): number {
    const recognizerTokens = Math.max(1, hypothesis.length);
    const lengths = { bytes: cover.bytes.length, llmTokens: cover.tokens, recognizerTokens };
    return finalScore(hypothesis.recognizerLogProb, cover.logProb, lengths, this.#options.weights);
  }

  #outcome(candidate: Candidate): UnitHypothesis {
    const hypothesis = unroll(candidate.hypothesis);
    if (this.#llm === null) return hypothesis;
    const { cover } = candidate;
    return {
      ...hypothesis,
      fused: {
        score: this.#finalScore(candidate),
        llmLogProb: cover.logProb,
        llmTokens: cover.tokens,
        bytes: cover.bytes.length,
        llmWeight: this.#options.weights.llmWeight,
      },
    };
  }

  /** Eager, as architecture section 5 defines it: the cover nodes of each live beam and its best 2 x beams children. */
  #countEager(children: readonly Candidate[], live: readonly Candidate[]): void {
    if (this.#llm === null) return;
    const taken = new Int32Array(live.length);
    const count = ({ cover }: Candidate) => {
      for (const { node } of cover.cuts) {
        if (!node.countedEager) {
          node.countedEager = true;
          this.#counters.rowsEager++;
        }
      }
    };
    for (const beam of live) count(beam);
    for (const child of children) {
      if (child.hypothesis.ended) continue;
      if (taken[child.beam]!++ < 2 * this.#options.beams) count(child);
    }
  }

  /** The floor: rows behind the exact scores of the survivors alone. */
  #countFloor(survivors: readonly Candidate[]): void {
    if (this.#llm === null) return;
    for (const { cover } of survivors) {
      for (const { node } of cover.cuts) {
        if (!node.countedFloor) {
          node.countedFloor = true;
          this.#counters.rowsFloor++;
        }
      }
    }
  }

  #stats(): SearchStats {
    const { steps, rows, rowsEager, rowsFloor, calls, llmMs } = this.#counters;
    return { steps, llmRows: rows, llmRowsEager: rowsEager, llmRowsFloor: rowsFloor, llmCalls: calls, llmMs };
  }
}

function byScore(a: Candidate, b: Candidate): number {
  return b.score - a.score || order(a, b);
}

/** Ties: the beam that ranked higher before, then the recognizer's own order (best first, lower id first). */
function order(a: Candidate, b: Candidate): number {
  return a.beam - b.beam || a.rank - b.rank;
}

function latin1(bytes: Uint8Array): string {
  let out = '';
  for (const byte of bytes) out += String.fromCharCode(byte);
  return out;
}
