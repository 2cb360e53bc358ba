import assert from 'node:assert/strict';
import test from 'node:test';
import { splitWindow } from '../../../../models/whisper/window-split.ts';
import { stamp, toyTokens } from '../../../support/toy-whisper.ts';

const split = (ids: readonly number[], seconds: number) => {
  const { pieces, advanceSeconds } = splitWindow(ids, toyTokens, seconds);
  return { times: pieces.map(({ start, end }) => [start, end]), advanceSeconds, pieces };
};

test('one closed stretch: the whole window is done', () => {
  const { times, advanceSeconds } = split([stamp(0.5), 0, stamp(4)], 10);
  assert.deepEqual(times, [[0.5, 4]]);
  assert.equal(advanceSeconds, 10);
});

test('text that ends in a single timestamp: nothing is said after it', () => {
  const { times, advanceSeconds } = split([stamp(0), 0, stamp(2), stamp(2), 3, stamp(5)], 30);
  assert.deepEqual(times, [
    [0, 2],
    [2, 5],
  ]);
  assert.equal(advanceSeconds, 30);
});

test('an unfinished last stretch is left to the next window', () => {
  const { times, advanceSeconds, pieces } = split([stamp(0), 0, stamp(2), stamp(2.4), 3], 30);
  assert.deepEqual(times, [[0, 2]]);
  assert.equal(advanceSeconds, 2);
  assert.equal(pieces[0]!.offset, 0);
});

test('a pair of timestamps at the end: the next window starts there', () => {
  const { times, advanceSeconds } = split([stamp(0), 0, stamp(28), stamp(28)], 30);
  assert.deepEqual(times, [[0, 28]]);
  assert.equal(advanceSeconds, 28);
});

test('no timestamps: one stretch of the whole window', () => {
  const { times, advanceSeconds } = split([0, 3], 7.5);
  assert.deepEqual(times, [[0, 7.5]]);
  assert.equal(advanceSeconds, 7.5);
});

test('a window always moves on, and times stay inside the audio', () => {
  assert.equal(split([stamp(0), stamp(0), 0], 8).advanceSeconds, 8);
  assert.deepEqual(split([stamp(1), 0, stamp(29)], 8).times, [[1, 8]]);
});

test('a stretch that begins where the audio ends keeps a step of time', () => {
  const { times } = split([stamp(0), 0, stamp(4), stamp(8.5), 3, stamp(9)], 8);
  assert.deepEqual(times, [
    [0, 4],
    [7.98, 8],
  ]);
});
