import type { Quad } from '../core/page.ts';
import type { RotatedRect } from './min-area-rect.ts';

/** Length of the quad in reading direction, in pixels: the longer of its top and bottom side. */
export function quadLengthPx(quad: Quad): number {
  return Math.max(Math.hypot(quad[2] - quad[0], quad[3] - quad[1]), Math.hypot(quad[4] - quad[6], quad[5] - quad[7]));
}

/** Height across the reading direction, in pixels: the longer of its left and right side. */
export function quadHeightPx(quad: Quad): number {
  return Math.max(Math.hypot(quad[6] - quad[0], quad[7] - quad[1]), Math.hypot(quad[4] - quad[2], quad[5] - quad[3]));
}

/**
 * Corners of a rectangle that is `margin` pixels larger on each side: from the one that is top left on the page,
 * clockwise. Of the two sides at the left the higher corner is first, as readers of level pages expect.
 */
export function quadOfRect(rect: RotatedRect, margin: number): Quad {
  const alongX = (rect.along / 2 + margin) * rect.dirX;
  const alongY = (rect.along / 2 + margin) * rect.dirY;
  const acrossX = -(rect.across / 2 + margin) * rect.dirY;
  const acrossY = (rect.across / 2 + margin) * rect.dirX;
  const { centerX: x, centerY: y } = rect;
  const corners: [number, number][] = [
    [x - alongX - acrossX, y - alongY - acrossY],
    [x + alongX - acrossX, y + alongY - acrossY],
    [x + alongX + acrossX, y + alongY + acrossY],
    [x - alongX + acrossX, y - alongY + acrossY],
  ];
  corners.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const left = corners.slice(0, 2).sort((a, b) => a[1] - b[1]);
  const right = corners.slice(2).sort((a, b) => a[1] - b[1]);
  return [...left[0]!, ...right[0]!, ...right[1]!, ...left[1]!] as unknown as Quad;
}

/** The same corners, begun `quarters` corners later: what is read first moves clockwise around the quad. */
export function turnedQuad(quad: Quad, quarters: number): Quad {
  const shift = 2 * (((quarters % 4) + 4) % 4);
  return quad.map((_, i) => quad[(i + shift) % 8]!) as unknown as Quad;
}
