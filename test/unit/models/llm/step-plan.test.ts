import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paddedCount, planStep, type TreeNode } from '../../../../models/llm/step-plan.ts';

function node(token: number, parent: TreeNode | null, slot = -1): TreeNode {
  return { token, parent, depth: parent === null ? 0 : parent.depth + 1, slot };
}

/** Columns that row `i` may see. */
function seen(mask: Float32Array, i: number, columns: number): number[] {
  return [...mask.subarray(i * columns, (i + 1) * columns).entries()].filter(([, x]) => x === 0).map(([c]) => c);
}

test('a node sees its cached ancestors by slot, its new ancestors by place, and itself', () => {
  const root = node(9, null, 3);
  const a = node(1, root);
  const b = node(2, a);
  const c = node(3, root);
  const plan = planStep([a, c, b], [b, c], 4, 100);
  assert.deepEqual([...plan.tokens], [1n, 3n, 2n]);
  assert.deepEqual([...plan.positions], [1n, 1n, 2n]);
  assert.deepEqual([...plan.rows], [2n, 1n]);
  assert.deepEqual(seen(plan.maskGlobal, 0, 7), [3, 4]);
  assert.deepEqual(seen(plan.maskGlobal, 1, 7), [3, 5]);
  assert.deepEqual(seen(plan.maskGlobal, 2, 7), [3, 4, 6]);
  assert.equal(plan.maskLocal, plan.maskGlobal);
});

test('beyond the window, local layers see only what is near', () => {
  let last = node(0, null, 0);
  for (let depth = 1; depth < 5; depth++) last = node(depth, last, depth);
  const next = node(7, last);
  const plan = planStep([next], [next], 8, 3);
  assert.deepEqual(seen(plan.maskGlobal, 0, 9), [0, 1, 2, 3, 4, 8]);
  assert.deepEqual(seen(plan.maskLocal, 0, 9), [3, 4, 8]);
});

test('padding nodes see only themselves', () => {
  const root = node(9, null, 0);
  const nodes = Array.from({ length: 7 }, (_, i) => node(i, root));
  const plan = planStep(nodes, [], 2, 100);
  assert.equal(plan.tokens.length, 8);
  assert.deepEqual(seen(plan.maskGlobal, 7, 10), [9]);
  assert.deepEqual([...plan.rows], [0n]);
});

test('an ancestor that is nowhere is an error, not a silent gap', () => {
  const lost = node(1, node(0, null, -1));
  assert.throws(() => planStep([lost], [lost], 4, 100), /neither cached/);
});

test('padding never takes away, and adds at most a quarter above six', () => {
  for (let count = 1; count <= 300; count++) {
    const padded = paddedCount(count);
    assert.ok(padded >= count && padded <= Math.max(count + 1, count * 1.5), `${count}: ${padded}`);
    assert.equal(paddedCount(padded), padded);
  }
});
