/** Bootstrap intervals cover the truth at their rate: simulated corpora whose true error rates are known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PairedComparison } from '../../services/eval/metric/paired-comparison.ts';
import { summarize } from '../../services/eval/metric/summary.ts';
import { SeededRandom } from '../../services/eval/random.ts';
import type { ItemResult } from '../../services/eval/results.ts';
import { itemResult, substitutions } from '../support/item-result.ts';

const ROUNDS = 1000;
const DRAWS = 250;
/** Share of 1,000 intervals that may cover: 95% with three standard errors (0.7%), and the percentile interval's shortfall. */
const [COVER_MIN, COVER_MAX] = [0.92, 0.97];
const RATE = 0.15;

/** Utterances of 5 to 24 words whose error chance is itself drawn around RATE; `perGroup` of a group share their chance. */
function corpus(random: SeededRandom, groups: number, perGroup: number): ItemResult[] {
  const items: ItemResult[] = [];
  for (let g = 0; g < groups; g++) {
    const chance = 2 * RATE * random.unit();
    for (let i = 0; i < perGroup; i++) {
      const words = 5 + random.below(20);
      let errors = 0;
      for (let w = 0; w < words; w++) if (random.unit() < chance) errors++;
      items.push(itemResult({ id: `${g}/${i}`, group: `${g}`, rates: { WER: substitutions(errors, words) } }));
    }
  }
  return items;
}

function coverage(covers: (round: number, random: SeededRandom) => boolean): number {
  const random = new SeededRandom(20260103);
  let covered = 0;
  for (let round = 0; round < ROUNDS; round++) if (covers(round, random)) covered++;
  return covered / ROUNDS;
}

function within(share: number): void {
  assert.ok(share >= COVER_MIN && share <= COVER_MAX, `${share} of the intervals cover the truth`);
}

const wer = (items: readonly ItemResult[], seed: number, groups: 'group' | 'item' = 'group') =>
  summarize(items, { seed, draws: DRAWS, groups }).find(({ metric }) => metric === 'WER')!;

test('95% intervals of a corpus rate cover it in 92 to 97% of 1,000 corpora', () => {
  within(
    coverage((round, random) => {
      const { low, high } = wer(corpus(random, 100, 1), round);
      return low! <= RATE && RATE <= high!;
    }),
  );
});

test('speakers drawn together cover as well, while single utterances claim too much', () => {
  const alone: boolean[] = [];
  within(
    coverage((round, random) => {
      const items = corpus(random, 60, 3);
      const single = wer(items, round, 'item');
      alone.push(single.low! <= RATE && RATE <= single.high!);
      const { low, high } = wer(items, round);
      return low! <= RATE && RATE <= high!;
    }),
  );
  const share = alone.filter(Boolean).length / ROUNDS;
  assert.ok(
    share < COVER_MIN - 0.04,
    `${share} of the intervals cover the truth though utterances depend on each other`,
  );
});

test('95% intervals of a paired difference cover it in 92 to 97% of 1,000 pairs', () => {
  within(
    coverage((round, random) => {
      const a = corpus(random, 100, 1);
      // B mends each error of A with chance 1/4, so the true difference is a quarter of the rate.
      const b = a.map((item) => {
        const { substitutions: errors, refUnits } = item.rates.WER!;
        let left = 0;
        for (let i = 0; i < errors; i++) if (random.unit() >= 0.25) left++;
        return { ...item, rates: { WER: substitutions(left, refUnits) } };
      });
      const comparison = new PairedComparison(['a', 'b']);
      for (const [i, item] of a.entries()) comparison.add([item, b[i]!]);
      const { low, high } = comparison.compare({ seed: round, draws: DRAWS })[0]!.differenceInterval;
      return low <= -RATE / 4 && -RATE / 4 <= high;
    }),
  );
});

test('95% intervals of F0.5 cover it in 92 to 97% of 1,000 corpora', () => {
  // Each sentence has two edits to be made, found with chance 0.5, and proposes one more with chance 0.25.
  const truth = (1.25 * 0.8 * 0.5) / (0.25 * 0.8 + 0.5);
  within(
    coverage((round, random) => {
      const items = Array.from({ length: 120 }, (_, i) => {
        const tp = Number(random.unit() < 0.5) + Number(random.unit() < 0.5);
        return itemResult({ id: `${i}`, edits: { all: { tp, fp: Number(random.unit() < 0.25), fn: 2 - tp } } });
      });
      const { low, high } = summarize(items, { seed: round, draws: DRAWS }).find(({ metric }) => metric === 'F0.5')!;
      return low! <= truth && truth <= high!;
    }),
  );
});

test('95% intervals of a rare over-correction cover it', () => {
  const share = coverage((round, random) => {
    const items = Array.from({ length: 80 }, (_, i) =>
      itemResult({ id: `${i}`, clean: { sourceCorrect: true, changed: random.unit() < 0.03 } }),
    );
    const { low, high } = summarize(items, { seed: round, draws: 2 }).find(
      ({ metric }) => metric === 'over-correction',
    )!;
    return low! <= 0.03 && 0.03 <= high!;
  });
  // Counts are few, so the rate of coverage is coarse: Wilson's interval errs by a percent or two either way.
  assert.ok(share >= 0.92 && share <= 0.99, `${share} of the intervals cover the truth`);
});
