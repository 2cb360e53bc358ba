import type { CtcLattice } from '../../models/core/page.ts';

/**
 * The entries of a lattice that a search may use, frame by frame: all of them, or those that a rule lets through. Frame f
 * owns positions `starts[f] .. starts[f + 1] - 1`, best first.
 */
export interface FrameEntries {
  readonly frames: number;
  readonly blank: number;
  /** [frames + 1] */
  readonly starts: Int32Array;
  readonly ids: Int32Array;
  /** Natural logs. */
  readonly logProbs: Float32Array;
}

/** Says whether an entry may be used; `best` is the frame's likeliest entry. */
export type EntryRule = (
  frame: number,
  id: number,
  logProb: number,
  best: { readonly id: number; readonly logProb: number },
) => boolean;

/** Entries that cannot happen (log 0) are left out; the frame's best entry always stays. */
export function frameEntries(lattice: CtcLattice, rule?: EntryRule): FrameEntries {
  const { frames, width, blank } = lattice;
  const starts = new Int32Array(frames + 1);
  const ids = new Int32Array(frames * width);
  const logProbs = new Float32Array(frames * width);
  let count = 0;
  for (let frame = 0; frame < frames; frame++) {
    starts[frame] = count;
    const from = frame * width;
    const best = { id: lattice.ids[from]!, logProb: lattice.logProbs[from]! };
    for (let i = from; i < from + width; i++) {
      const id = lattice.ids[i]!;
      const logProb = lattice.logProbs[i]!;
      if (i > from && (logProb === Number.NEGATIVE_INFINITY || (rule && !rule(frame, id, logProb, best)))) continue;
      ids[count] = id;
      logProbs[count++] = logProb;
    }
  }
  starts[frames] = count;
  return { frames, blank, starts, ids: ids.subarray(0, count), logProbs: logProbs.subarray(0, count) };
}

/** log P(id) at a frame, or IMPOSSIBLE where the lattice does not hold it. */
export function entryLogProb({ starts, ids, logProbs }: FrameEntries, frame: number, id: number): number {
  for (let i = starts[frame]!; i < starts[frame + 1]!; i++) if (ids[i] === id) return logProbs[i]!;
  return Number.NEGATIVE_INFINITY;
}
