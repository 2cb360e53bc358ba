import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tone } from '../../../../fixtures/audio/synthetic.ts';
import { Resampler } from '../../../../models/audio/resample.ts';

const golden = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../../../../fixtures/golden/resample.json', import.meta.url)), 'utf8'),
) as {
  readonly tolerance: number;
  readonly cases: readonly { readonly rateHz: number; readonly samples: number; readonly values: readonly number[] }[];
};

/** The noise of fixtures/golden/resample.py. */
function noise(samples: number): Float32Array {
  let state = 99;
  return Float32Array.from({ length: samples }, () => {
    state = (Math.imul(1_664_525, state) + 1_013_904_223) >>> 0;
    return 0.5 * (state / 2 ** 31 - 1);
  });
}

function resample(samples: Float32Array, rateHz: number): Float32Array {
  const resampler = new Resampler(rateHz, 16_000);
  return Float32Array.from([...resampler.push(samples), ...resampler.end()]);
}

for (const { rateHz, samples, values } of golden.cases) {
  test(`${rateHz} Hz to 16 kHz equals scipy's resample_poly to ${golden.tolerance}`, () => {
    const got = resample(noise(samples), rateHz);
    assert.equal(got.length, values.length);
    let worst = 0;
    for (let i = 0; i < got.length; i++) worst = Math.max(worst, Math.abs(got[i]! - values[i]!));
    assert.ok(worst <= golden.tolerance, `largest difference ${worst}`);
  });
}

/** Root mean square of the middle, without the filter's run in and out. */
function level(samples: Float32Array): number {
  const middle = samples.subarray(2000, samples.length - 2000);
  return Math.sqrt(middle.reduce((sum, value) => sum + value * value, 0) / middle.length);
}

for (const rateHz of [22_050, 44_100, 44_101, 48_000, 96_000]) {
  test(`a tone above 8 kHz at ${rateHz} Hz is gone by 80 dB, one at 7 kHz keeps its level`, () => {
    const reference = level(tone(1000, 16_000, 1));
    for (const hz of [8010, 9000, Math.min(15_900, rateHz / 2 - 300)]) {
      const db = 20 * Math.log10(level(resample(tone(hz, rateHz, 1), rateHz)) / reference);
      assert.ok(db < -80, `${hz} Hz is at ${db.toFixed(1)} dB`);
    }
    const db = 20 * Math.log10(level(resample(tone(7000, rateHz, 1), rateHz)) / reference);
    assert.ok(Math.abs(db) < 0.01, `7 kHz is at ${db} dB`);
  });
}

test('a tone keeps its phase: the filter has no delay', () => {
  const got = resample(tone(440, 44_100, 0.5), 44_100);
  const want = tone(440, 16_000, 0.5);
  for (let i = 400; i < 7600; i++) assert.ok(Math.abs(got[i]! - want[i]!) < 1e-4, `sample ${i}`);
});

test('length is the input length times the ratio, rounded up', () => {
  for (const [rateHz, samples, want] of [
    [44_100, 441, 160],
    [44_100, 442, 161],
    [48_000, 1, 1],
    [8000, 7, 14],
    [16_001, 16_001, 16_000],
  ] as const) {
    assert.equal(resample(new Float32Array(samples), rateHz).length, want, `${samples} samples at ${rateHz} Hz`);
  }
});
