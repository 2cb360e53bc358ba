import { IMPOSSIBLE } from '../../models/core/logprob.ts';
import type { ScorerNode, TokenDistribution, TokenScorer } from '../../models/core/token-scorer.ts';

/** A token of the language model's tree as fusion sees it: its probability from the context on, and what follows it. */
export class LlmNode {
  readonly parent: LlmNode | null;
  readonly token: number;
  readonly scorerNode: ScorerNode;
  readonly children = new Map<number, LlmNode>();
  /** Next-token distribution; undefined until evaluated, or after it was let go. */
  distribution: TokenDistribution | undefined;
  /** log P(path from the context to here); undefined until the parent is evaluated. */
  pathLogProb: number | undefined;
  /** Marks for the counters of saved rows. */
  countedEager = false;
  countedFloor = false;
  /** Last sweep that found this node in use. */
  mark = 0;

  constructor(parent: LlmNode | null, scorerNode: ScorerNode) {
    this.parent = parent;
    this.token = scorerNode.token;
    this.scorerNode = scorerNode;
  }
}

/**
 * The tree of language-model tokens under one context. Invariant: a node is in its parent's `children` exactly as long
 * as it is in use; its cached keys and values are released when it leaves.
 */
export class LlmTree {
  readonly root: LlmNode;
  #scorer: TokenScorer;
  #sweep = 0;
  #all = new Set<LlmNode>();

  /** `context`: the scorer's node of the last token shown before the text; whoever leased it keeps it alive. */
  constructor(scorer: TokenScorer, context: ScorerNode) {
    this.#scorer = scorer;
    this.root = new LlmNode(null, context);
    this.root.pathLogProb = 0;
  }

  child(parent: LlmNode, token: number): LlmNode {
    const known = parent.children.get(token);
    if (known) return known;
    const node = new LlmNode(parent, this.#scorer.child(parent.scorerNode, token));
    if (parent.distribution && parent.pathLogProb !== undefined) {
      node.pathLogProb = parent.pathLogProb + parent.distribution.logProb(token);
    }
    parent.children.set(token, node);
    this.#all.add(node);
    return node;
  }

  /** Evaluates these nodes, and every ancestor whose distribution a path probability still waits for, in one call. */
  evaluate(nodes: Iterable<LlmNode>, signal?: AbortSignal): Promise<number> {
    const wanted = new Set<LlmNode>();
    for (const node of nodes) this.collectMissing(node, wanted);
    return evaluateNodes(this.#scorer, wanted, signal);
  }

  /** Adds to `into` the rows that must be evaluated before `node`'s distribution and path probability are known. */
  collectMissing(node: LlmNode, into: Set<LlmNode>): void {
    if (node.distribution === undefined) into.add(node);
    let at = node;
    while (at.pathLogProb === undefined) {
      at = at.parent!;
      if (at.distribution === undefined) into.add(at);
    }
  }

  /**
   * Lets go of everything that none of `live` paths uses. Distributions are kept for the last `keepDistributions` nodes
   * of each path only: one holds a whole vocabulary of logits.
   */
  retain(live: Iterable<readonly LlmNode[]>, keepDistributions: number): void {
    const now = ++this.#sweep;
    const keep = new Set<LlmNode>([this.root]);
    for (const path of live) {
      for (
        let node: LlmNode | null = path[path.length - 1] ?? this.root;
        node && node.mark !== now;
        node = node.parent
      ) {
        node.mark = now;
      }
      for (let i = Math.max(0, path.length - keepDistributions); i < path.length; i++) keep.add(path[i]!);
    }
    const released: ScorerNode[] = [];
    for (const node of this.#all) {
      if (node.mark === now) {
        if (!keep.has(node)) node.distribution = undefined;
        continue;
      }
      node.parent!.children.delete(node.token);
      this.#all.delete(node);
      released.push(node.scorerNode);
    }
    this.#scorer.release(released);
  }

  /** Releases every cached node of the tree; the context stays with its lease. */
  dispose(): void {
    this.retain([], 0);
  }
}

/**
 * Evaluates nodes of one tree or of several trees of one scorer in one call, and settles the path probabilities that
 * waited for them. `wanted`: what `collectMissing` gathered. Returns the number of rows.
 */
export async function evaluateNodes(
  scorer: TokenScorer,
  wanted: ReadonlySet<LlmNode>,
  signal?: AbortSignal,
): Promise<number> {
  const ordered = [...wanted];
  // A distribution that was let go while its keys stayed cached: the scorer evaluates such a row afresh.
  const distributions = await scorer.evaluate(
    ordered.map((node) => node.scorerNode),
    signal,
  );
  ordered.forEach((node, i) => {
    node.distribution = distributions[i]!;
  });
  for (const node of ordered) settle(node);
  return ordered.length;
}

/** Gives `node`'s children, and theirs, the path probability that they waited for. */
function settle(node: LlmNode): void {
  const { distribution, pathLogProb } = node;
  if (distribution === undefined || pathLogProb === undefined) return;
  for (const child of node.children.values()) {
    if (child.pathLogProb !== undefined) continue;
    child.pathLogProb = pathLogProb === IMPOSSIBLE ? IMPOSSIBLE : pathLogProb + distribution.logProb(child.token);
    settle(child);
  }
}
