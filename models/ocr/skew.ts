import type { Quad } from '../core/page.ts';
import { quadHeightPx, quadLengthPx } from './quad.ts';

/** Shorter boxes have no reliable direction: one letter more or less below the line tilts them. */
const RATIO_MIN = 5;

/**
 * Degrees by which lines fall clockwise: the median of their directions, each counted by its length. 0 where no line is
 * long enough to tell.
 *
 * @param quads horizontal lines, each begun at its own top left
 */
export function skewDegrees(quads: readonly Quad[]): number {
  const angles: { degrees: number; length: number }[] = [];
  for (const quad of quads) {
    const length = quadLengthPx(quad);
    if (length < RATIO_MIN * quadHeightPx(quad)) continue;
    const x = quad[2] - quad[0] + quad[4] - quad[6];
    const y = quad[3] - quad[1] + quad[5] - quad[7];
    angles.push({ degrees: (Math.atan2(y, x) * 180) / Math.PI, length });
  }
  angles.sort((a, b) => a.degrees - b.degrees);
  const half = angles.reduce((sum, angle) => sum + angle.length, 0) / 2;
  let sum = 0;
  for (const { degrees, length } of angles) {
    sum += length;
    if (sum >= half) return degrees;
  }
  return 0;
}
