import type { CtcLattice } from '../../models/core/page.ts';

/** One character of a path through a lattice. */
export interface PathChar {
  readonly id: number;
  /** log P at the strongest frame; natural log. */
  readonly logProb: number;
  /** Half open: startFrame <= frame < endFrame. */
  readonly startFrame: number;
  readonly endFrame: number;
}

/**
 * The likeliest entry of every frame, repeats taken as one character and blanks dropped (best path decoding; Graves 2012,
 * "Supervised Sequence Labelling with Recurrent Neural Networks", section 7.5.1). It is what RapidOCR writes.
 */
export function greedyPath({ frames, width, blank, ids, logProbs }: CtcLattice): PathChar[] {
  const chars: PathChar[] = [];
  let previous = blank;
  for (let frame = 0; frame < frames; frame++) {
    const id = ids[frame * width]!;
    const logProb = logProbs[frame * width]!;
    if (id !== blank) {
      const last = chars[chars.length - 1];
      if (id === previous && last) {
        chars[chars.length - 1] = { ...last, logProb: Math.max(last.logProb, logProb), endFrame: frame + 1 };
      } else {
        chars.push({ id, logProb, startFrame: frame, endFrame: frame + 1 });
      }
    }
    previous = id;
  }
  return chars;
}
