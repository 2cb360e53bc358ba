import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noise } from '../../fixtures/audio/synthetic.ts';
import { Resampler } from '../../models/audio/resample.ts';

test('resampled audio does not depend on how the input is cut, to the last bit', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(8000, 11_025, 22_050, 44_100, 44_101, 48_000, 192_000),
      fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 4000 }),
      (rateHz, cuts, seed) => {
        const input = noise(
          seed,
          cuts.reduce((sum, cut) => sum + cut, 100),
        );
        const whole = run(rateHz, [input]);
        const parts: Float32Array[] = [];
        let at = 0;
        for (const cut of cuts) {
          parts.push(input.subarray(at, at + cut));
          at += cut;
        }
        parts.push(input.subarray(at));
        assert.deepEqual(run(rateHz, parts), whole);
      },
    ),
    { seed: 4, numRuns: 60 },
  );
});

function run(rateHz: number, parts: readonly Float32Array[]): number[] {
  const resampler = new Resampler(rateHz, 16_000);
  return [...parts.flatMap((part) => [...resampler.push(part)]), ...resampler.end()];
}
