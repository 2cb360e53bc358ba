import type { Quad } from '../../models/core/page.ts';

/** An upright box; pixels, or any unit that the caller keeps to. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export function boxOf(quad: Quad): Box {
  return {
    left: Math.min(quad[0], quad[2], quad[4], quad[6]),
    top: Math.min(quad[1], quad[3], quad[5], quad[7]),
    right: Math.max(quad[0], quad[2], quad[4], quad[6]),
    bottom: Math.max(quad[1], quad[3], quad[5], quad[7]),
  };
}

/** The smallest box around all; throws RangeError for none. */
export function boxAround(boxes: readonly Box[]): Box {
  if (boxes.length === 0) throw new RangeError('no boxes to go around');
  return {
    left: Math.min(...boxes.map(({ left }) => left)),
    top: Math.min(...boxes.map(({ top }) => top)),
    right: Math.max(...boxes.map(({ right }) => right)),
    bottom: Math.max(...boxes.map(({ bottom }) => bottom)),
  };
}

export function quadOf({ left, top, right, bottom }: Box): Quad {
  return [left, top, right, top, right, bottom, left, bottom];
}

/** Turns every corner about the origin by `degrees` clockwise (y points down). */
export function turned(quad: Quad, degrees: number): Quad {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const out: number[] = [];
  for (let i = 0; i < 8; i += 2) out.push(quad[i]! * cos - quad[i + 1]! * sin, quad[i]! * sin + quad[i + 1]! * cos);
  // Eight numbers went in, eight came out.
  return out as unknown as Quad;
}

/** Length that two intervals share; 0 where they are apart. */
export function overlap(lowA: number, highA: number, lowB: number, highB: number): number {
  return Math.max(0, Math.min(highA, highB) - Math.max(lowA, lowB));
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
