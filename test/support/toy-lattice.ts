/** Lattices of a few frames and entries, numbers from a hash: equal input gives equal output to the last bit. */
import { IMPOSSIBLE } from '../../models/core/logprob.ts';
import type { CtcLattice, LineUnit, PageUnit } from '../../models/core/page.ts';
import { hash01 } from './toy-model.ts';

export interface ToyLatticeShape {
  readonly frames: number;
  /** Entries kept per frame. */
  readonly width: number;
  /** Entries of the alphabet, the blank (0) included. */
  readonly size: number;
  /** How far apart the likeliest and the least likely entry of a frame are, in nats. */
  readonly sharpness?: number;
}

export function toyLattice(seed: number, { frames, width, size, sharpness = 4 }: ToyLatticeShape): CtcLattice {
  const ids: number[] = [];
  const logProbs: number[] = [];
  for (let frame = 0; frame < frames; frame++) {
    const logits = Array.from({ length: size }, (_, id) => sharpness * hash01(seed, frame, id));
    const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
    const ranked = logits.map((logit, id) => ({ id, logProb: logit - total }));
    ranked.sort((a, b) => b.logProb - a.logProb || a.id - b.id);
    for (const { id, logProb } of ranked.slice(0, width)) {
      ids.push(id);
      logProbs.push(logProb);
    }
  }
  return { frames, width, blank: 0, ids: Int32Array.from(ids), logProbs: Float32Array.from(logProbs) };
}

/**
 * A lattice written by hand: per frame the entries with their probabilities, best first, `_` for the blank; frames with
 * fewer entries than others are filled with impossible ones.
 */
export function latticeOf(
  alphabet: readonly string[],
  frames: readonly Readonly<Record<string, number>>[],
): CtcLattice {
  const width = Math.max(...frames.map((frame) => Object.keys(frame).length));
  const ids = new Int32Array(frames.length * width);
  const logProbs = new Float32Array(frames.length * width).fill(IMPOSSIBLE);
  frames.forEach((frame, f) => {
    Object.entries(frame)
      .sort(([, a], [, b]) => b - a)
      .forEach(([text, probability], i) => {
        const id = text === '_' ? 0 : alphabet.indexOf(text);
        if (id < 0) throw new Error(`the toy alphabet has no "${text}"`);
        ids[f * width + i] = id;
        logProbs[f * width + i] = Math.log(probability);
      });
  });
  return { frames: frames.length, width, blank: 0, ids, logProbs };
}

/** A text that the recognizer is sure of: a frame per character, and a blank after each. */
export function sureFrames(text: string): Readonly<Record<string, number>>[] {
  return [...text].flatMap((char) => [{ [char]: 1 }, { _: 1 }]);
}

export function lineUnit(lattice: CtcLattice, index = 0, pageHeightPx = 1000): LineUnit {
  const top = 10 + 20 * index;
  if (top + 15 > pageHeightPx) throw new Error('too many lines for a toy page');
  return {
    index,
    quad: [10, top, 510, top, 510, top + 15, 10, top + 15],
    direction: 'horizontal',
    detectionScore: 1,
    lattice,
    frameShare: 1 / Math.max(1, lattice.frames),
  };
}

export function pageUnit(lattices: readonly CtcLattice[]): PageUnit {
  return {
    index: 0,
    widthPx: 800,
    heightPx: 1000,
    turnedDegrees: 0,
    skewDegrees: 0,
    lines: lattices.map((lattice, i) => lineUnit(lattice, i)),
    warnings: [],
    timings: { detectMs: 0, orientMs: 0, recognizeMs: 0 },
  };
}
