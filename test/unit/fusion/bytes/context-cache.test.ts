import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContextCache } from '../../../../fusion/bytes/context-cache.ts';
import { TOY_PIECES, ToyScorer, ToyVocab } from '../../../support/toy-model.ts';

const scorer = () => new ToyScorer(new ToyVocab(TOY_PIECES));

test('a context that only grew keeps the nodes that were read', async () => {
  const cache = new ContextCache(scorer());
  const first = cache.acquire([1, 2, 3]);
  await cache.scorer.evaluate([first.last]);
  first.release();
  const second = cache.acquire([1, 2, 3, 4]);
  assert.equal(second.last.parent, first.last);
  assert.ok(cache.scorer.isCached(first.last));
});

test('contexts in use stay, and of the others the least recently used go first', async () => {
  const toy = scorer();
  const cache = new ContextCache(toy, 4);
  const used = cache.acquire([1, 2]);
  const old = cache.acquire([3, 4]);
  await toy.evaluate([used.last, old.last]);
  old.release();
  assert.equal(cache.size, 4, 'the root, both tokens in use, and one idle');
  assert.ok(toy.isCached(used.last));
  assert.ok(!toy.isCached(old.last));
});

test('with nothing kept, everything is released with the last lease, and twice is once', async () => {
  const toy = scorer();
  const cache = new ContextCache(toy, 0);
  const a = cache.acquire([1, 2]);
  const b = cache.acquire([1]);
  await toy.evaluate([a.last]);
  a.release();
  a.release();
  assert.ok(toy.isCached(b.last));
  b.release();
  assert.equal(toy.cached.size, 0);
  assert.equal(cache.size, 0);
});
