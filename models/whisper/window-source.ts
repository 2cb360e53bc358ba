import assert from 'node:assert/strict';
import type { BeamCandidates, BeamPick, StepCandidates, StepwiseSource, StepwiseUnit } from '../core/stepwise.ts';
import { probabilityOf, selectCandidates } from './candidates.ts';
import { isLooping } from './loop-guard.ts';
import type { DecoderNode, DecoderTree, NewToken, StepLogits } from './step-decoder.ts';
import { RULE_START, type RuleState, type TokenRules } from './token-rules.ts';

interface LiveBeam {
  readonly node: DecoderNode;
  readonly state: RuleState;
  readonly tokens: readonly number[];
}

/** At no cost: were the end dear, a variation of a loop would win over the loop and go unnoticed. */
const END_ALONE: BeamCandidates = { ids: new Int32Array(0), logProbs: new Float32Array(0), endLogProb: 0 };

/** What a window source needs of a decoder tree; a toy stands in for it in tests. */
export type WindowTree = Pick<DecoderTree, 'evaluate' | 'release' | 'dispose'>;

/**
 * One Whisper window as a stepwise source: the prompt is evaluated once, then every step extends the beams that a
 * search picked. Candidates are what the rules allow. A beam that repeats itself without end is offered the end of
 * text alone, so that the window is known to loop before its tokens are spent.
 */
export class WindowSource implements StepwiseSource {
  readonly unit: StepwiseUnit;
  readonly #tree: WindowTree;
  readonly #rules: TokenRules;
  readonly #prompt: readonly number[];
  readonly #prefix: readonly number[];
  readonly #opened: RuleState;
  #beams: LiveBeam[] = [];
  #promptNode: DecoderNode | null = null;
  #opening: StepLogits | null = null;
  #width = 0;
  #step = 0;
  #noSpeechProb = 0;
  #looped = false;
  #isCut = false;
  #busyMs = 0;

  /**
   * @param prompt ends with the opening of the transcript, whose start-of-transcript token must be in it
   * @param prefix tokens that every hypothesis begins with: they are evaluated with the prompt, and the search is shown
   *   what may follow them
   */
  constructor(
    unit: StepwiseUnit,
    tree: WindowTree,
    rules: TokenRules,
    prompt: readonly number[],
    prefix: readonly number[] = [],
  ) {
    this.unit = unit;
    this.#tree = tree;
    this.#rules = rules;
    this.#prompt = [...prompt, ...prefix];
    this.#prefix = prefix;
    this.#opened = prefix.reduce((state, token) => rules.next(state, token), RULE_START);
  }

  /** P(no speech) after the start of the transcript: the model's own guess that nobody speaks. Known after `start`. */
  get noSpeechProb(): number {
    return this.#noSpeechProb;
  }

  /** True where a beam ran into a loop and was cut. */
  get looped(): boolean {
    return this.#looped;
  }

  /** Milliseconds spent on the decoder and its candidates, without the search. */
  get busyMs(): number {
    return this.#busyMs;
  }

  /** May be called again: the search then begins anew from the cached prompt. */
  async start(width: number, signal?: AbortSignal): Promise<StepCandidates> {
    signal?.throwIfAborted();
    for (const beam of this.#beams) this.#tree.release(beam.node);
    this.#beams = [];
    this.#looped = false;
    this.#width = width;
    this.#step = 0;
    const started = performance.now();
    const node = await this.#prefill();
    node.holders++;
    this.#beams = [{ node, state: this.#opened, tokens: this.#prefix }];
    const { logits } = this.#opening!;
    const row = logits.slice(logits.length / 2);
    const beams = [selectCandidates(row, 0, this.#rules, this.#opened, width)];
    this.#busyMs += performance.now() - started;
    return { step: 0, beams };
  }

  async advance(picks: readonly BeamPick[], signal?: AbortSignal): Promise<StepCandidates> {
    signal?.throwIfAborted();
    assert(picks.length > 0, 'a step needs at least one pick');
    const parents = picks.map(({ beam }) => {
      const parent = this.#beams[beam];
      assert(parent !== undefined, `there is no live beam ${beam}`);
      return parent;
    });
    if (this.#isCut) return { step: ++this.#step, beams: picks.map(() => END_ALONE) };
    const started = performance.now();
    // Dropped beams first: their slots serve the new tokens.
    const named = new Set(parents);
    for (const beam of this.#beams) if (!named.has(beam)) this.#tree.release(beam.node);
    const tokens = picks.map(({ token }, i): NewToken => ({ token, parent: parents[i]!.node }));
    const rows = picks.map((_, i) => i);
    this.#beams = [];
    const { nodes, logits } = await this.#tree.evaluate(tokens, rows);
    for (const parent of named) this.#tree.release(parent.node);
    this.#beams = picks.map(({ token }, i) => ({
      node: nodes[i]!,
      state: this.#rules.next(parents[i]!.state, token),
      tokens: [...parents[i]!.tokens, token],
    }));
    this.#step++;
    const beams = this.#beams.map((beam, row) => this.#candidates(beam, logits, row));
    this.#busyMs += performance.now() - started;
    return { step: this.#step, beams };
  }

  /**
   * Cross-attention of the alignment heads `[heads, tokens, frames]` for `tokens` after the prompt and the prefix; after
   * `start`, and not while a step is under way.
   */
  async attention(tokens: readonly number[]): Promise<Float32Array> {
    const started = performance.now();
    const chain = tokens.map((token, i): NewToken => ({ token, parent: i === 0 ? this.#promptNode : i - 1 }));
    const { nodes, align } = await this.#tree.evaluate(chain, [], true);
    for (const node of nodes) this.#tree.release(node);
    this.#busyMs += performance.now() - started;
    return align!;
  }

  /** Nobody wants the outcome any more: from its next step on the search, wherever it runs, is offered the end alone. */
  cut(): void {
    this.#isCut = true;
  }

  /** Frees the window's cache. */
  dispose(): void {
    this.#beams = [];
    this.#tree.dispose();
  }

  #candidates(beam: LiveBeam, logits: Float32Array, row: number): BeamCandidates {
    const candidates = selectCandidates(logits, row, this.#rules, beam.state, this.#width);
    if (!isLooping(beam.tokens, this.#rules.tokens.endOfText)) return candidates;
    this.#looped = true;
    return END_ALONE;
  }

  /** Evaluates the prompt, once; keeps the logits after start-of-transcript and after the last token. */
  async #prefill(): Promise<DecoderNode> {
    if (this.#promptNode !== null) return this.#promptNode;
    const { tokens: vocabulary } = this.#rules;
    const startAt = this.#prompt.lastIndexOf(vocabulary.startOfTranscript);
    assert(startAt >= 0, 'the prompt has no start of transcript');
    const last = this.#prompt.length - 1;
    const tokens = this.#prompt.map((token, i): NewToken => ({ token, parent: i === 0 ? null : i - 1 }));
    const opening = await this.#tree.evaluate(tokens, [startAt, last]);
    opening.nodes.forEach((node, i) => {
      if (i !== last) this.#tree.release(node);
    });
    this.#opening = { ...opening, logits: opening.logits.slice() };
    this.#noSpeechProb = probabilityOf(opening.logits, 0, vocabulary.size, vocabulary.noSpeech);
    this.#promptNode = opening.nodes[last]!;
    return this.#promptNode;
  }
}
