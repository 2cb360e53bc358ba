import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { goldEditsOf, readM2 } from '../../../../../services/eval/gec/m2-file.ts';
import { EditLattice } from '../../../../../services/eval/gec/m2-lattice.ts';
import { LatticeSearch, largeLatticePath } from '../../../../../services/eval/gec/m2-path.ts';
import { type M2Options, M2Scorer, tokensOf } from '../../../../../services/eval/gec/m2-scorer.ts';
import { SeededRandom } from '../../../../../services/eval/random.ts';
import type { GoldEdit } from '../../../../../services/eval/results.ts';

const goldenText = (name: string) =>
  readFileSync(new URL(`../../../../../../fixtures/golden/${name}`, import.meta.url), 'utf8');

/** What the published scorer counts on the same two files; see fixtures/golden/m2-scores.py. */
const PUBLISHED: {
  runs: Record<
    string,
    { printed: number[]; scores: number[]; counts: number[]; rows: [a: number, c: number, p: number, g: number][] }
  >;
} = JSON.parse(goldenText('m2-scores.json'));

const OPTIONS: Record<string, M2Options> = {
  default: {},
  'beta=1': { beta: 1 },
  'maxUnchangedWords=0': { maxUnchangedWords: 0 },
  'maxUnchangedWords=4': { maxUnchangedWords: 4 },
  ignoreWhitespaceCasing: { ignoreWhitespaceCasing: true },
};

test('annotators, counts and scores equal those of the published scorer, sentence by sentence', () => {
  const entries = readM2(goldenText('m2-gold.m2'));
  const system = goldenText('m2-system.txt').split('\n');
  assert.equal(entries.length, 600);
  assert.deepEqual(Object.keys(PUBLISHED.runs), Object.keys(OPTIONS));
  for (const [name, run] of Object.entries(PUBLISHED.runs)) {
    const scorer = new M2Scorer(OPTIONS[name]);
    entries.forEach((entry, i) => {
      const { annotator, correct, proposed, gold } = scorer.add(entry.source, system[i]!, goldEditsOf(entry));
      const number = entry.annotations[annotator]?.annotator ?? 0;
      assert.deepEqual([number, correct, proposed, gold], run.rows[i], `${name}, sentence ${i + 1}: ${entry.source}`);
    });
    const { correct, proposed, gold } = scorer.counts;
    assert.deepEqual([correct, proposed, gold], run.counts, name);
    const scores = [scorer.scores.precision, scorer.scores.recall, scorer.scores.f];
    assert.deepEqual(
      scores.map((value) => Number(value.toFixed(4))),
      run.printed,
      name,
    );
    scores.forEach((value, i) => {
      assert.ok(Math.abs(value - run.scores[i]!) < 1e-12, name);
    });
  }
});
