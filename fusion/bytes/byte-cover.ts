import type { ByteVocab, Interval } from '../../models/core/byte-vocab.ts';
import { IMPOSSIBLE, logAdd } from '../../models/core/logprob.ts';
import type { LlmNode, LlmTree } from './llm-tree.ts';
import { finishedLenBytes } from './utf8-boundary.ts';

/** One cut point: the path before it is a node; the bytes after it must begin the next token. */
interface Cut {
  readonly node: LlmNode;
  readonly tokens: Interval;
}

/**
 * How the language model covers the bytes of one hypothesis: the standard tokenization t1 .. tn of its finished
 * characters, and for every cut point i with a possible next token the pair (path t1 .. ti, tokens that begin with all
 * bytes after it). The remainder is never empty, or the whole path would count twice; the bytes of an unfinished
 * character are always remainder, never byte tokens of the path.
 *
 *   log P(bytes) = logsumexp over cuts of [log P(t1 .. ti) + log mass(tokens that begin with the remainder)]
 *
 * (Generative Fusion Decoding, arXiv 2405.14259, section 3: the sum over the alternatives of each cut point.)
 */
export class ByteCover {
  readonly bytes: Uint8Array;
  /** Nodes after 0, 1, .. n tokens of the finished text. */
  readonly path: readonly LlmNode[];
  readonly cuts: readonly Cut[];
  #logProb: number | undefined;

  constructor(bytes: Uint8Array, path: readonly LlmNode[], cuts: readonly Cut[]) {
    this.bytes = bytes;
    this.path = path;
    this.cuts = cuts;
  }

  static of(bytes: Uint8Array, tree: LlmTree, vocab: ByteVocab): ByteCover {
    const finished = bytes.subarray(0, finishedLenBytes(bytes));
    const path: LlmNode[] = [tree.root];
    const offsets = [0];
    for (const token of vocab.encode(finished)) {
      path.push(tree.child(path[path.length - 1]!, token));
      offsets.push(offsets[offsets.length - 1]! + vocab.bytesOf(token).length);
    }
    const cuts: Cut[] = [];
    for (let i = path.length - 1; i >= 0; i--) {
      const rest = bytes.subarray(offsets[i]!);
      if (rest.length === 0) continue;
      if (rest.length > vocab.tokenLenBytesMax) break;
      const tokens = vocab.interval(rest);
      if (tokens.lo < tokens.hi) cuts.push({ node: path[i]!, tokens });
    }
    return new ByteCover(bytes, path, cuts);
  }

  /** LLM tokens that write the text: the standard tokenization, and one more for an unfinished character. */
  get tokens(): number {
    return this.path.length - 1 + (finishedLenBytes(this.bytes) < this.bytes.length ? 1 : 0);
  }

  /** True once every cut's node is evaluated: `logProb` is then exact. */
  get exact(): boolean {
    if (this.#logProb !== undefined) return true;
    for (const cut of this.cuts) {
      if (cut.node.distribution === undefined || cut.node.pathLogProb === undefined) return false;
    }
    return true;
  }

  /**
   * log P(bytes) where `exact`, else an upper bound: a cut whose node is not evaluated counts with its path's
   * probability (as far as that is known) and the whole mass, log 1 = 0. Never above 0.
   */
  get logProb(): number {
    if (this.#logProb !== undefined) return this.#logProb;
    if (this.bytes.length === 0) return 0;
    let total = IMPOSSIBLE;
    for (const { node, tokens } of this.cuts) {
      const { distribution, pathLogProb } = node;
      const mass = distribution === undefined || pathLogProb === undefined ? 0 : distribution.logMass(tokens);
      const path = pathLogProb ?? knownPathLogProb(node);
      if (path !== IMPOSSIBLE && mass !== IMPOSSIBLE) total = logAdd(total, path + mass);
    }
    total = Math.min(total, 0);
    if (this.exact) this.#logProb = total;
    return total;
  }

  /** Adds the rows to be evaluated before `logProb` is exact. */
  collectMissing(tree: LlmTree, into: Set<LlmNode>): void {
    if (this.#logProb !== undefined) return;
    for (const { node } of this.cuts) tree.collectMissing(node, into);
  }
}

/** Probability of the longest known part of a path: an upper bound of the whole path's. */
function knownPathLogProb(node: LlmNode): number {
  let at: LlmNode = node;
  while (at.pathLogProb === undefined) at = at.parent!;
  return at.pathLogProb;
}
