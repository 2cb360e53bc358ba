import assert from 'node:assert/strict';
import test from 'node:test';
import { sampling, seededRandom } from '../../../../models/whisper/sampling.ts';
import { TableSource } from '../../../support/toy-whisper.ts';

const next = (path: readonly number[]) => (path.length < 3 ? [1, 0.5, 0, -3] : [-5, -5, -5, 2]);

test('the same seed draws the same, another seed something else', async () => {
  const draw = async (seed: number) => {
    const search = sampling({ temperature: 1, seed, bestOf: 5, nBest: 5 });
    return (await search(new TableSource(8, next))).hypotheses.map(({ tokens }) => tokens.join());
  };
  assert.deepEqual(await draw(1), await draw(1));
  assert.notDeepEqual(await draw(1), await draw(2));
});

test('hypotheses are ranked by mean log-probability at temperature 1', async () => {
  const search = sampling({ temperature: 0.8, seed: 7, bestOf: 5, nBest: 5 });
  const { hypotheses } = await search(new TableSource(8, next));
  const means = hypotheses.map(({ tokens, recognizerLogProb }) => recognizerLogProb / Math.max(1, tokens.length));
  assert.deepEqual(
    means,
    [...means].sort((a, b) => b - a),
  );
});

test('draws follow the tempered distribution', async () => {
  const counts = [0, 0];
  for (let seed = 0; seed < 300; seed++) {
    const search = sampling({ temperature: 0.5, seed, bestOf: 1, nBest: 1 });
    const coin = (path: readonly number[]) => (path.length === 0 ? [1, 0, -99] : [-99, -99, 0]);
    const { hypotheses } = await search(new TableSource(4, coin));
    counts[hypotheses[0]!.tokens[0]!]!++;
  }
  // exp(1 / 0.5) to 1: 88 of 100.
  assert.ok(counts[0]! > 245 && counts[0]! < 282, `${counts}`);
});

test('the random numbers are spread over 0..1', () => {
  const random = seededRandom(5);
  const buckets = new Int32Array(10);
  for (let i = 0; i < 10_000; i++) buckets[Math.floor(random() * 10)]!++;
  assert.ok(buckets.every((count) => count > 850 && count < 1150));
});
