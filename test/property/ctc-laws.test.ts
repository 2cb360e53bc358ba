import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ContextCache } from '../../fusion/bytes/context-cache.ts';
import { byteRegex } from '../../fusion/constraint/byte-regex.ts';
import { alignChars, ctcLogProb } from '../../fusion/ctc/alignment.ts';
import { type CtcSearchOptions, type LineInput, LineSearch } from '../../fusion/ctc/decoder.ts';
import { type FaithfulLimits, faithfulRule, frameClasses } from '../../fusion/ctc/faithful.ts';
import { type FrameEntries, frameEntries } from '../../fusion/ctc/frame-entries.ts';
import { greedyPath } from '../../fusion/ctc/greedy.ts';
import { lettersOf } from '../../fusion/ctc/letters.ts';
import { runLockstep } from '../../fusion/ctc/lockstep.ts';
import { plainPrefixSearch } from '../../fusion/ctc/plain-prefix.ts';
import { LlmText } from '../../fusion/gfd/llm-text.ts';
import type { ByteConstraint } from '../../models/core/byte-constraint.ts';
import { toyLattice } from '../support/toy-lattice.ts';
import { TOY_PIECES, ToyAlphabet, ToyScorer, ToyVocab } from '../support/toy-model.ts';
import { coverProbability } from './oracle/brute-force.ts';
import { collapse, enumerateTexts, idsOfKey } from './oracle/ctc-enumeration.ts';

const RUNS = {
  seed: 20261125,
  includeErrorInReport: true,
  numRuns: Number(process.env['BYTEFUSE_PROPERTY_RUNS'] ?? 60),
};
const vocab = new ToyVocab(TOY_PIECES);
/** The blank has no text. */
const LETTERS = ['', 'a', 'b', 'c', ' ', 'é', '中'] as const;
const alphabet = new ToyAlphabet(LETTERS);
const bytesOf = (id: number) => alphabet.bytesOf(id);
const textOf = (id: number) => LETTERS[id]!;
const text = new LlmText(new Map(), { dropLeadingSpace: false });

const EXACT: CtcSearchOptions = {
  beams: 3,
  nBest: 3,
  llmWeight: 0.5,
  charBonusNats: 0.4,
  asking: 'lazy',
  spreadNats: Number.POSITIVE_INFINITY,
  settleChars: Number.POSITIVE_INFINITY,
  rowsMax: Number.POSITIVE_INFINITY,
  askAheadNats: 0,
  endBreak: false,
};

/** Lines that share a scorer, one after the other or side by side, as a page's lines do. */
async function searchAll(
  lines: readonly FrameEntries[],
  options: Partial<CtcSearchOptions>,
  scorer = new ToyScorer(vocab, 3),
  constraint: ByteConstraint | null = null,
) {
  const contexts = new ContextCache(scorer, 0);
  const llm = { contexts, text, textOf, prompt: '', before: 'ab c', contextCharsMax: 8 };
  const input = (entries: FrameEntries): LineInput => ({ entries, bytesOf, llm, constraint });
  const searches = lines.map((entries) => () => new LineSearch(input(entries), { ...EXACT, ...options }).decode());
  const outcome = await runLockstep(searches, scorer);
  assert.equal(scorer.cached.size, 0, 'every cached node is released at the end');
  return { outcomes: outcome.results, calls: outcome.calls, rows: scorer.rows };
}

const shape = fc.record({
  frames: fc.integer({ min: 1, max: 9 }),
  width: fc.integer({ min: 1, max: 4 }),
  size: fc.constant(LETTERS.length),
  sharpness: fc.constantFrom(1, 4, 9),
});

test('lambda 0 and beta 0 equal the plain prefix search to the last bit', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), shape, fc.integer({ min: 1, max: 6 }), async (seed, form, beams) => {
      const entries = frameEntries(toyLattice(seed, form));
      const plain = plainPrefixSearch(entries, beams);
      const { outcomes, rows } = await searchAll([entries], { beams, nBest: beams, llmWeight: 0, charBonusNats: 0 });
      assert.deepEqual(
        outcomes[0]!.readings.map(({ ids, ctcLogProb: logProb }) => ({ ids, logProb })),
        plain,
      );
      assert.equal(rows, 0);
    }),
    RUNS,
  );
});

test('a plain beam that never prunes has the probabilities that enumeration gives', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 }), (seed, frames, width) => {
      const lattice = toyLattice(seed, { frames, width, size: 4 });
      const expected = enumerateTexts(lattice);
      const found = plainPrefixSearch(frameEntries(lattice), 10_000);
      assert.equal(found.length, expected.size);
      for (const { ids, logProb } of found) {
        assert.ok(Math.abs(Math.exp(logProb) - expected.get(ids.join())!) < 1e-9, ids.join());
        const forward = ctcLogProb(frameEntries(lattice), ids);
        assert.ok(Math.abs(forward - logProb) < 1e-9, `${forward} against ${logProb}`);
      }
    }),
    RUNS,
  );
});

test('a beam that never prunes finds the best of all texts by the fused score', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.double({ min: 0.05, max: 2, noNaN: true }),
      fc.double({ min: 0, max: 2, noNaN: true }),
      fc.boolean(),
      async (seed, llmWeight, charBonusNats, endBreak) => {
        const lattice = toyLattice(seed, { frames: 4, width: 3, size: LETTERS.length });
        const scorer = new ToyScorer(new ToyVocab([...TOY_PIECES, '\n']), seed);
        const options = { beams: 10_000, nBest: 1, llmWeight, charBonusNats, endBreak };
        const { outcomes } = await searchAll([frameEntries(lattice)], options, scorer);
        let context = scorer.child(null, scorer.vocab.bos);
        for (const token of scorer.vocab.encode(new TextEncoder().encode('ab c'))) {
          context = scorer.child(context, token);
        }
        let expected = Number.NEGATIVE_INFINITY;
        const texts = [...enumerateTexts(lattice)].filter(([, probability]) => probability > 0);
        for (const [key, probability] of texts) {
          const ids = idsOfKey(key);
          const ending = endBreak && texts.length > 1 ? '\n' : '';
          const bytes = new TextEncoder().encode(ids.map(textOf).join('') + ending);
          const llm = Math.log(coverProbability(bytes, scorer, context));
          expected = Math.max(expected, Math.log(probability) + llmWeight * llm + charBonusNats * ids.length);
        }
        const { score } = outcomes[0]!.readings[0]!;
        assert.ok(Math.abs(score - expected) < 1e-6, `${score} against ${expected}`);
      },
    ),
    { ...RUNS, numRuns: Math.min(RUNS.numRuns, 30) },
  );
});

test('lazy equals eager to the last bit, and asks for no more rows', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.array(shape, { minLength: 1, maxLength: 4 }),
      fc.record({
        beams: fc.integer({ min: 1, max: 4 }),
        llmWeight: fc.double({ min: 0.05, max: 2, noNaN: true }),
        spreadNats: fc.constantFrom(2, 6, Number.POSITIVE_INFINITY),
        settleChars: fc.constantFrom(1, 2, 3, Number.POSITIVE_INFINITY),
        askAheadNats: fc.constantFrom(0, 2),
        endBreak: fc.boolean(),
      }),
      async (seed, forms, options) => {
        const lines = forms.map((form, i) => frameEntries(toyLattice(seed + i, form)));
        const scorer = () => new ToyScorer(new ToyVocab([...TOY_PIECES, '\n']), seed);
        const lazy = await searchAll(lines, { ...options, asking: 'lazy' }, scorer());
        const eager = await searchAll(lines, { ...options, asking: 'eager' }, scorer());
        lines.forEach((_, i) => {
          assert.deepEqual(lazy.outcomes[i]!.readings, eager.outcomes[i]!.readings);
          const { rows, rowsFloor } = lazy.outcomes[i]!;
          assert.ok(rowsFloor <= rows, `${rows} rows, and ${rowsFloor} were needed`);
        });
        assert.ok(lazy.rows <= eager.rows);
      },
    ),
    RUNS,
  );
});

test('lines side by side come out as each by itself, in no more calls than the longest of them needs', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.array(shape, { minLength: 2, maxLength: 5 }), async (seed, forms) => {
      const lines = forms.map((form, i) => frameEntries(toyLattice(seed + i, form)));
      const together = await searchAll(lines, {}, new ToyScorer(vocab, seed));
      let most = 0;
      for (const [i, line] of lines.entries()) {
        const single = await searchAll([line], {}, new ToyScorer(vocab, seed));
        assert.deepEqual(together.outcomes[i], single.outcomes[0]);
        most = Math.max(most, single.calls);
      }
      assert.equal(together.calls, most);
    }),
    RUNS,
  );
});

test('where only the best entry of each frame is allowed the text is the greedy one, and no row is asked', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), shape, async (seed, form) => {
      const lattice = toyLattice(seed, form);
      const zero = limitsOf(0);
      const entries = frameEntries(lattice, ruleOf(lattice, zero));
      const greedy = greedyPath(lattice).map(({ id }) => id);
      const { outcomes, rows } = await searchAll([entries], { llmWeight: 2, settleChars: 2 });
      assert.deepEqual(outcomes[0]!.readings[0]!.ids, greedy);
      assert.deepEqual(plainPrefixSearch(entries, 4)[0]!.ids, greedy);
      assert.equal(rows, 0);
      const best = Array.from({ length: lattice.frames }, (_, frame) => lattice.ids[frame * lattice.width]!);
      assert.deepEqual(greedy, collapse(best, lattice.blank));
    }),
    RUNS,
  );
});

test('every character of a faithful reading was within its limit at one of its frames', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), shape, fc.double({ min: 0, max: 4, noNaN: true }), async (seed, form, nats) => {
      const lattice = toyLattice(seed, form);
      const entries = frameEntries(lattice, ruleOf(lattice, limitsOf(nats)));
      const { outcomes } = await searchAll([entries], { llmWeight: 2, settleChars: 2 });
      const { ids } = outcomes[0]!.readings[0]!;
      const chars = alignChars(entries, ids);
      assert.ok(chars, 'the allowed entries spell the reading');
      for (const { id, startFrame, endFrame } of chars) {
        for (let frame = startFrame; frame < endFrame; frame++) {
          const from = frame * lattice.width;
          const at = lattice.ids.subarray(from, from + lattice.width).indexOf(id);
          assert.ok(lattice.logProbs[from]! - lattice.logProbs[from + at]! <= nats + 1e-6);
        }
      }
    }),
    RUNS,
  );
});

test('a constrained line is one that the constraint accepts, the best of all where the beam is wide, and never missed', async () => {
  const constraint = byteRegex('(?:ab|c中?|[abc]{2}é)( c)?');
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.constantFrom(1, 4, 10_000), async (seed, beams) => {
      const lattice = toyLattice(seed, { frames: 5, width: 3, size: LETTERS.length });
      const options = { beams, nBest: 1, llmWeight: 0, charBonusNats: 0 };
      const { outcomes } = await searchAll([frameEntries(lattice)], options, new ToyScorer(vocab), constraint);
      const allowed = [...enumerateTexts(lattice)].filter(
        ([key, probability]) =>
          probability > 0 && /^(?:ab|c中?|[abc]{2}é)( c)?$/u.test(idsOfKey(key).map(textOf).join('')),
      );
      const [reading] = outcomes[0]!.readings;
      if (allowed.length === 0) return assert.equal(reading, undefined);
      assert.ok(reading, 'the lattice holds an accepted text');
      const probability = new Map(allowed).get(reading.ids.join());
      assert.ok(probability !== undefined, `${reading.ids.map(textOf).join('')} is not accepted`);
      assert.ok(Math.abs(Math.exp(reading.ctcLogProb) - probability) < 1e-9);
      if (beams < 10_000) return;
      assert.ok(probability > Math.max(...allowed.map(([, each]) => each)) - 1e-9);
    }),
    RUNS,
  );
});

/** The same limit for everything. */
function limitsOf(nats: number): FaithfulLimits {
  const names = [
    'wordNats',
    'confusionNats',
    'nameNats',
    'seenNats',
    'caseNats',
    'markNats',
    'editNats',
    'dropNats',
    'faithfulNats',
    'digitNats',
  ];
  return Object.fromEntries(names.map((name) => [name, nats])) as unknown as FaithfulLimits;
}

function ruleOf(lattice: ReturnType<typeof toyLattice>, limits: FaithfulLimits) {
  const chars = greedyPath(lattice).map(({ id, ...frames }) => ({ text: textOf(id), ...frames }));
  const classes = frameClasses(chars, lattice.frames);
  const formOf = (one: string) => one;
  return faithfulRule({ classes, textOf, blank: lattice.blank, letters: lettersOf('other'), formOf }, limits);
}
