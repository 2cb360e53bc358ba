import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KvPool } from '../../../../models/session/kv-pool.ts';

const SHAPE = { layers: 2, heads: 3, dHead: 2 };

/** Outputs of a call with `nodes` nodes, in which every number tells its layer, head, node and place. */
function outputs(nodes: number, base: number): Float32Array[] {
  return Array.from({ length: SHAPE.layers }, (_, layer) =>
    Float32Array.from({ length: SHAPE.heads * nodes * SHAPE.dHead }, (_, i) => {
      const head = Math.floor(i / (nodes * SHAPE.dHead));
      const node = Math.floor(i / SHAPE.dHead) % nodes;
      return base + layer * 1000 + head * 100 + node * 10 + (i % SHAPE.dHead);
    }),
  );
}

function at(pool: KvPool, layer: number, head: number, slot: number): number[] {
  const start = (head * pool.capacity + slot) * SHAPE.dHead;
  return [...pool.keys(layer).subarray(start, start + SHAPE.dHead)];
}

test('slots are given lowest first, freed ones again', () => {
  const pool = new KvPool(SHAPE, 4);
  assert.deepEqual([...pool.take(3)], [0, 1, 2]);
  pool.free(1);
  pool.free(0);
  assert.deepEqual([...pool.take(3)], [0, 1, 3]);
  assert.equal(pool.used, 4);
});

test('growing keeps every head of every layer in its slot', () => {
  const pool = new KvPool(SHAPE, 4);
  const [a, b] = pool.take(2);
  pool.write(a!, 0, 2, outputs(2, 0), outputs(2, 5000));
  pool.write(b!, 1, 2, outputs(2, 0), outputs(2, 5000));
  pool.take(7);
  assert.equal(pool.capacity, 16);
  for (const layer of [0, 1]) {
    for (const head of [0, 1, 2]) {
      const base = layer * 1000 + head * 100;
      assert.deepEqual(at(pool, layer, head, a!), [base, base + 1]);
      assert.deepEqual(at(pool, layer, head, b!), [base + 10, base + 11]);
    }
  }
});

test('shrinking cuts to the highest slot in use', () => {
  const pool = new KvPool(SHAPE, 4);
  const slots = pool.take(20);
  pool.write(2, 0, 1, outputs(1, 7), outputs(1, 7));
  for (const slot of slots) if (slot !== 2) pool.free(slot);
  pool.shrink();
  assert.equal(pool.capacity, 4);
  assert.deepEqual(at(pool, 1, 2, 2), [1207, 1208]);
});

test('with one head, a call is shown no more than the slots in use, in steps of 32', () => {
  const pool = new KvPool({ layers: 1, heads: 1, dHead: 2 }, 64);
  assert.equal(pool.shownSlots, 32);
  const slots = pool.take(70);
  assert.equal(pool.capacity, 128);
  assert.equal(pool.shownSlots, 96);
  assert.equal(pool.shownKeys(0).length, 96 * 2);
  for (const slot of slots.slice(20)) pool.free(slot);
  assert.equal(pool.shownSlots, 32);
  assert.equal(pool.shownValues(0).buffer, pool.values(0).buffer);
  const several = new KvPool(SHAPE, 64);
  assert.equal(several.shownSlots, 64);
});

test('a slot freed twice or written while free is an error', () => {
  const pool = new KvPool(SHAPE, 4);
  const [slot] = pool.take(1);
  pool.free(slot!);
  assert.throws(() => pool.free(slot!), /freed twice/);
  assert.throws(() => pool.write(slot!, 0, 1, outputs(1, 0), outputs(1, 0)), /not taken/);
});
