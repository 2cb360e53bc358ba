import { IMPOSSIBLE } from '../core/logprob.ts';

/**
 * Writes the `k` likeliest entries of one frame, best first (ties: lower id first), as natural logs.
 *
 * One pass: most of 18,710 probabilities are below the k-th best so far, so the inner loop is a comparison.
 *
 * @param probs the frame's distribution is probs[from .. from + size)
 * @param ids written at `at .. at + k`
 * @param logProbs as `ids`
 */
export function frameTopK(
  probs: Float32Array,
  from: number,
  size: number,
  k: number,
  ids: Int32Array,
  logProbs: Float32Array,
  at: number,
): void {
  let filled = 0;
  let least = -1;
  for (let id = 0; id < size; id++) {
    const prob = probs[from + id]!;
    if (prob <= least) continue;
    // Insertion: equal ones stay behind those that came first, whose ids are lower.
    let slot = filled < k ? filled++ : k - 1;
    while (slot > 0 && logProbs[at + slot - 1]! < prob) {
      logProbs[at + slot] = logProbs[at + slot - 1]!;
      ids[at + slot] = ids[at + slot - 1]!;
      slot--;
    }
    logProbs[at + slot] = prob;
    ids[at + slot] = id;
    if (filled === k) least = logProbs[at + k - 1]!;
  }
  for (let slot = at; slot < at + k; slot++) {
    const prob = logProbs[slot]!;
    logProbs[slot] = prob > 0 ? Math.log(prob) : IMPOSSIBLE;
  }
}
