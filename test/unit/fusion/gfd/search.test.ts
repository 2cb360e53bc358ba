import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContextCache } from '../../../../fusion/bytes/context-cache.ts';
import { type FusionRoom, fusionSearch } from '../../../../fusion/gfd/search.ts';
import type { ByteVocab } from '../../../../models/core/byte-vocab.ts';
import { TOY_PIECES, ToyAlphabet, ToyRecognizer, ToyScorer, ToyVocab } from '../../../support/toy-model.ts';

const alphabet = new ToyAlphabet(['a', 'b', 'ab', ' c', 'bc', 'ca']);
const options = {
  beams: 3,
  nBest: 3,
  llmWeight: 0.4,
  preset: 'default',
  llmPrompt: '',
  hotwords: [],
  llmContextCharsMax: 100,
  explain: false,
};

function room(languages: readonly string[] | null = null): FusionRoom & { contexts: ContextCache } {
  const vocab: ByteVocab = Object.assign(new ToyVocab(TOY_PIECES), { languages });
  const contexts = new ContextCache(new ToyScorer(vocab), 0);
  return { contexts, alphabet, scriptTable: new Map(), reshape: (distribution) => distribution };
}
const recognizer = (seed = 7) => new ToyRecognizer(alphabet.size, { seed });

test('a language outside a trimmed vocabulary is searched by the recognizer alone, with a warning', async () => {
  const outcome = await fusionSearch(room(['zh', 'tr']), options)(recognizer());
  const alone = await fusionSearch({ ...room(), contexts: null }, options)(recognizer());
  assert.deepEqual(outcome.hypotheses, alone.hypotheses);
  assert.deepEqual(
    outcome.warnings?.map(({ code }) => code),
    ['llm_language_uncovered'],
  );
  const covered = await fusionSearch(room(['en']), options)(recognizer());
  assert.equal(covered.warnings, undefined);
  assert.ok(covered.stats.llmRows > 0);
});

test('explain names the places where the language model changed the outcome, with both scores', async () => {
  let changed = 0;
  for (let seed = 0; seed < 30; seed++) {
    const explained = await fusionSearch(room(), { ...options, explain: true })(recognizer(seed));
    const plain = await fusionSearch(room(), options)(recognizer(seed));
    assert.deepEqual(explained.hypotheses, plain.hypotheses, 'explaining changes no result');
    for (const { recognizedLogProb, chosenLogProb } of explained.changes) {
      changed++;
      assert.ok(
        recognizedLogProb.recognizer !== chosenLogProb.recognizer || recognizedLogProb.llm !== chosenLogProb.llm,
      );
      assert.equal(chosenLogProb.recognizer, explained.hypotheses[0]!.recognizerLogProb);
      assert.ok(Math.abs(chosenLogProb.llm - explained.hypotheses[0]!.fused!.llmLogProb) < 1e-9);
    }
  }
  assert.ok(changed > 0, 'in 30 toy recordings something must change');
});

test('previous text and domain prompt reach the language model', async () => {
  const toy = room();
  const scores = new Set<number>();
  for (const llmPrompt of ['', 'ab', 'c a']) {
    const { hypotheses } = await fusionSearch(toy, { ...options, llmPrompt })(recognizer());
    scores.add(hypotheses[0]!.fused!.llmLogProb);
  }
  assert.equal(scores.size, 3);
});

test('a draft, which asks for fewer beams than the stream has, gets no more, and is not explained', async () => {
  const source = recognizer();
  const widths: number[] = [];
  let starts = 0;
  const narrow = {
    unit: { ...source.unit, beams: 1 },
    start: (...given: Parameters<typeof source.start>) => {
      starts++;
      return source.start(...given);
    },
    advance: (...given: Parameters<typeof source.advance>) => {
      widths.push(given[0].length);
      return source.advance(...given);
    },
  };
  const { hypotheses } = await fusionSearch(room(), { ...options, explain: true })(narrow);
  assert.deepEqual(new Set(widths), new Set([1]));
  assert.equal(hypotheses.length, 1);
  assert.equal(starts, 1, 'it is searched once');
});

test('the paper’s search has no form for drafts: those are the recognizer’s alone', async () => {
  const source = recognizer();
  const draft = {
    unit: { ...source.unit, beams: 2 },
    start: (...given: Parameters<typeof source.start>) => source.start(...given),
    advance: (...given: Parameters<typeof source.advance>) => source.advance(...given),
  };
  const { hypotheses, stats } = await fusionSearch(room(), { ...options, preset: 'gfd-paper' })(draft);
  assert.equal(stats.llmCalls, 0);
  assert.ok(hypotheses.every(({ fused }) => fused === undefined));
});
