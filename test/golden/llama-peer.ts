/**
 * node-llama-cpp, as an independent evaluator of the same GGUF file. It is large, so it is no dependency of the project:
 * it is taken from the folder BYTEFUSE_LLAMA_PEER, or installed once into the cache folder.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cacheHome } from '../../models/manifest/cache-home.ts';
import { threadBudget } from '../../models/session/thread-budget.ts';

const PEER_VERSION = '3.22.1';

/** The part of the peer's interface that is used here. */
interface PeerModule {
  readonly LlamaLogLevel: { readonly error: string };
  getLlama(options: object): Promise<{
    loadModel(options: object): Promise<PeerModel>;
    dispose(): Promise<void>;
  }>;
}

interface PeerModel {
  readonly tokens: { readonly bos: number };
  tokenize(text: string, specialTokens: boolean): readonly number[];
  createContext(options: object): Promise<{ getSequence(): PeerSequence }>;
  dispose(): Promise<void>;
}

interface PeerSequence {
  clearHistory(): Promise<void>;
  controlledEvaluate(
    input: readonly (number | readonly [number, object])[],
  ): Promise<readonly ({ readonly next: { readonly probabilities?: ReadonlyMap<number, number> } } | undefined)[]>;
}

/** Folder whose node_modules holds the peer, or null where it can be neither found nor installed. */
export function peerFolder(): string | null {
  const named = process.env['BYTEFUSE_LLAMA_PEER'];
  if (named !== undefined) return existsSync(join(named, 'node_modules', 'node-llama-cpp')) ? named : null;
  const folder = join(cacheHome(), 'peers', `node-llama-cpp-${PEER_VERSION}`);
  if (existsSync(join(folder, 'node_modules', 'node-llama-cpp', 'dist'))) return folder;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    // Its install script would build from source where no binary fits; the packaged binaries need no script.
    const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', `node-llama-cpp@${PEER_VERSION}`];
    execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], timeout: 600_000 });
    return folder;
  } catch {
    // No network, no npm: the suite says that it skips.
    return null;
  }
}

/** The peer with a model loaded on the CPU. */
export class LlamaPeer {
  readonly #model: PeerModel;
  readonly #dispose: () => Promise<void>;
  readonly #sequences = new Map<number, PeerSequence>();

  private constructor(model: PeerModel, dispose: () => Promise<void>) {
    this.#model = model;
    this.#dispose = dispose;
  }

  static async open(folder: string, ggufPath: string): Promise<LlamaPeer> {
    const url = pathToFileURL(join(folder, 'node_modules', 'node-llama-cpp', 'dist', 'index.js'));
    const peer = (await import(url.href)) as PeerModule;
    const llama = await peer.getLlama({
      gpu: false,
      build: 'never',
      logLevel: peer.LlamaLogLevel.error,
      maxThreads: threadBudget(),
    });
    const model = await llama.loadModel({ modelPath: ggufPath, gpuLayers: 0 });
    return new LlamaPeer(model, async () => {
      await model.dispose();
      await llama.dispose();
    });
  }

  /** Token ids of plain text; nothing in it becomes a control token. */
  tokenize(text: string): number[] {
    return [...this.#model.tokenize(text, false)];
  }

  /**
   * log P(ids[i] | beginning of text, ids before i) for i in from .. ids.length - 1.
   * @param contextSize at least ids.length + 1
   */
  async logProbs(ids: readonly number[], from: number, contextSize: number): Promise<number[]> {
    const sequence = await this.#sequence(contextSize);
    await sequence.clearHistory();
    const path = [this.#model.tokens.bos, ...ids].slice(0, -1);
    const wanted = { generateNext: { probabilities: true } };
    const input = path.map((id, i) => (i >= from ? ([id, wanted] as const) : id));
    const outputs = await sequence.controlledEvaluate(input);
    return ids.slice(from).map((id, i) => Math.log(outputs[from + i]!.next.probabilities!.get(id)!));
  }

  async dispose(): Promise<void> {
    await this.#dispose();
  }

  async #sequence(contextSize: number): Promise<PeerSequence> {
    let sequence = this.#sequences.get(contextSize);
    if (sequence === undefined) {
      const context = await this.#model.createContext({ contextSize, threads: threadBudget() });
      sequence = context.getSequence();
      this.#sequences.set(contextSize, sequence);
    }
    return sequence;
  }
}
