import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { charEdits, charTokens } from '../../services/eval/gec/char-edits.ts';
import { GecScorer, scoreGecItem } from '../../services/eval/gec/gec-score.ts';
import { type M2Entry, readM2, writeM2 } from '../../services/eval/gec/m2-file.ts';
import { M2Scorer, tokensOf } from '../../services/eval/gec/m2-scorer.ts';
import { tokenListEdits } from '../../services/eval/gec/token-edits.ts';
import type { GoldEdit } from '../../services/eval/results.ts';

/** Few different tokens, so that repetitions and moves are frequent. */
const chars = fc.array(fc.constantFrom(...'我你他书看，。'), { maxLength: 14 }).map((list) => list.join(''));
const words = fc.array(fc.constantFrom('ben', 'Ben', 'de', 'bende', 'okul', 'okulda', 'da', 'mi', ',', '.', 'gel'), {
  maxLength: 10,
});
const language = fc.constantFrom('tr', 'en');
const tokens = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 9 });
const goldFor = (length: number): fc.Arbitrary<GoldEdit[]> =>
  fc.array(
    fc
      .tuple(fc.nat(length), fc.nat(3), fc.array(tokens, { minLength: 1, maxLength: 2 }), fc.constantFrom('x', 'y'))
      .map(([start, span, corrections, type]) => ({
        start,
        end: Math.min(length, start + span),
        type,
        corrections: corrections.map((correction) => correction.slice(0, 3).join(' ')),
      })),
    { maxLength: 4 },
  );
const m2Sentence = tokens.chain((source) =>
  fc.record({
    source: fc.constant(source),
    hypothesis: tokens,
    annotators: fc.array(goldFor(source.length), { minLength: 1, maxLength: 3 }),
  }),
);

test('edits applied to the source give the target: characters, in every alignment', () => {
  fc.assert(
    fc.property(chars, chars, (source, target) => {
      for (const edits of charEdits(source, target)) {
        assert.equal(applied(charTokens(source), edits).join(''), target, JSON.stringify(edits));
      }
    }),
    { seed: 1, numRuns: 1000 },
  );
});

test('edits applied to the source give the target: words', () => {
  fc.assert(
    fc.property(words, words, language, (source, target, tag) => {
      assert.deepEqual(applied(source, tokenListEdits(source, target, tag)), target);
    }),
    { seed: 2, numRuns: 1000 },
  );
});

test('edits stand from left to right, change something, and do not overlap', () => {
  fc.assert(
    fc.property(words, words, language, (source, target, tag) => {
      let at = 0;
      for (const { start, end, corrections } of tokenListEdits(source, target, tag)) {
        assert.ok(start >= at && end >= start);
        assert.notEqual(source.slice(start, end).join(' '), corrections[0]);
        at = end;
      }
    }),
    { seed: 3, numRuns: 600 },
  );
});

test('the path of the M2 scorer spells the hypothesis, whatever the gold edits', () => {
  fc.assert(
    fc.property(m2Sentence, ({ source, hypothesis, annotators }) => {
      const { edits, correct, proposed, gold, missed } = new M2Scorer().add(
        source.join(' '),
        hypothesis.join(' '),
        annotators,
      );
      const made = edits.map(({ edit }) => ({ ...edit, type: '', corrections: [edit.correction] }));
      assert.deepEqual(applied(source, made), hypothesis);
      assert.equal(made.length, proposed);
      assert.equal(edits.flatMap(({ matches }) => matches).length, correct);
      assert.equal(gold - missed.length, correct);
    }),
    { seed: 4, numRuns: 700 },
  );
});

test('M2 counts do not depend on the names of types, on other words for the same tokens, or on a repeated annotator', () => {
  const other = new Map([
    ['a', '我'],
    ['b', 'ışık'],
    ['c', '.'],
    ['d', 'x-y'],
  ]);
  const rename = (list: readonly string[]) => list.map((token) => other.get(token)!).join(' ');
  fc.assert(
    fc.property(m2Sentence, ({ source, hypothesis, annotators }) => {
      const count = (...args: Parameters<M2Scorer['add']>) => {
        const { correct, proposed, gold } = new M2Scorer().add(...args);
        return [correct, proposed, gold];
      };
      const [from, to] = [source.join(' '), hypothesis.join(' ')];
      const expected = count(from, to, annotators);
      const renamed = annotators.map((edits) =>
        edits.map((edit) => ({
          ...edit,
          type: 'z',
          corrections: edit.corrections.map((correction) => rename(tokensOf(correction))),
        })),
      );
      assert.deepEqual(count(rename(source), rename(hypothesis), renamed), expected);
      assert.deepEqual(count(from, to, [...annotators, ...annotators]), expected);
    }),
    { seed: 5, numRuns: 400 },
  );
});

test('a hypothesis that is the source proposes nothing, and one that is the reference has no error left', () => {
  const item = fc.oneof(
    fc.record({ language: fc.constant('zh'), source: chars, target: chars }),
    fc.record({
      language,
      source: words.map((list) => list.join(' ')),
      target: words.map((list) => list.join(' ')),
    }),
  );
  fc.assert(
    fc.property(item, ({ language, source, target }) => {
      const kept = scoreGecItem({ language, source, hypothesis: source, references: [target] });
      assert.deepEqual([kept.edits['all']!.tp, kept.edits['all']!.fp, kept.clean.changed], [0, 0, false]);
      const right = scoreGecItem({ language, source, hypothesis: target, references: [target] });
      assert.deepEqual([right.edits['all']!.fp, right.edits['all']!.fn, right.exact], [0, 0, true]);
      const untouched = scoreGecItem({ language, source, hypothesis: source, references: [], goldEdits: [[]] });
      assert.deepEqual(untouched.edits, { all: { tp: 0, fp: 0, fn: 0 } });
    }),
    { seed: 6, numRuns: 400 },
  );
});

test('with one reference the sums do not depend on the order of the items, and all is the sum of the types', () => {
  const item = fc.record({ language: fc.constantFrom('zh', 'tr'), source: chars, hypothesis: chars, reference: chars });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 6 }), (items) => {
      const run = (list: typeof items) => {
        const scorer = new GecScorer();
        for (const { reference, ...rest } of list) scorer.add({ ...rest, references: [reference] });
        return scorer.summary;
      };
      const { hits, byType } = run(items);
      assert.deepEqual(run([...items].reverse()).hits, hits);
      for (const kind of ['tp', 'fp', 'fn'] as const) {
        assert.equal(
          [...byType.values()].reduce((sum, type) => sum + type[kind], 0),
          hits[kind],
        );
      }
    }),
    { seed: 7, numRuns: 300 },
  );
});

test('an M2 file of several annotators is read back as it was written', () => {
  const entry = m2Sentence.map(
    ({ source, annotators }): M2Entry => ({
      source: source.join(' '),
      annotations: annotators.map((edits, i) => ({ annotator: 3 * i, edits })),
    }),
  );
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 5 }), (entries) => {
      assert.deepEqual(readM2(writeM2(entries)), entries);
    }),
    { seed: 8, numRuns: 500 },
  );
});

/** The definition: edits from the last to the first, each puts its text in the place of its tokens. */
function applied(source: readonly string[], edits: readonly GoldEdit[]): string[] {
  const out = [...source];
  for (const { start, end, corrections } of [...edits].reverse())
    out.splice(start, end - start, ...tokensOf(corrections[0]!));
  return out;
}
