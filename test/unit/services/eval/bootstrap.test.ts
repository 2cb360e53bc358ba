import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootstrapRate, median, pairedBootstrap, quantile } from '../../../../services/eval/bootstrap.ts';
import type { EditCounts } from '../../../../services/eval/error-rate.ts';
import { SeededRandom } from '../../../../services/eval/random.ts';

const utterance = (errors: number, refUnits: number): EditCounts => ({
  refUnits,
  hypUnits: refUnits,
  substitutions: errors,
  deletions: 0,
  insertions: 0,
});

/** Utterances of 5-24 units, whose error chance is itself drawn around `rate`: clips are not alike. */
function simulate(random: SeededRandom, count: number, rate: number): EditCounts[] {
  return Array.from({ length: count }, () => {
    const units = 5 + random.below(20);
    const chance = 2 * rate * random.unit();
    let errors = 0;
    for (let i = 0; i < units; i++) if (random.unit() < chance) errors++;
    return utterance(errors, units);
  });
}

test('the same seed gives the same interval, another seed another one', () => {
  const counts = simulate(new SeededRandom(1), 50, 0.2);
  const options = { draws: 200, seed: 3, confidence: 0.95 };
  assert.deepEqual(bootstrapRate(counts, options), bootstrapRate(counts, options));
  assert.notDeepEqual(bootstrapRate(counts, options), bootstrapRate(counts, { ...options, seed: 4 }));
});

test('95% intervals cover the true rate about 95 times in 100', () => {
  const random = new SeededRandom(11);
  const rounds = 400;
  let covered = 0;
  for (let round = 0; round < rounds; round++) {
    const { low, high } = bootstrapRate(simulate(random, 80, 0.15), { draws: 300, seed: round, confidence: 0.95 });
    if (low <= 0.15 && 0.15 <= high) covered++;
  }
  // Three standard errors of the share (0.011) below, and the known shortfall of percentile intervals.
  assert.ok(covered / rounds > 0.9 && covered / rounds < 0.99, `covered ${covered} of ${rounds}`);
});

test('intervals of a paired difference cover the truth, and are narrower than the single ones', () => {
  const random = new SeededRandom(12);
  const rounds = 300;
  let covered = 0;
  let narrower = 0;
  for (let round = 0; round < rounds; round++) {
    const a = simulate(random, 80, 0.2);
    // B mends each error of A with chance 0.25: the true difference is -0.05.
    const b = a.map((counts) => {
      let errors = 0;
      for (let i = 0; i < counts.substitutions; i++) if (random.unit() >= 0.25) errors++;
      return utterance(errors, counts.refUnits);
    });
    const options = { draws: 300, seed: round, confidence: 0.95 };
    const { differenceInterval } = pairedBootstrap(a, b, options);
    if (differenceInterval.low <= -0.05 && -0.05 <= differenceInterval.high) covered++;
    const single = bootstrapRate(a, options);
    if (differenceInterval.high - differenceInterval.low < single.high - single.low) narrower++;
  }
  assert.ok(covered / rounds > 0.89 && covered / rounds < 0.99, `covered ${covered} of ${rounds}`);
  assert.ok(narrower / rounds > 0.95);
});

test('a paired estimate knows which system is better', () => {
  const a = Array.from({ length: 30 }, (_, i) => utterance(i % 3, 10));
  const better = pairedBootstrap(
    a,
    a.map((counts) => utterance(Math.max(0, counts.substitutions - 1), 10)),
  );
  assert.ok(better.difference < 0 && better.differenceInterval.high < 0 && better.betterShare === 1);
  const same = pairedBootstrap(a, a);
  assert.deepEqual([same.difference, same.relative, same.betterShare], [0, 0, 0.5]);
});

test('utterances of one group are drawn together, so one group has no spread', () => {
  const counts = simulate(new SeededRandom(5), 20, 0.3);
  const options = { draws: 100, seed: 1, confidence: 0.95, groups: counts.map(() => 'one speaker') };
  const { rate, low, high } = bootstrapRate(counts, options);
  assert.equal(low, rate);
  assert.equal(high, rate);
});

test('systems that do not pair up are refused', () => {
  assert.throws(() => pairedBootstrap([utterance(0, 1)], []), RangeError);
  assert.throws(() => pairedBootstrap([utterance(0, 1)], [utterance(0, 2)]), /normalized differently/);
  assert.throws(() => bootstrapRate([]), RangeError);
});

test('quantiles are interpolated and the median of an even count is the middle', () => {
  assert.equal(quantile([1, 2, 3, 5], 0.5), 2.5);
  assert.equal(quantile([1, 2], 1), 2);
  assert.equal(median([9, 1, 5]), 5);
  assert.ok(Number.isNaN(median([])));
});
