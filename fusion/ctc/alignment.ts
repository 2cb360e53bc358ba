/**
 * What a lattice says of one given text: its probability over all alignments, and the likeliest alignment, which gives
 * each character its frames. Both walk the trellis of 2 n + 1 states, a blank before, between and after n characters
 * (Graves et al. 2006, "Connectionist Temporal Classification", section 4.1).
 */
import { IMPOSSIBLE, logAdd } from '../../models/core/logprob.ts';
import { entryLogProb, type FrameEntries } from './frame-entries.ts';
import type { PathChar } from './greedy.ts';

/** log P(text), summed over alignments; IMPOSSIBLE where the lattice holds none. */
export function ctcLogProb(entries: FrameEntries, ids: readonly number[]): number {
  const states = 2 * ids.length + 1;
  let before = new Float64Array(states).fill(IMPOSSIBLE);
  let after = new Float64Array(states);
  for (let frame = 0; frame < entries.frames; frame++) {
    after.fill(IMPOSSIBLE);
    const blank = entryLogProb(entries, frame, entries.blank);
    for (let s = 0; s < states; s++) {
      let sum: number;
      if (frame === 0) sum = s < 2 ? 0 : IMPOSSIBLE;
      else {
        sum = before[s]!;
        if (s > 0) sum = logAdd(sum, before[s - 1]!);
        if (skips(ids, s)) sum = logAdd(sum, before[s - 2]!);
      }
      if (sum === IMPOSSIBLE) continue;
      after[s] = sum + (s % 2 === 0 ? blank : entryLogProb(entries, frame, ids[s >> 1]!));
    }
    [before, after] = [after, before];
  }
  if (entries.frames === 0) return ids.length === 0 ? 0 : IMPOSSIBLE;
  return logAdd(before[states - 1]!, states > 1 ? before[states - 2]! : IMPOSSIBLE);
}

/**
 * The likeliest alignment (Viterbi); null where the lattice holds none. Ties: the later state, so that a character
 * begins as early as it can.
 */
export function alignChars(entries: FrameEntries, ids: readonly number[]): PathChar[] | null {
  const { frames, blank } = entries;
  const states = 2 * ids.length + 1;
  if (ids.length === 0) return [];
  const from = new Int8Array(frames * states);
  let before = new Float64Array(states).fill(IMPOSSIBLE);
  let after = new Float64Array(states);
  for (let frame = 0; frame < frames; frame++) {
    after.fill(IMPOSSIBLE);
    const blankLogProb = entryLogProb(entries, frame, blank);
    // State s is reached at frame s / 2 at the earliest, and must leave as many frames for what follows it.
    const first = Math.max(0, states - 2 * (frames - frame) - 1);
    const last = Math.min(states - 1, 2 * frame + 1);
    for (let s = first; s <= last; s++) {
      let best = frame === 0 ? (s < 2 ? 0 : IMPOSSIBLE) : before[s]!;
      let step = 0;
      if (frame > 0 && s > 0 && before[s - 1]! > best) {
        best = before[s - 1]!;
        step = 1;
      }
      if (frame > 0 && skips(ids, s) && before[s - 2]! > best) {
        best = before[s - 2]!;
        step = 2;
      }
      if (best === IMPOSSIBLE) continue;
      after[s] = best + (s % 2 === 0 ? blankLogProb : entryLogProb(entries, frame, ids[s >> 1]!));
      from[frame * states + s] = step;
    }
    [before, after] = [after, before];
  }
  let state = before[states - 1]! > before[states - 2]! ? states - 1 : states - 2;
  if (before[state] === IMPOSSIBLE) return null;
  const chars: PathChar[] = new Array(ids.length);
  for (let frame = frames - 1; frame >= 0; frame--) {
    if (state % 2 === 1) {
      const at = state >> 1;
      const logProb = entryLogProb(entries, frame, ids[at]!);
      const known = chars[at];
      chars[at] = known
        ? { ...known, startFrame: frame, logProb: Math.max(known.logProb, logProb) }
        : { id: ids[at]!, logProb, startFrame: frame, endFrame: frame + 1 };
    }
    state -= from[frame * states + state]!;
  }
  return chars;
}

/** A character may follow the one before it directly, without a blank, where the two differ. */
function skips(ids: readonly number[], s: number): boolean {
  return s % 2 === 1 && s > 1 && ids[s >> 1] !== ids[(s >> 1) - 1];
}
