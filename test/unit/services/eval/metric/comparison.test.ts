import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../../models/core/app-error.ts';
import { pairedBootstrap } from '../../../../../services/eval/bootstrap.ts';
import { compareSystems } from '../../../../../services/eval/metric/comparison.ts';
import { SeededRandom } from '../../../../../services/eval/random.ts';
import { itemResult, substitutions } from '../../../../support/item-result.ts';

const OPTIONS = { seed: 1, draws: 500 };

function system(seed: number, mended: number) {
  const random = new SeededRandom(seed);
  return Array.from({ length: 100 }, (_, i) => {
    const errors = Math.max(0, random.below(4) - mended);
    return itemResult({ id: String(i).padStart(3, '0'), rates: { WER: substitutions(errors, 10) } });
  });
}

test('the difference and its interval are those of the paired bootstrap', () => {
  const [a, b] = [system(1, 0), system(1, 1)];
  const { metrics, paired } = compareSystems(a, b, OPTIONS);
  const counts = (items: typeof a) => items.map(({ rates }) => rates.WER!);
  const plain = pairedBootstrap(counts(a), counts(b), { ...OPTIONS, confidence: 0.95 });
  const { metric, slice, items, better, ...estimate } = metrics[0]!;
  assert.deepEqual([metric, slice, items, better, paired], ['WER', '', 100, 'lower', 100]);
  assert.ok(estimate.differenceInterval.high < 0 && estimate.betterShare === 1);
  for (const key of ['rateA', 'rateB', 'difference', 'relative', 'betterShare'] as const) {
    assert.ok(Math.abs(estimate[key] - plain[key]) < 1e-12, key);
  }
  // Same seed, same order of units, same draws.
  assert.ok(Math.abs(estimate.differenceInterval.low - plain.differenceInterval.low) < 1e-12);
  assert.ok(Math.abs(estimate.relativeInterval.high - plain.relativeInterval.high) < 1e-12);
});

test('only items that both have are compared, each once', () => {
  const [a, b] = [system(1, 0), system(1, 0)];
  const { paired, onlyA, onlyB, metrics } = compareSystems(a.slice(0, 60), [...b.slice(50), b[50]!], OPTIONS);
  assert.deepEqual([paired, onlyA, onlyB], [10, 50, 40]);
  assert.deepEqual([metrics[0]!.items, metrics[0]!.difference, metrics[0]!.betterShare], [10, 0, 0.5]);
});

test('a metric that one side lacks for an item is left out for that item', () => {
  const a = [
    itemResult({ id: '1', entities: { tp: 1, fp: 0, fn: 0 } }),
    itemResult({ id: '2', entities: { tp: 0, fp: 0, fn: 1 } }),
  ];
  const b = [itemResult({ id: '1', entities: { tp: 0, fp: 0, fn: 1 } }), itemResult({ id: '2' })];
  const [recall] = compareSystems(a, b, OPTIONS).metrics;
  assert.deepEqual([recall?.metric, recall?.items, recall?.rateA, recall?.rateB], ['entity recall', 1, 1, 0]);
  // Higher is better here, so B is never better.
  assert.equal(recall?.betterShare, 0);
});

test('languages are compared one by one where there are several', () => {
  const both = [
    itemResult({ id: '1', rates: { WER: substitutions(1, 2) } }),
    itemResult({ id: '2', language: 'tr', rates: { WER: substitutions(0, 2) } }),
  ];
  const slices = compareSystems(both, both, OPTIONS).metrics.map(({ slice }) => slice);
  assert.deepEqual(slices, ['', 'lang=en', 'lang=tr']);
});

test('runs that were judged against different references are refused by name', () => {
  const a = [itemResult({ id: 'one.wav', rates: { WER: substitutions(1, 2) } })];
  const b = [itemResult({ id: 'one.wav', rates: { WER: substitutions(1, 3) } })];
  assert.throws(
    () => compareSystems(a, b, OPTIONS),
    (error) =>
      error instanceof AppError &&
      error.code === 'invalid_option' &&
      /^one\.wav: .*2 and 3 units of WER/u.test(error.message),
  );
});

test('nothing in common compares to nothing', () => {
  assert.deepEqual(compareSystems([itemResult({ id: '1' })], [itemResult({ id: '2' })], OPTIONS), {
    metrics: [],
    paired: 0,
    onlyA: 1,
    onlyB: 1,
  });
});
