import assert from 'node:assert/strict';
import test from 'node:test';
import { fullWindow, mergedPadding } from '../../../../models/whisper/merged-padding.ts';

const OPTIONS = { guardFrames: 100, every: 8 };

test('kept frames weigh as many as the window has', () => {
  for (const realMel of [1, 37, 400, 1500, 2000, 2700]) {
    const plan = mergedPadding(realMel, 1500, OPTIONS);
    const weight = plan.bias.reduce((sum, log) => sum + Math.exp(log), 0);
    assert.ok(Math.abs(weight - 1500) < 1e-2, `${realMel} mel frames: ${weight}`);
  }
});

test('real and guard frames are kept at their places, the rest at every eighth', () => {
  const plan = mergedPadding(400, 1500, OPTIONS);
  assert.equal(plan.realFrames, 200);
  assert.equal(plan.exact, false);
  const dense = 300;
  for (let i = 0; i < dense; i++) {
    assert.equal(plan.keep[i], BigInt(i));
    assert.equal(plan.position[i], BigInt(i));
    assert.equal(plan.bias[i], 0);
  }
  assert.deepEqual([...plan.position.slice(dense, dense + 3)], [300n, 308n, 316n]);
  assert.ok(plan.position[plan.position.length - 1]! < 1500n);
});

test('thinned frames look like one that sees padding alone and no edge of the mel', () => {
  const plan = mergedPadding(401, 1500, OPTIONS);
  const alike = Number(plan.keep[plan.keep.length - 1]);
  // A convolution output sees mel frames 2i - 2 .. 2i + 2.
  assert.ok(2 * alike - 2 > 401);
  assert.ok(2 * alike + 2 < plan.melFrames - 1);
  assert.equal(plan.melFrames % 2, 0);
});

test('a window that is nearly full is taken whole', () => {
  assert.equal(mergedPadding(2900, 1500, OPTIONS).exact, true);
  const full = fullWindow(400, 1500);
  assert.deepEqual([full.melFrames, full.keep.length, full.realFrames, full.exact], [3000, 1500, 200, true]);
});
