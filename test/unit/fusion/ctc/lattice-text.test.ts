import assert from 'node:assert/strict';
import { test } from 'node:test';
import { greedyPath } from '../../../../fusion/ctc/greedy.ts';
import { LatticeText } from '../../../../fusion/ctc/lattice-text.ts';
import { latticeOf } from '../../../support/toy-lattice.ts';
import { ToyAlphabet } from '../../../support/toy-model.ts';

const LETTERS = ['', '說', '说', '話', 'a'];
const alphabet = new ToyAlphabet(LETTERS);
const table = new Map([
  ['說', '说'],
  ['話', '话'],
]);

test('without a table lattice and texts are what the recognizer says', () => {
  const lattice = latticeOf(LETTERS, [{ 說: 0.6, 说: 0.4 }]);
  const text = new LatticeText(alphabet);
  assert.equal(text.merge(lattice), lattice);
  assert.equal(text.textOf(3), '話');
});

test('characters that the table makes one are one entry with the sum of their probabilities', () => {
  const text = new LatticeText(alphabet, table);
  const lattice = latticeOf(LETTERS, [
    { a: 0.4, 說: 0.3, 说: 0.3 },
    { 说: 0.9, _: 0.1 },
    { 說: 0.8, a: 0.2 },
  ]);
  const merged = text.merge(lattice);
  assert.equal(merged.ids[0], 2);
  assert.ok(Math.abs(Math.exp(merged.logProbs[0]!) - 0.6) < 1e-6);
  assert.equal(merged.logProbs[2], Number.NEGATIVE_INFINITY, 'the shape stays');
  assert.deepEqual(
    greedyPath(merged).map(({ id, startFrame, endFrame }) => [id, startFrame, endFrame]),
    [[2, 0, 3]],
    'neighbors that differed in script alone are a repeat',
  );
});

test('a character that the alphabet lacks is written in the place of the one that it has', () => {
  const text = new LatticeText(alphabet, table);
  assert.equal(text.textOf(3), '话');
  assert.deepEqual(text.bytesOf(3), new TextEncoder().encode('话'));
});
