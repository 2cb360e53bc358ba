import { median } from '../../../services/eval/bootstrap.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Slope of the line through points, by Theil and Sen: the median of the slopes of all pairs, so that a single peak (a large
 * document, a collection of garbage) does not tilt it. NaN where no two points have different `x`.
 */
export function theilSen(points: readonly Point[]): number {
  const slopes = points.flatMap((one, i) =>
    points
      .slice(i + 1)
      .filter(({ x }) => x !== one.x)
      .map(({ x, y }) => (y - one.y) / (x - one.x)),
  );
  return slopes.length === 0 ? Number.NaN : median(slopes);
}

/** Points of the second half of the time, ends included: what loads and warms up is over by then. */
export function secondHalf(points: readonly Point[]): Point[] {
  const xs = points.map(({ x }) => x);
  const middle = (Math.min(...xs) + Math.max(...xs)) / 2;
  return points.filter(({ x }) => x >= middle);
}
