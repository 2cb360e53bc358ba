import type { ProbabilityMap } from './db-boxes.ts';

/**
 * Connected regions of text in the detector's map, as outlines for a hull: pixels above `pixelMin`, grown by one pixel
 * to the right and down (RapidOCR's 2 x 2 dilation, which closes gaps between letters), joined where they touch by side
 * or corner. Works on runs of pixels, so a page costs one pass over the map.
 *
 * @param regionsMax only that many regions, those first from the top, are given
 * @returns per region the x, y pairs of both ends of all its runs, sorted by y, then by x
 */
export function textRegions(map: ProbabilityMap, pixelMin: number, regionsMax: number): Float64Array[] {
  const runs = runsOf(map, pixelMin);
  const parent = joinTouching(runs);
  return outlines(runs, parent, regionsMax);
}

/** Runs of one mask, row after row: pixels `starts[i]` to `ends[i]`, both in it, of row `rows[i]`. */
interface Runs {
  readonly starts: number[];
  readonly ends: number[];
  readonly rows: number[];
}

function runsOf({ width, height, values }: ProbabilityMap, pixelMin: number): Runs {
  const runs: Runs = { starts: [], ends: [], rows: [] };
  for (let y = 0; y < height; y++) {
    const row = y * width;
    const above = y > 0 ? row - width : row;
    // A pixel is in the mask where itself, its left, its upper or its upper left neighbor is above the threshold.
    let start = -1;
    let before = false;
    for (let x = 0; x < width; x++) {
      const here = values[row + x]! > pixelMin || values[above + x]! > pixelMin;
      if (here || before) {
        if (start < 0) start = x;
      } else if (start >= 0) {
        addRun(runs, start, x - 1, y);
        start = -1;
      }
      before = here;
    }
    if (start >= 0) addRun(runs, start, width - 1, y);
  }
  return runs;
}

function addRun(runs: Runs, start: number, end: number, row: number): void {
  runs.starts.push(start);
  runs.ends.push(end);
  runs.rows.push(row);
}

/** Union-find over runs: a run's root is the first run of its region. */
function joinTouching({ starts, ends, rows }: Runs): Int32Array {
  const count = starts.length;
  const parent = new Int32Array(count);
  let above = 0;
  for (let i = 0; i < count; i++) {
    parent[i] = i;
    const row = rows[i]!;
    while (above < i && (rows[above]! < row - 1 || (rows[above] === row - 1 && ends[above]! < starts[i]! - 1))) above++;
    for (let j = above; j < i && rows[j] === row - 1 && starts[j]! <= ends[i]! + 1; j++) {
      const a = rootOf(parent, j);
      const b = rootOf(parent, i);
      if (a < b) parent[b] = a;
      else parent[a] = b;
    }
  }
  return parent;
}

function rootOf(parent: Int32Array, run: number): number {
  let root = run;
  while (parent[root] !== root) root = parent[root]!;
  while (parent[run] !== root) {
    const next = parent[run]!;
    parent[run] = root;
    run = next;
  }
  return root;
}

function outlines({ starts, ends, rows }: Runs, parent: Int32Array, regionsMax: number): Float64Array[] {
  const counts = new Int32Array(parent.length);
  for (let i = 0; i < parent.length; i++) counts[rootOf(parent, i)]!++;
  const regions = new Map<number, { points: Float64Array; filled: number }>();
  for (let i = 0; i < parent.length; i++) {
    const root = rootOf(parent, i);
    let region = regions.get(root);
    if (region === undefined) {
      if (regions.size === regionsMax) continue;
      region = { points: new Float64Array(4 * counts[root]!), filled: 0 };
      regions.set(root, region);
    }
    const { points } = region;
    points[region.filled++] = starts[i]!;
    points[region.filled++] = rows[i]!;
    points[region.filled++] = ends[i]!;
    points[region.filled++] = rows[i]!;
  }
  return [...regions.values()].map(({ points }) => points);
}
