import type { ScorerNode, TokenScorer } from '../../models/core/token-scorer.ts';

/** Context tokens kept for later use when nobody uses them: a few prompts with their previous text. */
const IDLE_NODES_MAX = 1024;

/** A context token in the trie of contexts. */
interface ContextNode {
  readonly scorerNode: ScorerNode;
  readonly parent: ContextNode | null;
  readonly children: Map<number, ContextNode>;
  /** Units that are reading it now. */
  users: number;
  /** Clock of the last use. */
  usedAt: number;
}

/** A context in use: its last node, from which the hypotheses of a unit grow. */
export interface ContextLease {
  readonly last: ScorerNode;
  release(): void;
}

/**
 * Contexts that the language model has read, shared by units and streams: the same domain prompt, or text that only
 * grew at its end, is not read twice. Invariant: a node with users, or with children, stays; of the others the least
 * recently used go first once more than IDLE_NODES_MAX are kept.
 */
export class ContextCache {
  readonly scorer: TokenScorer;
  #root: ContextNode | null = null;
  #nodes = new Set<ContextNode>();
  #clock = 0;
  #idleNodesMax: number;

  constructor(scorer: TokenScorer, idleNodesMax = IDLE_NODES_MAX) {
    this.scorer = scorer;
    this.#idleNodesMax = idleNodesMax;
  }

  /** Tokens held, whether in use or not. */
  get size(): number {
    return this.#nodes.size;
  }

  /** `tokens`: the context without the beginning-of-text token. */
  acquire(tokens: readonly number[]): ContextLease {
    this.#root ??= this.#add(null, this.scorer.vocab.bos);
    let node = this.#root;
    const now = ++this.#clock;
    const path = [node];
    for (const token of tokens) {
      node = node.children.get(token) ?? this.#add(node, token);
      path.push(node);
    }
    for (const each of path) {
      each.users++;
      each.usedAt = now;
    }
    let held = true;
    return {
      last: node.scorerNode,
      release: () => {
        if (!held) return;
        held = false;
        for (const each of path) each.users--;
        this.#evict();
      },
    };
  }

  #add(parent: ContextNode | null, token: number): ContextNode {
    const scorerNode = this.scorer.child(parent?.scorerNode ?? null, token);
    const node: ContextNode = { scorerNode, parent, children: new Map(), users: 0, usedAt: 0 };
    parent?.children.set(token, node);
    this.#nodes.add(node);
    return node;
  }

  #evict(): void {
    const over = this.#nodes.size - this.#idleNodesMax;
    if (over <= 0) return;
    // Leaves first: a path's nodes were last used together at the latest, so older paths go before newer ones.
    const idle = [...this.#nodes].filter(({ users }) => users === 0);
    idle.sort((a, b) => a.usedAt - b.usedAt || b.scorerNode.depth - a.scorerNode.depth);
    const gone: ScorerNode[] = [];
    for (const node of idle) {
      if (gone.length >= over) break;
      if (node.children.size > 0) continue;
      node.parent?.children.delete(node.scorerNode.token);
      if (node === this.#root) this.#root = null;
      this.#nodes.delete(node);
      gone.push(node.scorerNode);
    }
    this.scorer.release(gone);
  }
}
