import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CtcLattice } from '../../../../models/core/page.ts';
import { greedyReading } from '../../../../models/ocr/ctc-greedy.ts';

const textOf = (id: number): string => ['', 'a', 'b', ' '][id]!;

/** A lattice of one entry per frame. */
function frames(...path: readonly [id: number, probability: number][]): CtcLattice {
  return {
    frames: path.length,
    width: 1,
    blank: 0,
    ids: Int32Array.from(path.map(([id]) => id)),
    logProbs: Float32Array.from(path.map(([, probability]) => Math.log(probability))),
  };
}

test('repeats are one character, unless a blank stands between them', () => {
  const read = greedyReading(frames([1, 0.5], [1, 0.9], [0, 1], [1, 0.7], [2, 0.6], [3, 1]), textOf);
  assert.equal(read.text, 'aab ');
  assert.deepEqual(
    read.chars.map(({ startFrame, endFrame }) => [startFrame, endFrame]),
    [
      [0, 2],
      [3, 4],
      [4, 5],
      [5, 6],
    ],
  );
});

test('a character counts with its strongest frame, the line with the first frames, as RapidOCR scores it', () => {
  const read = greedyReading(frames([1, 0.5], [1, 0.9], [0, 1], [2, 0.7]), textOf);
  assert.ok(Math.abs(read.chars[0]!.logProb - Math.log(0.9)) < 1e-6);
  assert.ok(Math.abs(read.score - (0.5 + 0.7) / 2) < 1e-6);
});

test('blanks alone, and no frame at all, read as nothing with score 0', () => {
  for (const lattice of [frames([0, 1], [0, 1]), frames()]) {
    assert.deepEqual(greedyReading(lattice, textOf), { text: '', chars: [], score: 0 });
  }
});
