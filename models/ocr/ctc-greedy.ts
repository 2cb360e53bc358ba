import type { CharReading, CtcLattice } from '../core/page.ts';

/** The likeliest entry of each frame, repeats and blanks taken out. */
export interface GreedyReading {
  readonly text: string;
  /** In order; their texts join to `text`. A character lasts from its first frame to the last repeat of it. */
  readonly chars: readonly CharReading[];
  /** Mean probability of the characters at their first frame, as RapidOCR scores a line; 0 where there are none. */
  readonly score: number;
}

/**
 * Best-path decoding (Graves et al. 2006, section 3.2): equal to RapidOCR's on the same lattice.
 * @param textOf what a token spells
 */
export function greedyReading(lattice: CtcLattice, textOf: (id: number) => string): GreedyReading {
  const { frames, width, blank, ids, logProbs } = lattice;
  const chars: CharReading[] = [];
  let previous = blank;
  let probs = 0;
  for (let frame = 0; frame < frames; frame++) {
    const id = ids[frame * width]!;
    const logProb = logProbs[frame * width]!;
    if (id !== blank && id !== previous) {
      chars.push({ text: textOf(id), logProb, startFrame: frame, endFrame: frame + 1 });
      probs += Math.exp(logProb);
    } else if (id !== blank) {
      const last = chars.pop()!;
      chars.push({ ...last, logProb: Math.max(last.logProb, logProb), endFrame: frame + 1 });
    }
    previous = id;
  }
  return {
    text: chars.map((char) => char.text).join(''),
    chars,
    score: chars.length === 0 ? 0 : probs / chars.length,
  };
}
