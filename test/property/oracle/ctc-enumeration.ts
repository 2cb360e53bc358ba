/** CTC by plain enumeration: every alignment of a tiny lattice, collapsed to its text. Slow and obvious. */
import type { CtcLattice } from '../../../models/core/page.ts';

/** Repeats taken as one, blanks dropped. */
export function collapse(path: readonly number[], blank: number): number[] {
  return path.filter((id, i) => id !== blank && id !== path[i - 1]);
}

/** P(text) of every text that the lattice can spell, by the ids joined with commas. */
export function enumerateTexts({ frames, width, blank, ids, logProbs }: CtcLattice): Map<string, number> {
  const texts = new Map<string, number>();
  const walk = (frame: number, path: number[], probability: number): void => {
    if (frame === frames) {
      const key = collapse(path, blank).join();
      texts.set(key, (texts.get(key) ?? 0) + probability);
      return;
    }
    for (let i = frame * width; i < (frame + 1) * width; i++) {
      walk(frame + 1, [...path, ids[i]!], probability * Math.exp(logProbs[i]!));
    }
  };
  walk(0, [], 1);
  return texts;
}

export function idsOfKey(key: string): number[] {
  return key === '' ? [] : key.split(',').map(Number);
}
