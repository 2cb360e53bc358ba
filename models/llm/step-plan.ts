import type { StepInput } from './step-graph.ts';

/** A node as the plan sees it. */
export interface TreeNode {
  readonly token: number;
  readonly parent: TreeNode | null;
  readonly depth: number;
  /** Pool slot, or -1 where it is not cached. */
  readonly slot: number;
}

/** Added to the score toward a node that must not be seen: exp of it is 0 in f32, and it stays finite in sums. */
const HIDDEN = -1e9;

/** Numbers of nodes that a call is padded to, up to 16; above, multiples of 8 and later of 32. */
export function paddedCount(count: number): number {
  if (count <= 6) return count;
  if (count <= 16) return Math.ceil(count / 2) * 2;
  if (count <= 64) return Math.ceil(count / 8) * 8;
  return Math.ceil(count / 32) * 32;
}

/**
 * Lays out one graph call. A node sees its ancestors and itself; layers with a sliding window see those at less than
 * `window` positions away. Padding nodes see only themselves and are wanted by nobody.
 * @param nodes new nodes; every ancestor of a node is among them or has a slot
 * @param rowNodes those whose logits are wanted; where none is, the first node's are computed and dropped
 * @param slots P, the slots of the pool that the call is shown
 */
export function planStep(
  nodes: readonly TreeNode[],
  rowNodes: readonly TreeNode[],
  slots: number,
  window: number,
): Omit<StepInput, 'pool'> {
  const count = paddedCount(nodes.length);
  const columns = slots + count;
  const tokens = new BigInt64Array(count);
  const positions = new BigInt64Array(count);
  const indexes = new Map(nodes.map((node, i) => [node, i]));
  const isLong = nodes.some((node) => node.depth >= window);
  const maskGlobal = new Float32Array(count * columns).fill(HIDDEN);
  const maskLocal = isLong ? new Float32Array(count * columns).fill(HIDDEN) : maskGlobal;
  for (let i = 0; i < count; i++) {
    const node = nodes[i];
    maskGlobal[i * columns + slots + i] = 0;
    maskLocal[i * columns + slots + i] = 0;
    if (node === undefined) continue;
    tokens[i] = BigInt(node.token);
    positions[i] = BigInt(node.depth);
    for (let up = node.parent; up !== null; up = up.parent) {
      const index = indexes.get(up);
      const column = index === undefined ? up.slot : slots + index;
      if (column < 0) throw new Error(`An ancestor at depth ${up.depth} is neither cached nor in this call`);
      maskGlobal[i * columns + column] = 0;
      if (isLong && node.depth - up.depth < window) maskLocal[i * columns + column] = 0;
    }
  }
  const rows = BigInt64Array.from(rowNodes.length > 0 ? rowNodes : nodes.slice(0, 1), (node) =>
    BigInt(indexes.get(node)!),
  );
  return { tokens, positions, maskGlobal, maskLocal, rows };
}
