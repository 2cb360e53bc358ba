import assert from 'node:assert/strict';
import test from 'node:test';
import { endingLoop, isLooping, placesWithoutLoop } from '../../../../models/whisper/loop-guard.ts';

const END = 100;
const repeated = (unit: readonly number[], rounds: number) => Array.from({ length: rounds }, () => unit).flat();

test('one token over and over is a loop', () => {
  assert.deepEqual(endingLoop([9, 8, ...repeated([5], 30)], END), { unit: 1, rounds: 30 });
});

test('a repeated phrase is a loop, with timestamps in between or not', () => {
  const phrase = [1, 2, 3, 4, 5, 6, 7, 8];
  assert.equal(isLooping([50, ...repeated(phrase, 4)], END), true);
  const stamped = [0, 1, 2, 3].flatMap((round) => [END + round, ...phrase, END + round + 1]);
  assert.equal(isLooping(stamped, END), true);
});

test('short repetitions that people say are no loops', () => {
  assert.equal(isLooping([1, 2, ...repeated([5, 6], 4), 3], END), false);
  assert.equal(isLooping(repeated([5, 6], 8), END), false);
  assert.equal(isLooping(repeated([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 3), END), false);
});

test('a loop that has ended is left alone', () => {
  assert.equal(isLooping([...repeated([5], 40), 1, 2, 3], END), false);
});

test('cutting keeps the first round and the special tokens', () => {
  const tokens = [END, 9, ...repeated([5, 6], 20), END + 3];
  const kept = placesWithoutLoop(tokens, END).map((place) => tokens[place]);
  assert.deepEqual(kept, [END, 9, 5, 6, END + 3]);
  assert.deepEqual(placesWithoutLoop([1, 2, 3], END), [0, 1, 2]);
});
