import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplayedUtterances } from '../../../../models/core/replayed-utterances.ts';

test('utterances of a replay go on with those that were open, in order, each once', () => {
  const replayed = new ReplayedUtterances([{ text: 'first', endS: 3 }, { text: 'second', endS: 6 }, { text: 'third' }]);
  assert.deepEqual(
    [1.1, 4, 7, 9].map((startS) => replayed.take(startS)?.text),
    ['first', 'second', 'third', undefined],
  );
});

test('one that had ended before the replay hears anybody is not found again', () => {
  const replayed = new ReplayedUtterances([
    { text: 'first', endS: 3 },
    { text: 'second', endS: 6 },
  ]);
  assert.deepEqual(replayed.take(3), { text: 'second', endS: 6 });
  assert.equal(replayed.take(4), undefined);
});
