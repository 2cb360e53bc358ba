import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IMPOSSIBLE } from '../../../../models/core/logprob.ts';
import { frameTopK } from '../../../../models/ocr/lattice-top-k.ts';

test('the best k equal a full sort by probability, then by id', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 3, maxLength: 40 }),
      fc.integer({ min: 1, max: 3 }),
      (tenths, k) => {
        const probs = Float32Array.from([9, 9, ...tenths.map((each) => each / 10), 9]);
        const ids = new Int32Array(k + 2).fill(-1);
        const logProbs = new Float32Array(k + 2).fill(7);
        frameTopK(probs, 2, tenths.length, k, ids, logProbs, 1);
        const sorted = tenths.map((_, id) => id).sort((a, b) => probs[2 + b]! - probs[2 + a]! || a - b);
        assert.deepEqual([...ids], [-1, ...sorted.slice(0, k), -1]);
        for (let i = 0; i < k; i++) {
          const prob = probs[2 + sorted[i]!]!;
          assert.equal(logProbs[1 + i], prob === 0 ? IMPOSSIBLE : Math.fround(Math.log(prob)));
        }
        assert.deepEqual([logProbs[0], logProbs[k + 1]], [7, 7]);
      },
    ),
    { seed: 6, numRuns: 300 },
  );
});
