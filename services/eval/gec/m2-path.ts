/**
 * The way through an edit lattice that agrees best with one annotator's edits (Dahlmeier and Ng 2012, section 3.2).
 *
 * An edge that is a gold edit weighs minus the number of edges, so that agreement outweighs everything else; any other
 * weighs its steps, plus a fee of 0.001 per edit, so that among equals the way with fewer, larger edits is taken.
 *
 * `LatticeSearch` does this as the published program does, down to the order of floating-point sums, by which it decides
 * ties. Lattices too large for a list of edges go to `largeLatticePath`, which finds the best weight by dynamic
 * programming; the original would need hours for them.
 */
import type { GoldEdit } from '../results.ts';
import type { EditLattice, LatticeEdge } from './m2-lattice.ts';

/** Fee of an edit that no annotator made. */
const EDIT_FEE = 0.001;

/** One edit of the system. Tokens joined by spaces; '' for none. */
export interface SystemEdit {
  readonly start: number;
  readonly end: number;
  readonly original: string;
  readonly correction: string;
}

/** Finds the best way for each annotator of one sentence; the list of edges is made once. */
export class LatticeSearch {
  readonly #lattice: EditLattice;
  /** Null: too many, see EditLattice.edges. */
  readonly #edges: readonly LatticeEdge[] | null;

  constructor(lattice: EditLattice) {
    this.#lattice = lattice;
    this.#edges = lattice.edges();
  }

  /** Edits from left to right. `gold`: only edits with 0 <= start, end <= tokens of the source. */
  best(gold: readonly GoldEdit[]): SystemEdit[] {
    const path = this.#edges
      ? shortestPath(this.#lattice.vertexCount, this.#edges, weightsOf(this.#edges, this.#lattice, gold))
      : largeLatticePath(this.#lattice, gold);
    return path.filter((edge) => !edge.noop).map((edge) => editOf(edge, this.#lattice));
  }
}

function editOf(edge: LatticeEdge, lattice: EditLattice): SystemEdit {
  return {
    start: edge.start,
    end: edge.end,
    original: lattice.sourceTokens.slice(edge.start, edge.end).join(' '),
    correction: correctionOf(edge, lattice),
  };
}

function correctionOf(edge: LatticeEdge, lattice: EditLattice): string {
  return lattice.hypTokens.slice(edge.hypStart, edge.hypEnd).join(' ');
}

/** Weight of each distinct edge. Repetitions of an edge share one weight, and each adds its fee to it. */
function weightsOf(
  edges: readonly LatticeEdge[],
  lattice: EditLattice,
  gold: readonly GoldEdit[],
): Map<LatticeEdge, number> {
  const weights = new Map<LatticeEdge, number>();
  for (const edge of edges) weights.set(edge, edge.steps);
  const goldBySpan = new Map<string, GoldEdit[]>();
  for (const edit of gold) {
    const key = `${edit.start} ${edit.end}`;
    goldBySpan.set(key, [...(goldBySpan.get(key) ?? []), edit]);
  }
  const insertionsAt = new Map<number, LatticeEdge[]>();
  for (const edge of edges) {
    if (edge.start === edge.end) {
      const group = insertionsAt.get(edge.start);
      if (group) group.push(edge);
      else insertionsAt.set(edge.start, [edge]);
      continue;
    }
    const here = goldBySpan.size === 0 ? undefined : goldBySpan.get(`${edge.start} ${edge.end}`);
    const correction = here && correctionOf(edge, lattice);
    if (here?.some((edit) => edit.corrections.includes(correction!))) weights.set(edge, -edges.length);
    else if (!edge.noop) weights.set(edge, weights.get(edge)! + EDIT_FEE);
  }
  for (const [at, group] of insertionsAt) {
    group.sort((a, b) => a.from - b.from || a.to - b.to);
    weighInsertions(group, goldBySpan.get(`${at} ${at}`) ?? [], lattice, -edges.length, weights);
  }
  return weights;
}

/**
 * Insertions at one place are matched from both ends alternately, so that each gold edit serves one of them and the
 * order of the gold edits is kept; after a match, edges that do not join onto the matched one pay the fee unasked.
 */
function weighInsertions(
  group: readonly LatticeEdge[],
  gold: readonly GoldEdit[],
  lattice: EditLattice,
  matchWeight: number,
  weights: Map<LatticeEdge, number>,
): void {
  const payFee = (edge: LatticeEdge) => weights.set(edge, weights.get(edge)! + EDIT_FEE);
  let [left, right] = [0, group.length - 1];
  let [goldLeft, goldRight] = [0, gold.length - 1];
  let current = 0;
  while (left <= right) {
    const edge = group[current]!;
    const fromLeft = current === left;
    const correction = correctionOf(edge, lattice);
    let match = -1;
    for (let step = 0; step <= goldRight - goldLeft && match < 0; step++) {
      const i = fromLeft ? goldLeft + step : goldRight - step;
      if (gold[i]!.corrections.includes(correction)) match = i;
    }
    if (match < 0) {
      payFee(edge);
      if (fromLeft) left++;
      else right--;
      current = fromLeft ? right : left;
    } else if (fromLeft) {
      weights.set(edge, matchWeight);
      goldLeft = match + 1;
      for (left++; left < group.length && group[left]!.from !== edge.to; left++) payFee(group[left]!);
      current = left;
    } else {
      weights.set(edge, matchWeight);
      goldRight = match - 1;
      for (right--; right >= 0 && group[right]!.to !== edge.from; right--) payFee(group[right]!);
      current = right;
    }
  }
}

/** Bellman-Ford in the list's order, until a round changes nothing; of equals the first found stays. */
function shortestPath(
  vertexCount: number,
  edges: readonly LatticeEdge[],
  weights: ReadonlyMap<LatticeEdge, number>,
): LatticeEdge[] {
  const weightAt = Float64Array.from(edges, (edge) => weights.get(edge)!);
  const from = Int32Array.from(edges, (edge) => edge.from);
  const to = Int32Array.from(edges, (edge) => edge.to);
  const distance = new Float64Array(vertexCount).fill(Number.POSITIVE_INFINITY);
  const by = new Int32Array(vertexCount).fill(-1);
  distance[0] = 0;
  for (let round = 0, changed = true; changed && round < vertexCount - 1; round++) {
    changed = false;
    for (let i = 0; i < edges.length; i++) {
      const reached = distance[from[i]!]! + weightAt[i]!;
      if (reached < distance[to[i]!]!) {
        distance[to[i]!] = reached;
        by[to[i]!] = i;
        changed = true;
      }
    }
  }
  const path: LatticeEdge[] = [];
  for (let v = vertexCount - 1; by[v] !== -1; v = edges[by[v]!]!.from) path.push(edges[by[v]!]!);
  return path.reverse();
}

/**
 * The same objective without listing merged edges: at each vertex, the cheapest way that is between edits, and for each
 * count of unchanged words the cheapest that is inside a merged edit. Time and memory grow with the vertices times
 * `maxUnchangedWords`, and with the places where a gold edit's correction stands in the hypothesis.
 *
 * Weights are whole thousandths, so that sums are exact. What differs from the published list: ties are decided by
 * preferring what ends first, a gold insertion counts at its first place only, and a merged edge exists wherever some way
 * through it keeps at most `maxUnchangedWords` (the published loops may miss it for a shorter way that keeps more).
 */
export function largeLatticePath(lattice: EditLattice, gold: readonly GoldEdit[]): LatticeEdge[] {
  const STEP = 1000;
  const FEE = 1;
  const size = lattice.vertexCount;
  const spans = goldSpans(lattice, gold);
  const matchWeight = -STEP * (lattice.sourceTokens.length + lattice.hypTokens.length + 2);
  // Layers: 0 between edits; then 2 for each count of unchanged words, inside an edit of one step, and of more.
  const layers = 1 + 2 * (lattice.maxUnchangedWords + 1);
  const cost = new Float64Array(size * layers).fill(Number.POSITIVE_INFINITY);
  const cameFrom = new Int32Array(size * layers).fill(-1);
  cost[0] = 0;
  const relax = (to: number, from: number, weight: number) => {
    if (cost[from]! + weight >= cost[to]!) return;
    cost[to] = cost[from]! + weight;
    cameFrom[to] = from;
  };
  let next = 0;
  for (let v = 0; v < size; v++) {
    const here = v * layers;
    for (let layer = 2; layer < layers; layer += 2) relax(here, here + layer, 0);
    for (const to of spans.get(v) ?? []) relax(to * layers, here, matchWeight);
    for (; next < lattice.basic.length && lattice.basic[next]!.from === v; next++) {
      const edge = lattice.basic[next]!;
      const there = edge.to * layers;
      const kept = edge.noop ? 1 : 0;
      relax(there, here, edge.noop ? STEP : STEP + FEE * lattice.basicCopies[next]!);
      if (kept <= lattice.maxUnchangedWords) relax(there + 1 + 2 * kept, here, STEP + FEE);
      for (let layer = 1; layer < layers; layer++) {
        const keptNow = Math.floor((layer - 1) / 2) + kept;
        if (keptNow <= lattice.maxUnchangedWords) relax(there + 2 + 2 * keptNow, here + layer, STEP);
      }
    }
  }
  const path: LatticeEdge[] = [];
  for (let state = (size - 1) * layers, end = size - 1; cameFrom[state] !== -1; ) {
    state = cameFrom[state]!;
    if (state % layers !== 0) continue;
    path.push(edgeBetween(lattice, state / layers, end));
    end = state / layers;
  }
  return path.reverse();
}

function edgeBetween(lattice: EditLattice, from: number, to: number): LatticeEdge {
  const [start, end] = [lattice.sourceAt[from]!, lattice.sourceAt[to]!];
  const [hypStart, hypEnd] = [lattice.hypAt[from]!, lattice.hypAt[to]!];
  const noop =
    end - start === hypEnd - hypStart &&
    lattice.sourceTokens.slice(start, end).every((token, i) => token === lattice.hypTokens[hypStart + i]);
  return { from, to, start, end, hypStart, hypEnd, steps: 1, noop };
}

/** Where gold edits stand in the lattice: ends by start. */
function goldSpans(lattice: EditLattice, gold: readonly GoldEdit[]): Map<number, number[]> {
  const numberOf = new Map<number, number>();
  const width = lattice.hypTokens.length + 1;
  for (let v = 0; v < lattice.vertexCount; v++) numberOf.set(lattice.sourceAt[v]! * width + lattice.hypAt[v]!, v);
  const spans = new Map<number, number[]>();
  for (const { start, end, corrections } of gold) {
    for (const correction of new Set(corrections)) {
      const tokens = correction === '' ? [] : correction.split(' ');
      for (let j = 0; j + tokens.length < width; j++) {
        const from = numberOf.get(start * width + j);
        const to = numberOf.get(end * width + j + tokens.length);
        if (from === undefined || to === undefined || from === to) continue;
        if (tokens.some((token, k) => token !== lattice.hypTokens[j + k])) continue;
        if (leastUnchanged(lattice, from, to) > lattice.maxUnchangedWords) continue;
        spans.set(from, [...(spans.get(from) ?? []), to]);
        if (start === end) break;
      }
    }
  }
  return spans;
}

/** Fewest unchanged tokens on a way between two vertices; Infinity where there is none. */
function leastUnchanged(lattice: EditLattice, from: number, to: number): number {
  const least = new Map<number, number>([[from, 0]]);
  let low = 0;
  let high = lattice.basic.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lattice.basic[middle]!.from < from) low = middle + 1;
    else high = middle;
  }
  for (let i = low; i < lattice.basic.length && lattice.basic[i]!.from < to; i++) {
    const edge = lattice.basic[i]!;
    const before = least.get(edge.from);
    if (before === undefined || edge.hypEnd > lattice.hypAt[to]!) continue;
    const after = before + (edge.noop ? 1 : 0);
    if (after < (least.get(edge.to) ?? Number.POSITIVE_INFINITY)) least.set(edge.to, after);
  }
  return least.get(to) ?? Number.POSITIVE_INFINITY;
}
