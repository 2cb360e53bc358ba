import assert from 'node:assert/strict';
import test from 'node:test';
import { plainBeam } from '../../../../models/whisper/plain-beam.ts';
import { seededRandom } from '../../../../models/whisper/sampling.ts';
import { TableSource } from '../../../support/toy-whisper.ts';

const TOKENS = 3;
const STEPS = 4;

/** The same logits for the same path. */
function table(seed: number): (path: readonly number[]) => number[] {
  return (path) => {
    const random = seededRandom(path.reduce((mixed, token) => mixed * 7 + token + 1, seed * 1000));
    return Array.from({ length: TOKENS + 1 }, () => random() * 4);
  };
}

/** Every ended hypothesis shorter than STEPS tokens, by enumeration. */
function allEnded(next: (path: readonly number[]) => number[]) {
  const out: { tokens: number[]; sum: number }[] = [];
  const walk = (tokens: number[], sum: number) => {
    const values = next(tokens);
    const total = Math.log(values.reduce((at, value) => at + Math.exp(value), 0));
    out.push({ tokens, sum: sum + values[TOKENS]! - total });
    if (tokens.length === STEPS - 1) return;
    for (let id = 0; id < TOKENS; id++) walk([...tokens, id], sum + values[id]! - total);
  };
  walk([], 0);
  return out;
}

test('a beam that never prunes finds the best mean of all ended hypotheses', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const next = table(seed);
    const beams = TOKENS ** STEPS + 1;
    const { hypotheses } = await plainBeam({ beams, nBest: 3 })(new TableSource(STEPS, next));
    const mean = (path: { tokens: readonly number[]; sum: number }) => path.sum / Math.max(1, path.tokens.length);
    const best = allEnded(next).sort((a, b) => mean(b) - mean(a));
    assert.deepEqual(hypotheses[0]!.tokens, best[0]!.tokens, `seed ${seed}`);
    assert.ok(Math.abs(hypotheses[0]!.recognizerLogProb - best[0]!.sum) < 1e-5);
    assert.deepEqual(
      hypotheses.map(({ tokens }) => tokens),
      best.slice(0, 3).map(({ tokens }) => tokens),
    );
  }
});

test('token log-probabilities sum to the score, end of text included', async () => {
  const { hypotheses } = await plainBeam({ beams: 3, nBest: 3 })(new TableSource(STEPS, table(4)));
  for (const { tokens, tokenLogProbs, recognizerLogProb, ended } of hypotheses) {
    assert.equal(tokenLogProbs.length, tokens.length + (ended ? 1 : 0));
    assert.equal(
      tokenLogProbs.reduce((sum, value) => sum + value, 0),
      recognizerLogProb,
    );
  }
});

test('a hypothesis without an end is cut at the last step', async () => {
  const endless = () => [0, -1, -2, Number.NEGATIVE_INFINITY];
  const { hypotheses, stats } = await plainBeam({ beams: 2, nBest: 1 })(new TableSource(5, endless));
  assert.deepEqual(hypotheses[0]!.tokens, [0, 0, 0, 0, 0]);
  assert.equal(hypotheses[0]!.ended, false);
  assert.equal(stats.steps, 5);
});

test('equal scores go to the lower id', async () => {
  const flat = (path: readonly number[]) => (path.length < 2 ? [0, 0, 0, -9] : [-9, -9, -9, 0]);
  const { hypotheses } = await plainBeam({ beams: 2, nBest: 2 })(new TableSource(6, flat));
  assert.deepEqual(
    hypotheses.map(({ tokens }) => tokens),
    [
      [0, 0],
      [0, 1],
    ],
  );
});

test('the search stops when as many hypotheses have ended as there are beams', async () => {
  const eager = () => [0, -1, -2, 1];
  const { stats } = await plainBeam({ beams: 2, nBest: 1 })(new TableSource(50, eager));
  assert.ok(stats.steps <= 3, `${stats.steps} steps`);
});
