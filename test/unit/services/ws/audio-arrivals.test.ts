import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AudioArrivals } from '../../../../services/ws/audio-arrivals.ts';
import { ARRIVALS_WINDOW_S } from '../../../../services/ws/limits.ts';

test('each place of the audio is known by the time at which it had come', () => {
  const arrivals = new AudioArrivals();
  assert.equal(arrivals.at(0), undefined);
  for (let i = 1; i <= 10; i++) arrivals.add(i / 10, i * 100);
  assert.deepEqual(
    [0, 0.05, 0.1, 0.11, 0.95, 1, 7].map((at) => arrivals.at(at)),
    [100, 100, 100, 200, 1000, 1000, 1000],
  );
});

test('small pieces are told apart in steps, and what is long ago is forgotten', () => {
  const arrivals = new AudioArrivals();
  const pieceS = 0.0025;
  const count = (2 * ARRIVALS_WINDOW_S) / pieceS;
  for (let i = 1; i <= count; i++) arrivals.add(i * pieceS, i * pieceS * 1000);
  for (const atS of [1.5 * ARRIVALS_WINDOW_S, 2 * ARRIVALS_WINDOW_S - 0.01]) {
    assert.ok(Math.abs(arrivals.at(atS)! - atS * 1000) <= 30, String(arrivals.at(atS)));
  }
  assert.equal(arrivals.at(ARRIVALS_WINDOW_S / 2), undefined);
});
