/** Areas of convex polygons, for boxes that need not be upright. */

/** x, y, x, y, ...; any number of corners, in any order. */
export type Corners = readonly number[];

/** A convex polygon, counter-clockwise in a system whose y points up, with its bounding box. */
export interface Polygon {
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly area: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The convex hull of the corners (Andrew's monotone chain), so that a box whose corners cross is still a box. */
export function convexPolygon(corners: Corners): Polygon {
  const points: [number, number][] = [];
  for (let i = 0; i + 1 < corners.length; i += 2) points.push([corners[i]!, corners[i + 1]!]);
  points.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const chain = (ordered: readonly [number, number][]) => {
    const kept: [number, number][] = [];
    for (const point of ordered) {
      while (kept.length > 1 && turn(kept.at(-2)!, kept.at(-1)!, point) <= 0) kept.pop();
      kept.push(point);
    }
    return kept.slice(0, -1);
  };
  const hull = [...chain(points), ...chain([...points].reverse())];
  const xs = hull.map(([x]) => x);
  const ys = hull.map(([, y]) => y);
  return {
    points: hull,
    area: areaOf(hull),
    left: Math.min(...xs),
    top: Math.min(...ys),
    right: Math.max(...xs),
    bottom: Math.max(...ys),
  };
}

/** Area that both cover: one clipped by each edge of the other (Sutherland and Hodgman 1974). */
export function sharedArea(a: Polygon, b: Polygon): number {
  if (a.left >= b.right || b.left >= a.right || a.top >= b.bottom || b.top >= a.bottom) return 0;
  let rest: (readonly [number, number])[] = [...a.points];
  b.points.forEach((from, i) => {
    const to = b.points[(i + 1) % b.points.length]!;
    const clipped: (readonly [number, number])[] = [];
    rest.forEach((point, k) => {
      const next = rest[(k + 1) % rest.length]!;
      const [here, there] = [turn(from, to, point), turn(from, to, next)];
      if (here >= 0) clipped.push(point);
      if (here * there < 0) {
        const share = here / (here - there);
        clipped.push([point[0] + share * (next[0] - point[0]), point[1] + share * (next[1] - point[1])]);
      }
    });
    rest = clipped;
  });
  return areaOf(rest);
}

/** Above 0 where c lies to the left of the way from a to b. */
function turn(a: readonly [number, number], b: readonly [number, number], c: readonly [number, number]): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

/** Shoelace formula. */
function areaOf(points: readonly (readonly [number, number])[]): number {
  let double = 0;
  points.forEach(([x, y], i) => {
    const [nextX, nextY] = points[(i + 1) % points.length]!;
    double += x * nextY - nextX * y;
  });
  return Math.abs(double) / 2;
}
