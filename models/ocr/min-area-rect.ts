/**
 * The smallest rectangle, at any angle, around a set of points: Andrew's monotone chain for the hull, then rotating
 * calipers, since one side of the smallest rectangle lies on a side of the hull (Freeman and Shapira 1975).
 */

/** A rectangle by its center, the lengths of its two sides and the direction of the first (unit vector). */
export interface RotatedRect {
  readonly centerX: number;
  readonly centerY: number;
  /** Length along (dirX, dirY). */
  readonly along: number;
  /** Length along (-dirY, dirX). */
  readonly across: number;
  readonly dirX: number;
  readonly dirY: number;
}

/**
 * Corners of the convex hull, without points on its sides, in the sense in which x turns to y.
 * @param points x, y pairs sorted by y, then by x; duplicates do no harm
 */
export function convexHull(points: Float64Array): Float64Array {
  const count = points.length / 2;
  if (count < 3) return points.slice();
  const hull = new Float64Array(points.length * 2);
  let size = 0;
  const push = (at: number, floor: number): void => {
    const x = points[2 * at]!;
    const y = points[2 * at + 1]!;
    while (size > floor && turn(hull, size, x, y) <= 0) size--;
    hull[2 * size] = x;
    hull[2 * size + 1] = y;
    size++;
  };
  for (let i = 0; i < count; i++) push(i, 1);
  const lower = size;
  for (let i = count - 2; i >= 0; i--) push(i, lower);
  // The walk ends where it began.
  return hull.slice(0, 2 * Math.max(1, size - 1));
}

/** Twice the area of the triangle of the last two points and (x, y): positive where the walk turns from x to y. */
function turn(hull: Float64Array, size: number, x: number, y: number): number {
  const ax = hull[2 * size - 4]!;
  const ay = hull[2 * size - 3]!;
  const bx = hull[2 * size - 2]!;
  const by = hull[2 * size - 1]!;
  // Sorted by y first, so the plane is seen with its axes exchanged.
  return (by - ay) * (x - ax) - (bx - ax) * (y - ay);
}

/** The smallest rectangle around a hull as `convexHull` gives it; of equal ones the first along the hull. */
export function minAreaRect(hull: Float64Array): RotatedRect {
  const count = hull.length / 2;
  if (count < 3) return segmentRect(hull);
  let best: RotatedRect | undefined;
  let bestArea = Number.POSITIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const next = (i + 1) % count;
    const sideX = hull[2 * next]! - hull[2 * i]!;
    const sideY = hull[2 * next + 1]! - hull[2 * i + 1]!;
    const length = Math.hypot(sideX, sideY);
    const rect = rectAlong(hull, sideX / length, sideY / length);
    const area = rect.along * rect.across;
    if (area < bestArea) {
      best = rect;
      bestArea = area;
    }
  }
  return best!;
}

/** The smallest rectangle with a side along (dirX, dirY). Hulls have few corners, so each side looks at all of them. */
function rectAlong(hull: Float64Array, dirX: number, dirY: number): RotatedRect {
  let alongMin = Number.POSITIVE_INFINITY;
  let alongMax = Number.NEGATIVE_INFINITY;
  let acrossMin = Number.POSITIVE_INFINITY;
  let acrossMax = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < hull.length; i += 2) {
    const along = hull[i]! * dirX + hull[i + 1]! * dirY;
    const across = hull[i + 1]! * dirX - hull[i]! * dirY;
    if (along < alongMin) alongMin = along;
    if (along > alongMax) alongMax = along;
    if (across < acrossMin) acrossMin = across;
    if (across > acrossMax) acrossMax = across;
  }
  const middleAlong = (alongMin + alongMax) / 2;
  const middleAcross = (acrossMin + acrossMax) / 2;
  return {
    centerX: middleAlong * dirX - middleAcross * dirY,
    centerY: middleAlong * dirY + middleAcross * dirX,
    along: alongMax - alongMin,
    across: acrossMax - acrossMin,
    dirX,
    dirY,
  };
}

/** A point or a segment: a rectangle without area. */
function segmentRect(hull: Float64Array): RotatedRect {
  const last = hull.length - 2;
  const sideX = hull[last]! - hull[0]!;
  const sideY = hull[last + 1]! - hull[1]!;
  const length = Math.hypot(sideX, sideY);
  return {
    centerX: (hull[0]! + hull[last]!) / 2,
    centerY: (hull[1]! + hull[last + 1]!) / 2,
    along: length,
    across: 0,
    dirX: length > 0 ? sideX / length : 1,
    dirY: length > 0 ? sideY / length : 0,
  };
}
