import type { TokenScorer } from '../../models/core/token-scorer.ts';
import { evaluateNodes, type LlmNode } from '../bytes/llm-tree.ts';

/**
 * Searches under way at once. Each holds the distributions of its open window, some ten of them at half a megabyte, and
 * a call gains nothing from more rows than this many lines ask for.
 */
const SEARCHES_MAX = 24;

export interface LockstepOutcome<T> {
  /** In the order of the searches. */
  readonly results: readonly T[];
  readonly calls: number;
  readonly llmMs: number;
}

/**
 * Runs searches side by side: each goes on until it waits for rows; then one call evaluates what all of them wait for.
 * They start in order, and the next one starts as soon as one is done. When a call fails, every search is closed.
 */
export async function runLockstep<T>(
  searches: readonly (() => Generator<ReadonlySet<LlmNode>, T>)[],
  scorer: TokenScorer | null,
  signal?: AbortSignal,
): Promise<LockstepOutcome<T>> {
  const results: T[] = new Array(searches.length);
  let open: { readonly index: number; readonly search: Generator<ReadonlySet<LlmNode>, T> }[] = [];
  let started = 0;
  let calls = 0;
  let llmMs = 0;
  try {
    for (;;) {
      const wanted = new Set<LlmNode>();
      const waiting: typeof open = [];
      const advance = (entry: (typeof open)[number]): void => {
        const step = entry.search.next();
        if (step.done) {
          results[entry.index] = step.value;
          return;
        }
        waiting.push(entry);
        for (const node of step.value) wanted.add(node);
      };
      for (const entry of open) advance(entry);
      while (waiting.length < SEARCHES_MAX && started < searches.length) {
        const entry = { index: started, search: searches[started]!() };
        started++;
        // Known to `finally` from its first step on.
        open.push(entry);
        advance(entry);
      }
      open = waiting;
      if (open.length === 0) return { results, calls, llmMs };
      signal?.throwIfAborted();
      if (scorer === null) throw new Error('a search asked for rows, and there is no language model');
      const startedMs = performance.now();
      await evaluateNodes(scorer, wanted, signal);
      llmMs += performance.now() - startedMs;
      calls++;
    }
  } finally {
    for (const { search } of open) search.return(undefined as T);
  }
}
