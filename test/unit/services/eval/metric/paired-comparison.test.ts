import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BootstrapOptions, pairedBootstrap } from '../../../../../services/eval/bootstrap.ts';
import type { EditCounts } from '../../../../../services/eval/error-rate.ts';
import { UNITS_MAX } from '../../../../../services/eval/metric/limits.ts';
import { PairedComparison } from '../../../../../services/eval/metric/paired-comparison.ts';
import { SeededRandom } from '../../../../../services/eval/random.ts';
import type { Hits } from '../../../../../services/eval/results.ts';
import { toyResult } from '../../../../support/toy-evaluation.ts';

function randomCounts(random: SeededRandom, refUnits: number): EditCounts {
  return {
    refUnits,
    hypUnits: refUnits,
    substitutions: random.below(4),
    deletions: random.below(2),
    insertions: random.below(2),
  };
}

test('error rates: the numbers of pairedBootstrap, groups included', () => {
  const random = new SeededRandom(3);
  const lengths = Array.from({ length: 40 }, () => 5 + random.below(20));
  const [a, b] = [0, 1].map(() => lengths.map((length) => randomCounts(random, length))) as [
    EditCounts[],
    EditCounts[],
  ];
  const groups = lengths.map((_, i) => `speaker-${i % 7}`);
  const comparison = new PairedComparison(['a', 'b']);
  lengths.forEach((_, i) => {
    const result = (system: string, counts: EditCounts) =>
      toyResult(`${i}`, system, { group: groups[i]!, rates: { WER: counts } });
    comparison.add([result('a', a[i]!), result('b', b[i]!)]);
  });
  const options: BootstrapOptions = { seed: 5, draws: 300, confidence: 0.95, groups };
  const [row] = comparison.compare(options);
  const expected = pairedBootstrap(a, b, options);
  // The same numbers but for the order of a division and a difference.
  const close = (x: number, y: number) => assert.ok(Math.abs(x - y) < 1e-12, `${x} for ${y}`);
  for (const name of ['rateA', 'rateB', 'difference', 'relative', 'betterShare'] as const)
    close(row![name], expected[name]);
  for (const name of ['differenceInterval', 'relativeInterval'] as const) {
    close(row![name].low, expected[name].low);
    close(row![name].high, expected[name].high);
  }
});

test('languages with different rates are compared apart', () => {
  const comparison = new PairedComparison(['a', 'b', 'c']);
  const counts = { refUnits: 4, hypUnits: 4, substitutions: 1, deletions: 0, insertions: 0 };
  for (let i = 0; i < 4; i++) {
    const about = i % 2 ? { language: 'zh', rates: { CER: counts } } : { language: 'en', rates: { WER: counts } };
    comparison.add(['a', 'b', 'c'].map((system) => toyResult(`${i}`, system, about)));
  }
  assert.deepEqual(
    comparison
      .compare({ seed: 1, draws: 10 })
      .map(({ b, metric, slice, rateB, betterShare }) => [b, metric, slice, rateB, betterShare]),
    [
      ['b', 'WER', 'lang=en', 0.25, 0.5],
      ['c', 'WER', 'lang=en', 0.25, 0.5],
      ['b', 'CER', 'lang=zh', 0.25, 0.5],
      ['c', 'CER', 'lang=zh', 0.25, 0.5],
    ],
  );
});

test('gec is compared by F0.5 of summed edits, and more is better', () => {
  const comparison = new PairedComparison(['a', 'b']);
  const hits: [Hits, Hits][] = [
    [
      { tp: 1, fp: 1, fn: 2 },
      { tp: 2, fp: 0, fn: 1 },
    ],
    [
      { tp: 0, fp: 2, fn: 1 },
      { tp: 1, fp: 0, fn: 0 },
    ],
  ];
  hits.forEach(([a, b], i) => {
    comparison.add([toyResult(`${i}`, 'a', { edits: { all: a } }), toyResult(`${i}`, 'b', { edits: { all: b } })]);
  });
  const [row] = comparison.compare({ seed: 1, draws: 200 });
  const f = (tp: number, fp: number, fn: number) => {
    const [precision, recall] = [tp / (tp + fp), tp / (tp + fn)];
    return (1.25 * precision * recall) / (0.25 * precision + recall);
  };
  assert.ok(Math.abs(row!.rateA - f(1, 3, 3)) < 1e-12);
  assert.ok(Math.abs(row!.rateB - f(3, 0, 1)) < 1e-12);
  assert.equal(row!.metric, 'F0.5');
  assert.equal(row!.betterShare, 1);
});

test('ner is compared by entity recall', () => {
  const comparison = new PairedComparison(['a', 'b'], { isNer: true });
  const entities = (tp: number) => ({ entities: { tp, fp: 0, fn: 4 - tp } });
  comparison.add([toyResult('1', 'a', entities(1)), toyResult('1', 'b', entities(3))]);
  const [row] = comparison.compare({ seed: 1, draws: 20 });
  assert.deepEqual([row!.metric, row!.rateA, row!.rateB, row!.betterShare], ['entity recall', 0.25, 0.75, 1]);
});

test('beyond the bound, groups are pooled: rates are exact, intervals of the same size', () => {
  const random = new SeededRandom(11);
  const comparison = new PairedComparison(['a', 'b']);
  const count = UNITS_MAX + 5_000;
  let errors = 0;
  for (let i = 0; i < count; i++) {
    const wrong = random.below(2);
    errors += wrong;
    const counts = (substitutions: number) => ({
      refUnits: 1,
      hypUnits: 1,
      substitutions,
      deletions: 0,
      insertions: 0,
    });
    comparison.add([
      toyResult(`${i}`, 'a', { rates: { WER: counts(wrong) } }),
      toyResult(`${i}`, 'b', { rates: { WER: counts(0) } }),
    ]);
  }
  const [row] = comparison.compare({ seed: 1, draws: 60 });
  assert.equal(row!.rateA, errors / count);
  const { low, high } = row!.differenceInterval;
  const expected = (2 * 1.96 * 0.5) / Math.sqrt(count);
  assert.ok((high - low) / expected > 0.6 && (high - low) / expected < 1.5, `${high - low} for ${expected}`);
});
