import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shiftedLattice } from '../../../../fusion/ctc/label-shift.ts';
import { latticeOf } from '../../../support/toy-lattice.ts';

const LETTERS = ['', 'i', 'ı', 'a'];
const [I, DOTLESS, A] = [1, 2, 3];
const DOUBLED = (id: number) => (id === DOTLESS ? Math.log(2) : 0);
const EVERYWHERE = () => true;

test('a letter twice as common takes its share from all others, and leads where that makes it likelier', () => {
  const lattice = latticeOf(LETTERS, [{ i: 0.5, ı: 0.4, a: 0.1 }]);
  const shifted = shiftedLattice(lattice, DOUBLED, EVERYWHERE);
  assert.deepEqual([...shifted.ids].slice(0, 3), [DOTLESS, I, A], 'best first');
  [0.8 / 1.4, 0.5 / 1.4, 0.1 / 1.4].forEach((probability, i) => {
    assert.ok(Math.abs(Math.exp(shifted.logProbs[i]!) - probability) < 1e-6, `entry ${i}`);
  });
  assert.equal(lattice.ids[0], I, 'the given lattice stays');
});

test('mass that the lattice leaves out stays out', () => {
  const shifted = shiftedLattice(latticeOf(LETTERS, [{ i: 0.5, ı: 0.3 }]), DOUBLED, EVERYWHERE);
  const mass = [...shifted.logProbs].reduce((sum, logProb) => sum + Math.exp(logProb), 0);
  assert.ok(Math.abs(mass - 0.8) < 1e-6, `${mass}`);
});

test('only the frames that are asked for shift; a lattice without such a letter is returned as it is', () => {
  const lattice = latticeOf(LETTERS, [
    { i: 0.5, ı: 0.4, a: 0.1 },
    { i: 0.5, ı: 0.4, a: 0.1 },
  ]);
  const { ids, width } = shiftedLattice(lattice, DOUBLED, (frame) => frame === 1);
  assert.deepEqual([ids[0], ids[width]], [I, DOTLESS]);
  const none = latticeOf(LETTERS, [{ i: 0.9, a: 0.1 }]);
  assert.equal(
    shiftedLattice(none, (id) => (id === DOTLESS ? 1 : 0), EVERYWHERE),
    none,
  );
});
