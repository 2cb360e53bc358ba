import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import {
  LIVE_LAG_END_MS,
  LIVE_LAG_FUSION_MS,
  LIVE_LAG_PARTIALS_MS,
  SAMPLE_RATE_HZ,
} from '../../../../models/core/limits.ts';
import { LiveLag } from '../../../../models/whisper/live-lag.ts';

/** Second by second in real time up to `seconds`. */
function realTime(seconds: number) {
  let nowMs = 0;
  const lag = new LiveLag(() => nowMs);
  for (let s = 1; s <= seconds; s++) {
    nowMs = s * 1000;
    lag.arrived(s * SAMPLE_RATE_HZ);
  }
  return { lag, at: (ms: number) => (nowMs = ms) };
}

test('lag is the time since the audio came', () => {
  const { lag, at } = realTime(10);
  at(10_400);
  assert.equal(lag.lagMs(10 * SAMPLE_RATE_HZ), 400);
  assert.equal(lag.lagMs(8 * SAMPLE_RATE_HZ), 2400);
  assert.equal(lag.lagMs(7.5 * SAMPLE_RATE_HZ), 2400, 'the block that holds it');
  lag.forget(9 * SAMPLE_RATE_HZ);
  assert.equal(lag.lagMs(10 * SAMPLE_RATE_HZ), 400);
});

test('a burst may take half of its length, and real time after it counts again', () => {
  let nowMs = 0;
  const lag = new LiveLag(() => nowMs);
  for (let s = 1; s <= 20; s++) lag.arrived(s * SAMPLE_RATE_HZ);
  nowMs = 9000;
  assert.equal(lag.lagMs(20 * SAMPLE_RATE_HZ), 0);
  nowMs = 11_000;
  assert.ok(lag.lagMs(20 * SAMPLE_RATE_HZ) > 500);
  for (let s = 21; s <= 60; s++) {
    nowMs += 1000;
    lag.arrived(s * SAMPLE_RATE_HZ);
  }
  nowMs += 700;
  assert.equal(lag.lagMs(60 * SAMPLE_RATE_HZ), 700);
});

test("on the audio's clock nothing lags", () => {
  const lag = new LiveLag(null);
  lag.arrived(SAMPLE_RATE_HZ);
  assert.equal(lag.lagMs(SAMPLE_RATE_HZ), 0);
});

test('partials are left out first, then fusion, and both come back; at last the stream ends', () => {
  const lag = new LiveLag(() => 0);
  const told = (lagMs: number) => lag.note(lagMs).flatMap((event) => (event.kind === 'shed' ? [event.what] : []));
  assert.deepEqual(told(LIVE_LAG_PARTIALS_MS), []);
  assert.deepEqual(told(LIVE_LAG_PARTIALS_MS + 1), ['partials']);
  assert.deepEqual(told(LIVE_LAG_PARTIALS_MS / 2 + 1), [], 'not back yet');
  assert.deepEqual(told(LIVE_LAG_FUSION_MS + 1), ['fusion']);
  assert.equal(lag.shed, 'fusion');
  assert.deepEqual(told(LIVE_LAG_PARTIALS_MS / 2), ['nothing']);
  assert.throws(
    () => lag.note(LIVE_LAG_END_MS + 1),
    (error) => error instanceof AppError && error.code === 'overloaded',
  );
});

test('lag is told where it changed much', () => {
  const lag = new LiveLag(() => 0);
  const told = (lagMs: number) => lag.note(lagMs).filter(({ kind }) => kind === 'lag').length;
  assert.deepEqual([100, 299, 300, 500, 601, 301].map(told), [0, 0, 1, 0, 1, 1]);
});
