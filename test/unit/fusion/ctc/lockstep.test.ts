import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LlmNode } from '../../../../fusion/bytes/llm-tree.ts';
import { runLockstep } from '../../../../fusion/ctc/lockstep.ts';
import { TOY_PIECES, ToyScorer, ToyVocab } from '../../../support/toy-model.ts';

const vocab = new ToyVocab(TOY_PIECES);

/** A search that asks `asks` times for a row of its own. */
function* asking(
  scorer: ToyScorer,
  asks: number,
  closed: string[],
  name: string,
): Generator<ReadonlySet<LlmNode>, string> {
  try {
    for (let i = 0; i < asks; i++) yield new Set([new LlmNode(null, scorer.child(null, vocab.bos))]);
    return name;
  } finally {
    closed.push(name);
  }
}

test('one call serves all searches that wait, and results keep their order', async () => {
  const scorer = new ToyScorer(vocab);
  const closed: string[] = [];
  const counts = [2, 0, 5, 3];
  const searches = counts.map((asks, i) => () => asking(scorer, asks, closed, `s${i}`));
  const outcome = await runLockstep(searches, scorer);
  assert.deepEqual(outcome.results, ['s0', 's1', 's2', 's3']);
  assert.equal(outcome.calls, 5);
  assert.equal(scorer.calls, 5);
  assert.equal(scorer.rows, 10);
});

test('more searches than run at once take turns, each as soon as there is room', async () => {
  const scorer = new ToyScorer(vocab);
  const closed: string[] = [];
  const searches = Array.from({ length: 100 }, (_, i) => () => asking(scorer, 1 + (i % 2), closed, `s${i}`));
  const { results } = await runLockstep(searches, scorer);
  assert.deepEqual(
    results,
    searches.map((_, i) => `s${i}`),
  );
  assert.equal(closed.length, 100);
});

test('a failed call closes every search, and so does an abort', async () => {
  const closed: string[] = [];
  const scorer = new ToyScorer(vocab);
  const searches = [1, 2, 3].map((asks, i) => () => asking(scorer, asks, closed, `s${i}`));
  const failing = Object.assign(new ToyScorer(vocab), { evaluate: () => Promise.reject(new Error('out of memory')) });
  await assert.rejects(runLockstep(searches, failing), /out of memory/);
  assert.deepEqual(closed.sort(), ['s0', 's1', 's2']);
  closed.length = 0;
  const abort = new AbortController();
  abort.abort(new Error('enough'));
  await assert.rejects(runLockstep(searches, scorer, abort.signal), /enough/);
  assert.deepEqual(closed.sort(), ['s0', 's1', 's2']);
  assert.equal(scorer.calls, 0);
});
