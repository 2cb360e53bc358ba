import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteCover } from '../../fusion/bytes/byte-cover.ts';
import { ContextCache } from '../../fusion/bytes/context-cache.ts';
import { type LlmNode, LlmTree } from '../../fusion/bytes/llm-tree.ts';
import { FusionSearch, type FusionSearchOptions } from '../../fusion/gfd/decoder.ts';
import { LlmText } from '../../fusion/gfd/llm-text.ts';
import type { LengthUnit } from '../../fusion/gfd/weights.ts';
import { TOY_PIECES, TOY_TOKENS, ToyAlphabet, ToyRecognizer, ToyScorer, ToyVocab } from '../support/toy-model.ts';
import { byteMarginal, coverProbability, enumerate, plainBeam } from './oracle/brute-force.ts';

const RUNS = {
  seed: 20261123,
  includeErrorInReport: true,
  numRuns: Number(process.env['BYTEFUSE_PROPERTY_RUNS'] ?? 60),
};
const vocab = new ToyVocab(TOY_PIECES);
const alphabet = new ToyAlphabet(TOY_TOKENS);
const text = new LlmText(new Map(), { dropLeadingSpace: true });
const bytesOf = fc
  .array(fc.integer({ min: 0, max: TOY_TOKENS.length - 1 }), { minLength: 1, maxLength: 5 })
  .map((ids) => Uint8Array.from(ids.flatMap((id) => [...alphabet.bytesOf(id)])))
  .filter((bytes) => isPossible(bytes));

/** The toy vocabulary knows no replacement character: keep to bytes that are text, apart from an unfinished end. */
function isPossible(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes, { stream: true });
  return !text.includes('\ufffd') && bytes.length > 0;
}

const search = (scorer: ToyScorer, options: Partial<FusionSearchOptions>) =>
  new FusionSearch(
    { contexts: new ContextCache(scorer), alphabet, text },
    {
      beams: 3,
      width: TOY_TOKENS.length,
      nBest: 3,
      weights: { llmWeight: 0.3, lengthUnit: 'bytes', byteBonusNats: 0 },
      asking: 'lazy',
      contextTokens: [],
      mergeEqual: false,
      ...options,
    },
  );

/** Recognizer over tokens that always spell possible text: no half characters. */
const WHOLE = ['a', 'b', 'ab', ' c', 'é', '中', '', 'bc', 'ca'] as const;
const whole = new ToyAlphabet(WHOLE);

test('a cover sums every cut point as the formula is written', async () => {
  await fc.assert(
    fc.asyncProperty(bytesOf, fc.integer(), async (bytes, seed) => {
      const scorer = new ToyScorer(vocab, seed);
      const context = scorer.child(scorer.child(null, vocab.bos), 0);
      const tree = new LlmTree(scorer, context);
      const cover = ByteCover.of(bytes, tree, vocab);
      const missing = new Set<LlmNode>();
      cover.collectMissing(tree, missing);
      await tree.evaluate(missing);
      assert.equal(cover.exact, true);
      const expected = Math.log(coverProbability(bytes, scorer, context));
      assert.ok(Math.abs(cover.logProb - expected) < 1e-9, `${cover.logProb} against ${expected}`);
    }),
    RUNS,
  );
});

test('a cover never exceeds the exact byte marginal, and before it is evaluated it is an upper bound', async () => {
  await fc.assert(
    fc.asyncProperty(bytesOf, fc.integer(), async (bytes, seed) => {
      const scorer = new ToyScorer(vocab, seed);
      const tree = new LlmTree(scorer, scorer.child(null, vocab.bos));
      const cover = ByteCover.of(bytes, tree, vocab);
      let bound = cover.logProb;
      // Evaluate node by node: the bound may only fall.
      for (const { node } of [...cover.cuts].reverse()) {
        await tree.evaluate([node]);
        const next = ByteCover.of(bytes, tree, vocab).logProb;
        assert.ok(next <= bound + 1e-12, `bound rose from ${bound} to ${next}`);
        bound = next;
      }
      const marginal = Math.log(byteMarginal(bytes, scorer, scorer.child(null, vocab.bos)));
      assert.ok(bound <= marginal + 1e-9, `${bound} above the marginal ${marginal}`);
    }),
    RUNS,
  );
});

test('lazy equals eager to the last bit, and evaluates no more rows', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.integer(),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      fc.constantFrom<LengthUnit>('none', 'bytes', 'llmTokens', 'recognizerTokens'),
      fc.boolean(),
      async (seed, llmSeed, llmWeight, lengthUnit, mergeEqual) => {
        const run = async (asking: 'lazy' | 'eager') => {
          const scorer = new ToyScorer(vocab, llmSeed);
          const parts = { contexts: new ContextCache(scorer, 0), alphabet: whole, text };
          const options = { weights: { llmWeight, lengthUnit, byteBonusNats: 0.5 }, asking, mergeEqual } as const;
          const searcher = new FusionSearch(parts, {
            beams: 3,
            width: 6,
            nBest: 3,
            contextTokens: [],
            ...options,
          });
          const outcome = await searcher.search(new ToyRecognizer(WHOLE.length, { seed }));
          assert.equal(scorer.cached.size, 0, 'every cached node is released at the end');
          return { outcome, rows: scorer.rows };
        };
        const lazy = await run('lazy');
        const eager = await run('eager');
        assert.deepEqual(lazy.outcome.hypotheses, eager.outcome.hypotheses);
        assert.ok(lazy.rows <= eager.rows);
        assert.ok(lazy.outcome.stats.llmRowsFloor <= lazy.outcome.stats.llmRows);
      },
    ),
    RUNS,
  );
});

test('r = 0 equals a separate plain beam search', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 5 }), async (seed, beams) => {
      const recognizer = () => new ToyRecognizer(TOY_TOKENS.length, { seed, stepsMax: 5 });
      const options = {
        beams,
        nBest: beams,
        width: beams + 1,
        weights: { llmWeight: 0, lengthUnit: 'bytes', byteBonusNats: 0 },
      } as const;
      const { hypotheses, stats } = await search(new ToyScorer(vocab), options).search(recognizer());
      const plain = plainBeam(recognizer(), alphabet, beams);
      assert.deepEqual(
        hypotheses.map(({ tokens, recognizerLogProb }) => ({ tokens, logProb: recognizerLogProb })),
        plain,
      );
      assert.equal(stats.llmRows, 0);
    }),
    RUNS,
  );
});

test('a beam that never prunes finds the best of all hypotheses by the fused score', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.double({ min: 0.01, max: 0.99, noNaN: true }), async (seed, llmWeight) => {
      const tokens = WHOLE.slice(0, 4);
      const few = new ToyAlphabet(tokens);
      const recognizer = new ToyRecognizer(few.size, { seed, stepsMax: 4 });
      const scorer = new ToyScorer(vocab, seed);
      const weights = { llmWeight, lengthUnit: 'bytes', byteBonusNats: 0 } as const;
      const everything = 1000;
      const searcher = new FusionSearch(
        {
          contexts: new ContextCache(scorer),
          alphabet: few,
          text: new LlmText(new Map(), { dropLeadingSpace: false }),
        },
        { beams: everything, width: few.size, nBest: 1, weights, asking: 'lazy', contextTokens: [], mergeEqual: false },
      );
      const [best] = (await searcher.search(recognizer)).hypotheses;
      const context = scorer.child(null, vocab.bos);
      const score = ({ recognizerLogProb, tokens: ids, bytes }: ReturnType<typeof enumerate>[number]) =>
        ((1 - llmWeight) * recognizerLogProb) / Math.max(1, ids.length) +
        (llmWeight * Math.log(coverProbability(bytes, scorer, context))) / Math.max(1, bytes.length);
      const expected = Math.max(
        ...enumerate(recognizer, few)
          .filter(({ endLed }) => endLed)
          .map(score),
      );
      fc.pre(Number.isFinite(expected));
      assert.ok(Math.abs(best!.fused!.score - expected) < 1e-6, `${best!.fused!.score} against ${expected}`);
    }),
    { ...RUNS, numRuns: Math.min(RUNS.numRuns, 30) },
  );
});
