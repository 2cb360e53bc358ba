import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration, formatFactor, progressText, realTimeFactor } from '../../../../services/cli/progress-line.ts';

test('the real-time factor is computing time per second of audio', () => {
  assert.equal(realTimeFactor({ doneSeconds: 20, totalSeconds: 60, elapsedMs: 5000 }), 0.25);
  assert.equal(realTimeFactor({ doneSeconds: 0, totalSeconds: 60, elapsedMs: 5000 }), null);
  assert.equal(formatFactor(0.254), '0.25');
  assert.equal(formatFactor(12.4), '12');
  assert.equal(formatFactor(null), '-');
});

test('durations read as people say them', () => {
  assert.equal(formatDuration(0.04), '0.0 s');
  assert.equal(formatDuration(59.94), '59.9 s');
  assert.equal(formatDuration(59.96), '1 min 00 s');
  assert.equal(formatDuration(185), '3 min 05 s');
  assert.equal(formatDuration(3599.6), '1 h 00 min');
  assert.equal(formatDuration(7325), '2 h 02 min');
});

test('progress names the share and the length where the length is known', () => {
  const progress = { doneSeconds: 15, totalSeconds: 60, elapsedMs: 3000 };
  assert.equal(progressText(progress), '25% of 1 min 00 s, real-time factor 0.20');
  assert.equal(progressText({ ...progress, totalSeconds: null }), '15.0 s done, real-time factor 0.20');
  assert.equal(progressText({ ...progress, doneSeconds: 61 }), '100% of 1 min 00 s, real-time factor 0.05');
});
