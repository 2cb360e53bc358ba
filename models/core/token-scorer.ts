import type { ByteVocab, Interval } from './byte-vocab.ts';

/** The next-token distribution after one node, over the rows of a ByteVocab (control tokens are masked out). Natural logs. */
export interface TokenDistribution {
  /** log P(row | path). */
  logProb(row: number): number;
  /** log of the probability mass of rows lo .. hi - 1; IMPOSSIBLE for an empty interval, 0 for all rows. */
  logMass(interval: Interval): number;
}

/** One evaluated or planned token of a language model's tree. `parent` null: the beginning-of-text root. */
export interface ScorerNode {
  readonly token: number;
  readonly parent: ScorerNode | null;
  /** Position in its path; the root (beginning of text) is 0. */
  readonly depth: number;
}

/**
 * A language model that evaluates nodes of a tree of tokens. Nodes share their history; evaluating a node caches its
 * keys and values until it is released. One scorer serves many streams: calls made while another runs are batched.
 */
export interface TokenScorer {
  readonly vocab: ByteVocab;
  /** A node with the given parent (null: the root, whose token must be vocab.bos). Costs nothing until evaluated. */
  child(parent: ScorerNode | null, token: number): ScorerNode;
  /**
   * Distributions after each of `wanted`, in order. Ancestors that are not cached yet are evaluated in the same call
   * (without logits). Rows of all streams that wait are batched into one model call.
   */
  evaluate(wanted: readonly ScorerNode[], signal?: AbortSignal): Promise<TokenDistribution[]>;
  /** True when the node's keys and values are cached. */
  isCached(node: ScorerNode): boolean;
  /** Frees the cached keys and values of these nodes; a node's descendants must be released before or with it. */
  release(nodes: Iterable<ScorerNode>): void;
}
