import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alignChars, ctcLogProb } from '../../../../fusion/ctc/alignment.ts';
import { frameEntries } from '../../../../fusion/ctc/frame-entries.ts';
import { greedyPath } from '../../../../fusion/ctc/greedy.ts';
import { latticeOf } from '../../../support/toy-lattice.ts';

const ALPHABET = ['', 'a', 'b'];

test("greedy takes repeats as one character, drops blanks, and keeps each character's frames", () => {
  const lattice = latticeOf(ALPHABET, [
    { a: 0.6, _: 0.4 },
    { a: 0.9, b: 0.1 },
    { _: 0.8, a: 0.2 },
    { a: 0.7, b: 0.3 },
    { b: 0.5, _: 0.3 },
    { _: 1 },
  ]);
  const near = (value: number) => Math.round(Math.exp(value) * 1000) / 1000;
  assert.deepEqual(
    greedyPath(lattice).map(({ id, logProb, startFrame, endFrame }) => [
      ALPHABET[id],
      near(logProb),
      startFrame,
      endFrame,
    ]),
    [
      ['a', 0.9, 0, 2],
      ['a', 0.7, 3, 4],
      ['b', 0.5, 4, 5],
    ],
  );
  assert.deepEqual(greedyPath(latticeOf(ALPHABET, [{ _: 1 }])), []);
});

test('the probability of a text sums its alignments', () => {
  // "a" over two frames: a_, _a and aa.
  const entries = frameEntries(
    latticeOf(ALPHABET, [
      { a: 0.5, _: 0.3 },
      { a: 0.4, _: 0.6 },
    ]),
  );
  assert.ok(Math.abs(Math.exp(ctcLogProb(entries, [1])) - (0.5 * 0.6 + 0.3 * 0.4 + 0.5 * 0.4)) < 1e-6);
  assert.ok(Math.abs(Math.exp(ctcLogProb(entries, [])) - 0.3 * 0.6) < 1e-6);
  assert.equal(ctcLogProb(entries, [1, 1]), Number.NEGATIVE_INFINITY, 'a repeat needs a blank between');
  assert.equal(ctcLogProb(entries, [2]), Number.NEGATIVE_INFINITY);
});

test('an alignment gives each character the frames of the likeliest path', () => {
  const entries = frameEntries(
    latticeOf(ALPHABET, [
      { _: 0.9, b: 0.1 },
      { a: 0.8, b: 0.2 },
      { a: 0.3, b: 0.7 },
      { b: 0.6, _: 0.4 },
      { _: 0.9, a: 0.1 },
    ]),
  );
  const frames = (ids: number[]) => alignChars(entries, ids)?.map((char) => [char.id, char.startFrame, char.endFrame]);
  assert.deepEqual(frames([1, 2]), [
    [1, 1, 2],
    [2, 2, 4],
  ]);
  assert.deepEqual(frames([2]), [[2, 1, 4]]);
  assert.deepEqual(frames([]), []);
  assert.equal(frames([1, 1, 1, 1, 1]), undefined);
  const [first] = alignChars(entries, [2])!;
  assert.ok(Math.abs(first!.logProb - Math.log(0.7)) < 1e-6, 'the strongest of its frames');
});
