import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AppError } from '../../../../models/core/app-error.ts';
import type { ScorerNode } from '../../../../models/core/token-scorer.ts';
import { LlmScorer } from '../../../../models/llm/llm-scorer.ts';
import { RowDistribution } from '../../../../models/llm/row-distribution.ts';
import type { StepGraph, StepInput, StepOutput } from '../../../../models/llm/step-graph.ts';
import { KvPool } from '../../../../models/session/kv-pool.ts';
import { toyTokens, toyVocab } from '../tokenizer/toy-vocab.ts';

const vocab = toyVocab(toyTokens(['a', 'b', 'c', 'ab']));
const WINDOW = 5;

/** What a node's logits are made of: every (token, position) it sees, whole context and window apart. */
function toyLogits(seen: readonly [number, number][], near: readonly [number, number][]): Float32Array {
  const mix = (pairs: readonly [number, number][]) =>
    pairs.reduce((sum, [token, position]) => sum + (token + 1) * 0.37 * (position + 1), 0);
  return Float32Array.from({ length: vocab.size }, (_, row) => Math.sin(mix(seen) + row) + Math.cos(mix(near) * row));
}

/** A step graph whose keys are (token, position) and whose logits tell exactly what the masks let through. */
class ToyGraph implements StepGraph {
  readonly calls: { nodes: number; rows: number; slots: number }[] = [];
  readonly log: string[][] = [];
  disposed = 0;
  fails: Error | undefined;
  onRun: (() => void) | undefined;

  async run(input: StepInput): Promise<StepOutput> {
    await Promise.resolve();
    this.onRun?.();
    if (this.fails !== undefined) throw this.fails;
    const nodes = input.tokens.length;
    const slots = input.pool.shownSlots;
    this.calls.push({ nodes, rows: input.rows.length, slots });
    this.log.push(Array.from(input.tokens, String));
    const newKeys = [new Float32Array(nodes * 2)];
    for (let i = 0; i < nodes; i++) newKeys[0]!.set([Number(input.tokens[i]), Number(input.positions[i])], i * 2);
    const pairsOf = (mask: Float32Array, node: number): [number, number][] => {
      const pairs: [number, number][] = [];
      for (let column = 0; column < slots + nodes; column++) {
        if (mask[node * (slots + nodes) + column] !== 0) continue;
        const keys = column < slots ? input.pool.keys(0) : newKeys[0]!;
        const at = (column < slots ? column : column - slots) * 2;
        pairs.push([keys[at]!, keys[at + 1]!]);
      }
      return pairs.sort((a, b) => a[1] - b[1]);
    };
    const logits = new Float32Array(input.rows.length * vocab.size);
    const sums: number[] = [];
    const max = new Float32Array(input.rows.length);
    for (const [i, row] of input.rows.entries()) {
      const seen = pairsOf(input.maskGlobal, Number(row));
      const values = toyLogits(seen, pairsOf(input.maskLocal, Number(row)));
      logits.set(values, i * vocab.size);
      for (let block = 0; block * 64 < vocab.size; block++) {
        sums.push(values.subarray(block * 64, block * 64 + 64).reduce((sum, value) => sum + Math.exp(value), 0));
      }
    }
    const blockSum = Float32Array.from(sums);
    return { logits, max, blockSum, controlLogits: new Float32Array(0), newKeys, newValues: newKeys };
  }

  async dispose(): Promise<void> {
    this.disposed++;
  }
}

function open(): { scorer: LlmScorer; graph: ToyGraph; pool: KvPool } {
  const graph = new ToyGraph();
  const pool = new KvPool({ layers: 1, heads: 1, dHead: 2 }, 4);
  return { scorer: new LlmScorer({ vocab, graph, pool, window: WINDOW, contextLen: 1000 }), graph, pool };
}

function path(scorer: LlmScorer, tokens: readonly number[], from: ScorerNode | null = null): ScorerNode[] {
  const nodes: ScorerNode[] = [];
  let node = from ?? scorer.child(null, vocab.bos);
  if (from === null) nodes.push(node);
  for (const token of tokens) {
    node = scorer.child(node, token);
    nodes.push(node);
  }
  return nodes;
}

/** The logits that the path of a node asks for, computed without cache, mask or slot. */
function expected(node: ScorerNode): number[] {
  const pairs: [number, number][] = [];
  for (let up: ScorerNode | null = node; up !== null; up = up.parent) pairs.unshift([up.token, up.depth]);
  return [...toyLogits(pairs, pairs.slice(-WINDOW))];
}

function assertRight(distribution: unknown, node: ScorerNode): void {
  assert.ok(distribution instanceof RowDistribution);
  const wanted = expected(node);
  for (let row = 0; row < wanted.length; row++) {
    assert.ok(Math.abs(distribution.logits[row]! - wanted[row]!) < 1e-5, `depth ${node.depth}, row ${row}`);
  }
}

test('a node is scored from exactly its path, whatever is cached, beyond the window too', async () => {
  const { scorer } = open();
  const trunk = path(scorer, [1, 2, 3, 4, 5, 6, 7, 8]);
  assertRight((await scorer.evaluate([trunk[3]!]))[0], trunk[3]!);
  const branch = path(scorer, [9, 10, 11], trunk[5]!);
  const other = path(scorer, [12], trunk[2]!);
  const wanted = [branch[2]!, other[0]!, trunk[8]!, branch[0]!];
  const distributions = await scorer.evaluate(wanted);
  for (const [i, node] of wanted.entries()) assertRight(distributions[i], node);
  assert.equal(scorer.cachedNodes, 13);
});

test('ancestors are evaluated in the same call, without logits', async () => {
  const { scorer, graph } = open();
  const nodes = path(scorer, [1, 2, 3]);
  await scorer.evaluate([nodes[3]!]);
  assert.deepEqual(graph.calls, [{ nodes: 4, rows: 1, slots: 4 }]);
  assert.ok(nodes.every((node) => scorer.isCached(node)));
  assert.deepEqual({ ...scorer.stats, runMs: 0 }, { calls: 1, nodes: 4, rows: 1, runMs: 0 });
});

test('a cached node that is wanted again gives the same numbers and takes no slot', async () => {
  const { scorer } = open();
  const nodes = path(scorer, [1, 2]);
  await scorer.evaluate([nodes[2]!]);
  const used = scorer.cachedNodes;
  assertRight((await scorer.evaluate([nodes[1]!]))[0], nodes[1]!);
  assert.equal(scorer.cachedNodes, used);
});

test('calls made while the graph runs are evaluated together, in canonical order', async () => {
  const run = async (order: readonly number[]) => {
    const { scorer, graph } = open();
    const first = path(scorer, []);
    const streams = [3, 1, 2].map((token) => path(scorer, [token], first[0]!)[0]!);
    await scorer.evaluate(first);
    await Promise.all(order.map((i) => scorer.evaluate([streams[i]!])));
    return graph.log[1];
  };
  assert.deepEqual(await run([0, 1, 2]), ['1', '2', '3']);
  assert.deepEqual(await run([2, 0, 1]), ['1', '2', '3']);
});

test('a long prompt is evaluated in parts', async () => {
  const { scorer, graph } = open();
  const nodes = path(
    scorer,
    Array.from({ length: 600 }, (_, i) => i % 200),
  );
  assertRight((await scorer.evaluate([nodes[600]!]))[0], nodes[600]!);
  assert.deepEqual(
    graph.calls.map((call) => call.nodes),
    [256, 256, 96],
  );
});

test('many rows are spread over calls and come back in order', async () => {
  const { scorer } = open();
  const root = path(scorer, [])[0]!;
  const wanted = Array.from({ length: 150 }, (_, i) => scorer.child(root, 149 - i));
  const distributions = await scorer.evaluate(wanted);
  for (const [i, node] of wanted.entries()) assertRight(distributions[i], node);
});

test('released slots are used again, and a released ancestor is evaluated anew', async () => {
  const { scorer } = open();
  const nodes = path(scorer, [1, 2, 3]);
  await scorer.evaluate([nodes[3]!]);
  scorer.release([...nodes].reverse());
  assert.equal(scorer.cachedNodes, 0);
  assert.ok(nodes.every((node) => !scorer.isCached(node)));
  const others = path(scorer, [4, 5]);
  assertRight((await scorer.evaluate([others[2]!]))[0], others[2]!);
  assertRight((await scorer.evaluate([nodes[3]!]))[0], nodes[3]!);
  assert.equal(scorer.cachedNodes, 7);
});

test('a node released while its call runs leaves no slot behind', async () => {
  const { scorer, graph } = open();
  const nodes = path(scorer, [1]);
  graph.onRun = () => scorer.release([...nodes].reverse());
  assertRight((await scorer.evaluate([nodes[1]!]))[0], nodes[1]!);
  assert.equal(scorer.cachedNodes, 0);
});

test('abort works before, while waiting and during a run', async () => {
  const { scorer, graph } = open();
  const canceled = { code: 'canceled' };
  const [root] = path(scorer, []);
  await assert.rejects(scorer.evaluate([root!], AbortSignal.abort()), canceled);
  const waiting = new AbortController();
  const request = scorer.evaluate([root!], waiting.signal);
  waiting.abort();
  await assert.rejects(request, canceled);
  assert.equal(graph.calls.length, 0);
  const running = new AbortController();
  graph.onRun = () => running.abort();
  const other = scorer.evaluate(path(scorer, [1]).slice(1));
  await assert.rejects(Promise.all([scorer.evaluate([root!], running.signal)]), canceled);
  await other;
});

test('a failing graph rejects everyone who waited on it, frees the slots, and the next call works', async () => {
  const { scorer, graph } = open();
  const nodes = path(scorer, [1]);
  graph.fails = new Error('out of memory');
  await assert.rejects(scorer.evaluate([nodes[1]!]), /out of memory/);
  assert.equal(scorer.cachedNodes, 0);
  graph.fails = undefined;
  assertRight((await scorer.evaluate([nodes[1]!]))[0], nodes[1]!);
});

test('a path longer than the context, a foreign root and a closed scorer are refused', async () => {
  const { scorer, graph } = open();
  const nodes = path(
    scorer,
    Array.from({ length: 1000 }, () => 1),
  );
  await assert.rejects(scorer.evaluate([nodes[1000]!]), (error: AppError) => /1001 tokens/.test(error.message));
  assert.throws(() => scorer.child(null, 5), /beginning-of-text/);
  await scorer.dispose();
  assert.equal(graph.disposed, 1);
  await assert.rejects(scorer.evaluate([nodes[0]!]), /disposed/);
});
