import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logSumExp } from '../../../../models/core/logprob.ts';
import { penalized, RowDistribution } from '../../../../models/llm/row-distribution.ts';
import { seeded } from '../convert/toy-gguf.ts';

const random = seeded(5);
const ROWS = 1000;
const LOGITS = Float32Array.from({ length: ROWS }, () => random() * 30 - 15);
const distribution = RowDistribution.ofLogits(LOGITS);

function expectedMass(logits: Float32Array, lo: number, hi: number): number {
  return logSumExp(logits, lo, hi) - logSumExp(logits);
}

test('the mass of any interval equals the sum over its rows', () => {
  for (let i = 0; i < 400; i++) {
    const lo = Math.floor(random() * ROWS);
    const hi = lo + Math.floor(random() * (ROWS - lo + 1));
    const found = distribution.logMass({ lo, hi });
    const expected = Math.min(0, expectedMass(LOGITS, lo, hi));
    if (lo === hi) assert.equal(found, Number.NEGATIVE_INFINITY);
    else assert.ok(Math.abs(found - expected) < 1e-6, `${lo}..${hi}: ${found} and ${expected}`);
  }
  assert.equal(distribution.logMass({ lo: 0, hi: ROWS }), 0);
});

test('a mass far below the best row keeps its digits, through underflow too', () => {
  for (const gap of [20, 60, 200, 2000]) {
    const logits = Float32Array.from({ length: ROWS }, (_, row) => (row === 3 ? 0 : -gap - (row % 7)));
    const low = RowDistribution.ofLogits(logits);
    const found = low.logMass({ lo: 130, hi: 900 });
    assert.ok(Math.abs(found - expectedMass(logits, 130, 900)) < 1e-5, `gap ${gap}: ${found}`);
  }
});

test('f32 sums of blocks, as a graph gives them, change a mass by no more than their rounding', () => {
  let max = Number.NEGATIVE_INFINITY;
  for (const logit of LOGITS) max = Math.max(max, logit);
  const sums = new Float32Array(Math.ceil(ROWS / 64));
  for (const [row, logit] of LOGITS.entries()) sums[row >> 6] = sums[row >> 6]! + Math.exp(logit - max);
  const fromGraph = new RowDistribution(LOGITS, max, sums);
  for (const [lo, hi] of [
    [0, 999],
    [1, 1000],
    [64, 640],
    [100, 700],
  ] as const) {
    assert.ok(Math.abs(fromGraph.logMass({ lo, hi }) - distribution.logMass({ lo, hi })) < 1e-5);
  }
});

test('a smaller interval never has more mass, up to rounding', () => {
  let previous = 0;
  for (let hi = ROWS; hi > 0; hi -= 7) {
    const mass = distribution.logMass({ lo: 0, hi });
    assert.ok(mass <= previous + 1e-9, `0..${hi}`);
    previous = mass;
  }
});

test('a penalty divides positive logits and multiplies negative ones, then the temperature divides all', () => {
  const base = RowDistribution.ofLogits(Float32Array.of(2, -1, 0.5));
  const changed = penalized(base, { temperature: 2, penalty: 4, rows: [0, 1, 1] });
  assert.deepEqual([...changed.logits], [0.25, -2, 0.25]);
  assert.deepEqual([...base.logits], [2, -1, 0.5]);
  assert.ok(Math.abs(changed.logProb(0) - (0.25 - Math.log(2 * Math.exp(0.25) + Math.exp(-2)))) < 1e-7);
});
