import { ByteCover } from '../bytes/byte-cover.ts';
import type { ContextCache, ContextLease } from '../bytes/context-cache.ts';
import { type LlmNode, LlmTree } from '../bytes/llm-tree.ts';
import type { LlmText } from '../gfd/llm-text.ts';
import { idsOf, type Prefix } from './prefix.ts';

/** Distributions kept per path: cuts farther back than this would need a token of more than this many tokens. */
const KEEP_DISTRIBUTIONS = 12;
/** Longest way back from a doubt to the space before its word, in characters; longer words are cut. */
const WORD_CHARS_MAX = 24;
/** Characters before a doubt in a script without spaces: most tokens are no longer. */
const UNSPACED_BACK_CHARS = 2;

export interface WindowParts {
  readonly contexts: ContextCache;
  readonly text: LlmText;
  readonly textOf: (id: number) => string;
  /** Sentence on the domain, always shown; empty or ending in a line break. */
  readonly prompt: string;
  /** The lines before this one, ending in a line break; empty at the start. */
  readonly before: string;
  /** Characters of `before` and of the line itself that the language model sees before the window. */
  readonly contextCharsMax: number;
}

/**
 * The stretch of a line over which hypotheses differ, as the language model scores it. What all of them share before it
 * is context: read, not scored, since it would add the same to each. The window begins at the space before the word of
 * the doubt, where tokens begin, so that the standard tokenization of the whole is that of the parts; in a script without
 * spaces two characters back, where it mostly is.
 */
export class LlmWindow {
  readonly #parts: WindowParts;
  readonly #anchor: Prefix;
  readonly #lease: ContextLease;
  readonly #tree: LlmTree;
  readonly #covers = new Map<Prefix, ByteCover>();
  /** Covers of finished lines. */
  readonly #ended = new Map<Prefix, ByteCover>();
  readonly #encoder = new TextEncoder();
  /** Context tokens that this window read: each costs the language model as much as a row. */
  readonly contextTokens: number;

  /** `base`: what all hypotheses begin with; null scores the line from its start. */
  constructor(parts: WindowParts, root: Prefix, base: Prefix | null) {
    this.#parts = parts;
    const { contexts, text, prompt, before, contextCharsMax } = parts;
    this.#anchor = base === null ? root : anchorOf(base, parts.textOf);
    const line = this.#textBetween(root, this.#anchor);
    const context = text.view(this.#encoder.encode(prompt + tail(before + line, contextCharsMax, before.length)));
    const tokens = contexts.scorer.vocab.encode(context);
    this.contextTokens = tokens.length;
    this.#lease = contexts.acquire(tokens);
    this.#tree = new LlmTree(contexts.scorer, this.#lease.last);
  }

  /** `end`: what follows the last character, where the line is over. */
  cover(prefix: Prefix, end = ''): ByteCover {
    const covers = end === '' ? this.#covers : this.#ended;
    let cover = covers.get(prefix);
    if (!cover) {
      cover = this.#make(this.#textBetween(this.#anchor, prefix) + end);
      covers.set(prefix, cover);
    }
    return cover;
  }

  /** Rows behind this cover that were not counted before, as `collectMissing` would name them. */
  countEager(prefix: Prefix, end: string): number {
    return count(this.cover(prefix, end), (node) => {
      if (node.countedEager) return false;
      node.countedEager = true;
      return true;
    });
  }

  countFloor(prefix: Prefix, end: string): number {
    return count(this.cover(prefix, end), (node) => {
      if (node.countedFloor) return false;
      node.countedFloor = true;
      return true;
    });
  }

  collectMissing(cover: ByteCover, into: Set<LlmNode>): void {
    cover.collectMissing(this.#tree, into);
  }

  /** Lets go of what only dead hypotheses use. */
  retain(live: Iterable<Prefix>): void {
    const kept = new Map<Prefix, ByteCover>();
    for (const prefix of live) {
      const cover = this.#covers.get(prefix);
      if (cover) kept.set(prefix, cover);
    }
    this.#covers.clear();
    for (const [prefix, cover] of kept) this.#covers.set(prefix, cover);
    this.#tree.retain(
      [...kept.values()].map(({ path }) => path),
      KEEP_DISTRIBUTIONS,
    );
  }

  close(): void {
    this.#tree.dispose();
    this.#lease.release();
  }

  #make(text: string): ByteCover {
    const bytes = this.#parts.text.view(this.#encoder.encode(text));
    if (bytes.length === 0) return new ByteCover(bytes, [this.#tree.root], []);
    return ByteCover.of(bytes, this.#tree, this.#parts.contexts.scorer.vocab);
  }

  #textBetween(from: Prefix, to: Prefix): string {
    return idsOf(to, from)
      .map((id) => this.#parts.textOf(id))
      .join('');
  }
}

/** Every node of the path has a row, the last one only where a cut needs it. */
function count({ path, cuts }: ByteCover, isNew: (node: LlmNode) => boolean): number {
  let rows = 0;
  if (cuts.length === 0) return 0;
  const last = cuts[0]!.node;
  for (const node of path) {
    if (isNew(node)) rows++;
    if (node === last) break;
  }
  return rows;
}

/** Where the window of a doubt after `base` begins. */
function anchorOf(base: Prefix, textOf: (id: number) => string): Prefix {
  let at = base;
  for (let back = 0; back < WORD_CHARS_MAX && at.parent !== null; back++) {
    const text = textOf(at.id);
    at = at.parent;
    if (/^\s/u.test(text)) return at;
    if (back + 1 >= UNSPACED_BACK_CHARS && /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text))
      return at;
  }
  return at;
}

/**
 * The last characters of a context. Cut at half of the limit at a time and at word starts, so that several windows of a
 * line begin at the same place and share what was read.
 */
function tail(context: string, charsMax: number, lineStart: number): string {
  if (context.length <= charsMax) return context;
  const stride = Math.max(1, Math.floor(charsMax / 2));
  const least = context.length - charsMax;
  // The line's own start is the best place to cut: all windows of the line share it.
  const start = least <= lineStart && lineStart <= least + stride ? lineStart : Math.ceil(least / stride) * stride;
  return context
    .slice(start)
    .replace(/^[\udc00-\udfff]/, '')
    .replace(start === lineStart ? /^$/ : /^[\p{Script=Latin}\p{N}]{0,20}(?=\s)/u, '');
}
