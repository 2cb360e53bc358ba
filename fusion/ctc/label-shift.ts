import type { CtcLattice } from '../../models/core/page.ts';

/**
 * The lattice as a recognizer would give it that had learned other shares of its entries: each probability times
 * exp(`natsOf(id)`), every frame brought back to the mass that it had. A classifier's posterior holds the shares of what it
 * was trained on; where a letter is commoner than there, this is all that has to change (Saerens et al. 2002, "Adjusting
 * the outputs of a classifier to new a priori probabilities", equation 2.4). Frames that `shifts` says no to stay.
 */
export function shiftedLattice(
  lattice: CtcLattice,
  natsOf: (id: number) => number,
  shifts: (frame: number) => boolean,
): CtcLattice {
  const { frames, width } = lattice;
  let ids: Int32Array | undefined;
  let logProbs: Float32Array | undefined;
  for (let frame = 0; frame < frames; frame++) {
    const [from, to] = [frame * width, (frame + 1) * width];
    if (!lattice.ids.subarray(from, to).some((id) => natsOf(id) !== 0) || !shifts(frame)) continue;
    ids ??= lattice.ids.slice();
    logProbs ??= lattice.logProbs.slice();
    const entries = Array.from(ids.subarray(from, to), (id, i) => ({
      id,
      logProb: logProbs![from + i]!,
      nats: natsOf(id),
    }));
    const mass = entries.reduce((sum, { logProb }) => sum + Math.exp(logProb), 0);
    const shifted = entries.reduce((sum, { logProb, nats }) => sum + Math.exp(logProb + nats), 0);
    const rest = Math.log(mass / shifted);
    const ranked = entries
      .map(({ id, logProb, nats }) => ({ id, logProb: Math.fround(logProb + nats + rest) }))
      .sort((a, b) => b.logProb - a.logProb || a.id - b.id);
    ranked.forEach(({ id, logProb }, i) => {
      ids![from + i] = id;
      logProbs![from + i] = logProb;
    });
  }
  return ids && logProbs ? { ...lattice, ids, logProbs } : lattice;
}
