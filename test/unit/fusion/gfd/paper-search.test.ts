import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContextCache } from '../../../../fusion/bytes/context-cache.ts';
import { LlmText } from '../../../../fusion/gfd/llm-text.ts';
import { PAPER, PaperSearch } from '../../../../fusion/gfd/paper-search.ts';
import type { BeamPick, StepCandidates, StepwiseSource } from '../../../../models/core/stepwise.ts';
import { TOY_PIECES, ToyAlphabet, ToyRecognizer, ToyScorer, ToyVocab } from '../../../support/toy-model.ts';

const alphabet = new ToyAlphabet(['a', 'b', 'ab', 'c', 'ca']);
const text = new LlmText(new Map(), { dropLeadingSpace: true });
const same = <T>(distribution: T) => distribution;

function paper(scorer: ToyScorer, nBest = 5) {
  return new PaperSearch({ contexts: new ContextCache(scorer, 0), alphabet, text }, same, { contextTokens: [], nBest });
}

/** Plays fixed candidates and records which beams were asked for. */
class Scripted implements StepwiseSource {
  readonly unit = { index: 0, language: 'en', startMs: 0, endMs: 1, stepsMax: 4, previousText: '' };
  readonly picks: (readonly BeamPick[])[] = [];
  #steps: { ids: number[]; logProbs: number[]; endLogProb: number }[];
  #step = 0;
  constructor(steps: { ids: number[]; logProbs: number[]; endLogProb: number }[]) {
    this.#steps = steps;
  }
  async start() {
    return this.#play(1);
  }
  async advance(picks: readonly BeamPick[]) {
    this.picks.push(picks);
    return this.#play(picks.length);
  }
  #play(beams: number): StepCandidates {
    const { ids, logProbs, endLogProb } = this.#steps[this.#step]!;
    const one = { ids: Int32Array.from(ids), logProbs: Float32Array.from(logProbs), endLogProb };
    return { step: this.#step++, beams: Array.from({ length: beams }, () => one) };
  }
}

test('the first token is the best one alone, and end of text counts only where it leads', async () => {
  const source = new Scripted([
    { ids: [0, 1], logProbs: [-0.1, -0.2], endLogProb: -5 },
    { ids: [1, 3], logProbs: [-1, -1.5], endLogProb: -1.2 },
    { ids: [1, 3], logProbs: [-1, -1.5], endLogProb: -0.1 },
  ]);
  const { hypotheses } = await paper(new ToyScorer(new ToyVocab(TOY_PIECES))).search(source);
  assert.deepEqual(source.picks[0], [{ beam: 0, token: 0 }]);
  // In the second step end of text stood second: dropped. In the third it led: every beam ends there, and only there.
  assert.equal(source.picks[1]!.length, 2);
  assert.equal(hypotheses.length, 2);
  assert.ok(hypotheses.every(({ ended, tokens }) => ended && tokens.length === 2));
});

test('children of one parent share the LLM score of the parent bytes', async () => {
  const scorer = new ToyScorer(new ToyVocab(TOY_PIECES));
  const source = new Scripted([
    { ids: [0], logProbs: [-0.1], endLogProb: -5 },
    { ids: [1, 3], logProbs: [-1, -1.5], endLogProb: -9 },
    { ids: [0], logProbs: [-1], endLogProb: -0.1 },
  ]);
  const { hypotheses } = await paper(scorer).search(source);
  // "a" was scored when "ab" and "ac" were made; when those ended, their own bytes were scored.
  const byText = hypotheses.map(({ tokens, fused }) => [tokens.join(), fused!.llmLogProb] as const);
  assert.notEqual(byText[0]![1], byText[1]![1]);
  for (const { tokens, fused, recognizerLogProb } of hypotheses) {
    const expected =
      (1 - PAPER.llmWeight) * (recognizerLogProb / (tokens.length + 1)) +
      PAPER.llmWeight * (fused!.llmLogProb / fused!.llmTokens);
    assert.ok(Math.abs(fused!.score - expected) < 1e-9);
  }
});

test('it ends, and frees every cached node, on any toy recognizer', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const scorer = new ToyScorer(new ToyVocab(TOY_PIECES), seed);
    const { hypotheses } = await paper(scorer).search(new ToyRecognizer(alphabet.size, { seed, stepsMax: 8 }));
    assert.ok(hypotheses.length > 0);
    assert.equal(scorer.cached.size, 0);
  }
});
