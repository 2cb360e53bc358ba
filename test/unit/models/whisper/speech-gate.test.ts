import assert from 'node:assert/strict';
import test from 'node:test';
import { nextWindow } from '../../../../models/whisper/speech-gate.ts';

const RATE = 16_000;
const spans = (...seconds: [number, number][]) =>
  seconds.map(([start, end]) => ({ start: start * RATE, end: end * RATE }));
const next = (found: { start: number; end: number }[], seek: number, known: number, ended: boolean) => {
  const window = nextWindow(found, seek * RATE, known * RATE, ended);
  return window.kind === 'silence'
    ? { skippedTo: window.skippedTo / RATE }
    : { start: window.start / RATE, end: window.end / RATE };
};

test('silence alone is skipped to its end', () => {
  assert.deepEqual(next([], 0, 12, true), { skippedTo: 12 });
});

test('while audio still comes, the last second may hold speech that is not certain yet', () => {
  assert.deepEqual(next([], 0, 31, false), { skippedTo: 30 });
});

test('long silence before speech is skipped, short silence is left', () => {
  assert.deepEqual(next(spans([8, 10]), 0, 12, true), { skippedTo: 7.75 });
  assert.deepEqual(next(spans([1, 10]), 0, 10.1, true), { start: 0, end: 10.1 });
});

test('trailing silence is not decoded', () => {
  assert.deepEqual(next(spans([0.5, 3]), 0, 20, true), { start: 0, end: 3.25 });
});

test('a long pause ends a window, a short one does not', () => {
  assert.deepEqual(next(spans([0, 3], [5, 8], [20, 22]), 0, 40, false), { start: 0, end: 8.25 });
});

test('speech that goes on past the window fills it', () => {
  assert.deepEqual(next(spans([0, 40]), 2, 40, false), { start: 2, end: 32 });
});

test('speech before the window does not count', () => {
  assert.deepEqual(next(spans([0, 3], [30, 33]), 5, 36, true), { skippedTo: 29.75 });
});
