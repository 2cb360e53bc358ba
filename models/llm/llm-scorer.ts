import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LlmModelInfo } from '../convert/llm-import.ts';
import { AppError } from '../core/app-error.ts';
import type { ByteVocab } from '../core/byte-vocab.ts';
import type { ScorerNode, TokenDistribution, TokenScorer } from '../core/token-scorer.ts';
import { KvPool } from '../session/kv-pool.ts';
import { OnnxSession, type OnnxSessionOptions } from '../session/onnx-session.ts';
import { SortedVocab } from '../tokenizer/sorted-vocab.ts';
import { BLOCK_ROWS, RowDistribution } from './row-distribution.ts';
import { OnnxStepGraph, type StepGraph } from './step-graph.ts';
import { paddedCount, planStep, type TreeNode } from './step-plan.ts';

/** New nodes of one graph call; a longer prompt is evaluated in parts. Larger parts gain nothing and need more memory. */
const NODES_MAX = 256;
/** Logit rows of one graph call: a row of the full vocabulary is 1 MiB. */
const ROWS_MAX = 64;
/** Requests that may wait; a caller has one at a time, so this is a bound on streams. */
const QUEUE_LEN_MAX = 1024;

/** What the scorer did since it was opened. */
export interface ScorerStats {
  /** Graph calls. */
  readonly calls: number;
  /** Nodes evaluated, padding not counted. */
  readonly nodes: number;
  /** Distributions computed. */
  readonly rows: number;
  /** Wall-clock milliseconds inside graph calls. */
  readonly runMs: number;
}

export interface LlmScorerParts {
  readonly vocab: ByteVocab;
  readonly graph: StepGraph;
  readonly pool: KvPool;
  /** Tokens that a local layer sees, itself included. */
  readonly window: number;
  /** Longest path, in tokens. */
  readonly contextLen: number;
}

class LlmNode implements TreeNode {
  readonly token: number;
  readonly parent: LlmNode | null;
  readonly depth: number;
  /** Order of creation: the last resort of the canonical order. */
  readonly serial: number;
  /** Pool slot of its keys and values, or -1. */
  slot = -1;
  /** Released while a call that evaluates it was under way. */
  released = false;

  constructor(token: number, parent: LlmNode | null, serial: number) {
    this.token = token;
    this.parent = parent;
    this.depth = parent === null ? 0 : parent.depth + 1;
    this.serial = serial;
  }
}

interface Request {
  readonly wanted: readonly LlmNode[];
  readonly signal: AbortSignal | undefined;
  readonly resolve: (distributions: TokenDistribution[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A language model over a tree of tokens (TokenScorer). Calls made while the graph runs wait and are evaluated together in
 * the next call. New nodes are ordered canonically and take the lowest free slots, so equal work gives equal numbers.
 */
export class LlmScorer implements TokenScorer {
  readonly vocab: ByteVocab;
  readonly #parts: LlmScorerParts;
  readonly #queue: Request[] = [];
  #isRunning = false;
  #isDisposed = false;
  #nextSerial = 0;
  #stats = { calls: 0, nodes: 0, rows: 0, runMs: 0 };

  constructor(parts: LlmScorerParts) {
    this.vocab = parts.vocab;
    this.#parts = parts;
  }

  /**
   * Opens a converted model folder.
   * @throws AppError model_missing, model_corrupt, device_unavailable
   */
  static async open(dir: string, options: OnnxSessionOptions = {}): Promise<LlmScorer> {
    const info = readInfo(join(dir, 'model.json'));
    const { layers, kvHeads, dHead, window, contextLen } = info.params;
    const vocab = SortedVocab.load(join(dir, 'vocab.bin'));
    if (vocab.hash !== info.vocab.hash || vocab.size !== info.vocab.textRows) {
      throw new AppError('model_corrupt', `In ${dir}, vocab.bin is not the vocabulary that model.json names`);
    }
    const session = await OnnxSession.open(join(dir, 'step.onnx'), options);
    const { textRows, controlRows } = info.vocab;
    const graph = new OnnxStepGraph(session, { layers, kvHeads, dHead, textRows, controlRows });
    const pool = new KvPool({ layers, heads: kvHeads, dHead }, 256);
    return new LlmScorer({ vocab, graph, pool, window, contextLen });
  }

  get stats(): ScorerStats {
    return { ...this.#stats };
  }

  /** Cached nodes: for tests and for the report of what is in use. */
  get cachedNodes(): number {
    return this.#parts.pool.used;
  }

  child(parent: ScorerNode | null, token: number): ScorerNode {
    assert(parent !== null || token === this.vocab.bos, 'the root is the beginning-of-text token');
    return new LlmNode(token, asNode(parent), this.#nextSerial++);
  }

  isCached(node: ScorerNode): boolean {
    return asNode(node)!.slot >= 0;
  }

  release(nodes: Iterable<ScorerNode>): void {
    for (const each of nodes) {
      const node = asNode(each)!;
      if (node.slot >= 0) this.#parts.pool.free(node.slot);
      node.slot = -1;
      node.released = true;
    }
    if (this.#parts.pool.used === 0 && !this.#isRunning) this.#parts.pool.shrink();
  }

  evaluate(wanted: readonly ScorerNode[], signal?: AbortSignal): Promise<TokenDistribution[]> {
    if (wanted.length === 0) return Promise.resolve([]);
    if (this.#isDisposed) return Promise.reject(new Error('The scorer is disposed'));
    if (signal?.aborted) return Promise.reject(canceled(signal));
    const nodes = wanted.map((node) => asNode(node)!);
    const deepest = nodes.reduce((depth, node) => Math.max(depth, node.depth), 0);
    if (deepest >= this.#parts.contextLen) {
      const text = `A path of ${deepest + 1} tokens does not fit the model's context of ${this.#parts.contextLen}`;
      return Promise.reject(new AppError('invalid_option', text));
    }
    if (this.#queue.length >= QUEUE_LEN_MAX) {
      return Promise.reject(new AppError('overloaded', `${QUEUE_LEN_MAX} requests wait for the language model`));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ wanted: nodes, signal, resolve, reject });
      this.#schedule();
    });
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    for (const request of this.#queue.splice(0)) request.reject(new AppError('canceled', 'The scorer was closed'));
    await this.#parts.graph.dispose();
  }

  #schedule(): void {
    if (this.#isRunning || this.#queue.length === 0) return;
    this.#isRunning = true;
    // Streams that were woken by the last call ask within this turn of the event loop: let all of them in.
    setImmediate(() => {
      void this.#runBatch().finally(() => {
        this.#isRunning = false;
        this.#schedule();
      });
    });
  }

  async #runBatch(): Promise<void> {
    const batch = this.#takeBatch();
    if (batch.length === 0) return;
    try {
      const results = await this.#evaluateAll(batch.flatMap((request) => request.wanted));
      for (const { wanted, signal, resolve, reject } of batch) {
        if (signal?.aborted) reject(canceled(signal));
        else resolve(wanted.map((node) => results.get(node)!));
      }
    } catch (error) {
      for (const request of batch) request.reject(error);
    }
  }

  /** The oldest requests that fit one call together; at least one. */
  #takeBatch(): Request[] {
    const batch: Request[] = [];
    let rows = 0;
    while (this.#queue.length > 0) {
      const request = this.#queue[0]!;
      if (request.signal?.aborted) {
        request.reject(canceled(request.signal));
        this.#queue.shift();
        continue;
      }
      if (batch.length > 0 && rows + request.wanted.length > ROWS_MAX) break;
      rows += request.wanted.length;
      batch.push(request);
      this.#queue.shift();
    }
    return batch;
  }

  async #evaluateAll(wanted: readonly LlmNode[]): Promise<Map<LlmNode, TokenDistribution>> {
    const wantedSet = new Set(wanted);
    const todo = new Set<LlmNode>(wantedSet);
    for (const node of wantedSet) {
      for (let up = node.parent; up !== null && up.slot < 0 && !todo.has(up); up = up.parent) todo.add(up);
    }
    for (const node of todo) node.released = false;
    const ordered = [...todo].sort(compareNodes);
    const results = new Map<LlmNode, TokenDistribution>();
    let part: LlmNode[] = [];
    let rows = 0;
    for (const node of ordered) {
      const isWanted = wantedSet.has(node);
      if (part.length === NODES_MAX || (isWanted && rows === ROWS_MAX)) {
        await this.#evaluatePart(part, wantedSet, results);
        part = [];
        rows = 0;
      }
      part.push(node);
      if (isWanted) rows++;
    }
    await this.#evaluatePart(part, wantedSet, results);
    return results;
  }

  /** One graph call: evaluates these nodes, stores their keys and values, and adds the wanted distributions. */
  async #evaluatePart(
    nodes: readonly LlmNode[],
    wanted: ReadonlySet<LlmNode>,
    results: Map<LlmNode, TokenDistribution>,
  ): Promise<void> {
    const { graph, pool, window, vocab } = this.#parts;
    const uncached = nodes.filter((node) => node.slot < 0);
    const slots = pool.take(uncached.length);
    const rowNodes = nodes.filter((node) => wanted.has(node));
    try {
      const step = planStep(nodes, rowNodes, pool.shownSlots, window);
      const startMs = performance.now();
      const output = await graph.run({ ...step, pool });
      this.#stats.runMs += performance.now() - startMs;
      this.#stats.calls++;
      this.#stats.nodes += nodes.length;
      this.#stats.rows += rowNodes.length;
      const count = paddedCount(nodes.length);
      for (let i = 0, next = 0; i < nodes.length; i++) {
        const node = nodes[i]!;
        if (node !== uncached[next]) continue;
        const slot = slots[next++]!;
        if (node.released) continue;
        pool.write(slot, i, count, output.newKeys, output.newValues);
        node.slot = slot;
      }
      const blocks = Math.ceil(vocab.size / BLOCK_ROWS);
      for (const [i, node] of rowNodes.entries()) {
        const logits = output.logits.subarray(i * vocab.size, (i + 1) * vocab.size);
        const sums = output.blockSum.subarray(i * blocks, (i + 1) * blocks);
        results.set(node, new RowDistribution(logits, output.max[i]!, sums));
      }
    } finally {
      for (const [i, node] of uncached.entries()) if (node.slot < 0) pool.free(slots[i]!);
    }
  }
}

function asNode(node: ScorerNode | null): LlmNode | null {
  assert(node === null || node instanceof LlmNode, 'the node belongs to another scorer');
  return node;
}

function canceled(signal: AbortSignal): AppError {
  return new AppError('canceled', 'The evaluation was canceled', { cause: signal.reason });
}

/** Canonical order: ancestors first, then by the tokens of the paths, then by creation. */
function compareNodes(a: LlmNode, b: LlmNode): number {
  if (a.depth !== b.depth) return a.depth - b.depth;
  let order = 0;
  let upA: LlmNode | null = a;
  let upB: LlmNode | null = b;
  while (upA !== null && upB !== null && upA !== upB) {
    if (upA.token !== upB.token) order = upA.token - upB.token;
    upA = upA.parent;
    upB = upB.parent;
  }
  return order || a.serial - b.serial;
}

function readInfo(path: string): LlmModelInfo {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new AppError('model_missing', `There is no converted language model at ${path}`, { cause: error });
  }
  try {
    const info = JSON.parse(text) as LlmModelInfo;
    if (info.format === 'bytefuse-llm' && Number.isInteger(info.params.layers)) return info;
  } catch {
    // Falls through to the same error as a file of another shape.
  }
  throw new AppError('model_corrupt', `${path} is not the description of a converted language model`);
}
