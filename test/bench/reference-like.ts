/**
 * A stand-in for the published decoder of Generative Fusion Decoding, made of our graphs: one hypothesis per call, no
 * cache shared between calls, the whole vocabulary at every position. Its code runs, for each beam and step, Whisper's
 * decoder over all tokens so far and the language model over all of its tokens, and takes the softmax of every row.
 * The search is the paper's own (`gfd-paper`). It exists to be timed against, not to be used.
 */
import { ContextCache } from '../../fusion/bytes/context-cache.ts';
import { LlmText } from '../../fusion/gfd/llm-text.ts';
import { PAPER, PaperSearch } from '../../fusion/gfd/paper-search.ts';
import type { ByteVocab } from '../../models/core/byte-vocab.ts';
import type { ScorerNode, TokenDistribution, TokenScorer } from '../../models/core/token-scorer.ts';
import { LlmScorer } from '../../models/llm/llm-scorer.ts';
import { penalized } from '../../models/llm/row-distribution.ts';
import { WhisperEncoder } from '../../models/whisper/encoder.ts';
import { MelSpectrogram } from '../../models/whisper/mel.ts';
import { fullWindow } from '../../models/whisper/merged-padding.ts';
import { stepsMaxAfter } from '../../models/whisper/prompt.ts';
import { type DecoderNode, type NewToken, StepDecoder, type StepLogits } from '../../models/whisper/step-decoder.ts';
import { TokenRules } from '../../models/whisper/token-rules.ts';
import { readWhisperModelFile, type WhisperModelFile } from '../../models/whisper/whisper-model.ts';
import { WhisperTokens } from '../../models/whisper/whisper-tokens.ts';
import { WindowSource, type WindowTree } from '../../models/whisper/window-source.ts';
import { readSamples } from '../support/samples.ts';
import { CrossProjection } from './cross-projection.ts';

type EncodedWindow = Awaited<ReturnType<WhisperEncoder['encode']>>;

interface Parts {
  readonly model: WhisperModelFile;
  readonly tokens: WhisperTokens;
  readonly encoder: WhisperEncoder;
  readonly decoder: StepDecoder;
  readonly crossProjection: CrossProjection;
  readonly llm: LlmScorer;
}

export interface ReferenceReply {
  readonly text: string;
  readonly seconds: number;
  readonly recognizerCalls: number;
  readonly recognizerRows: number;
  readonly llmCalls: number;
  readonly llmRows: number;
}

export class ReferenceLike {
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  static async open(folders: { whisper: string; llm: string; threads: number }): Promise<ReferenceLike> {
    const { whisper, llm, threads } = folders;
    const model = await readWhisperModelFile(whisper);
    return new ReferenceLike({
      model,
      tokens: await WhisperTokens.open(whisper, model),
      encoder: await WhisperEncoder.open(whisper, model.dims, { threads }),
      decoder: await StepDecoder.open(whisper, model.dims, { threads }),
      crossProjection: await CrossProjection.open(model.dims, threads),
      llm: await LlmScorer.open(llm, { threads }),
    });
  }

  /** `path`: at most 30 s of audio; more is cut off. */
  async transcribe(path: string, language: string, scriptTable: ReadonlyMap<string, string>): Promise<ReferenceReply> {
    const started = performance.now();
    const { model, tokens, encoder, llm } = this.#parts;
    const frames = 2 * model.dims.audioCtx;
    const { mel, realFrames } = new MelSpectrogram(model.dims.nMels).logMel(await readSamples(path), { frames });
    const encoded = await encoder.encode({ mel, frames, realFrames }, fullWindow(realFrames, model.dims.audioCtx));
    const rules = new TokenRules(tokens, {
      suppressIds: model.suppressIds,
      suppressIdsBegin: model.suppressIdsBegin,
      timestamps: false,
      initialTimestampMaxSeconds: 1,
    });
    const prompt = tokens.openingOf(language, 'transcribe', false);
    const unit = {
      index: 0,
      language,
      startMs: 0,
      endMs: realFrames * 10,
      stepsMax: stepsMaxAfter(prompt.length, model.dims.textCtx),
      previousText: '',
    };
    const tree = new UncachedTree(this.#parts, encoded);
    const scorer = new UncachedScorer(llm);
    const text = new LlmText(language === 'zh' ? scriptTable : new Map(), { dropLeadingSpace: true });
    const parts = { contexts: new ContextCache(scorer), alphabet: tokens, text };
    const search = new PaperSearch(parts, penalized, { contextTokens: [], nBest: 1 });
    const { hypotheses } = await search.search(new WindowSource(unit, tree, rules, prompt));
    return {
      text: tokens.decode([...hypotheses[0]!.tokens]).trim(),
      seconds: (performance.now() - started) / 1000,
      recognizerCalls: tree.calls,
      recognizerRows: tree.rows,
      llmCalls: scorer.calls,
      llmRows: scorer.rows,
    };
  }

  async close(): Promise<void> {
    await this.#parts.encoder.dispose();
    await this.#parts.decoder.dispose();
    await this.#parts.crossProjection.dispose();
    await this.#parts.llm.dispose();
  }
}

/**
 * Each wanted token runs its whole path through the decoder, alone, with the cross-attention projected anew, and with
 * logits and their softmax at every position.
 */
class UncachedTree implements WindowTree {
  calls = 0;
  rows = 0;
  readonly #parts: Pick<Parts, 'decoder' | 'crossProjection' | 'model'>;
  readonly #encoded: EncodedWindow;
  readonly #vocabSize: number;

  constructor(parts: Pick<Parts, 'decoder' | 'crossProjection' | 'model'>, encoded: EncodedWindow) {
    this.#parts = parts;
    this.#encoded = encoded;
    this.#vocabSize = parts.model.dims.nVocab;
  }

  async evaluate(tokens: readonly NewToken[], rows: readonly number[]): Promise<StepLogits> {
    const nodes: DecoderNode[] = [];
    for (const { token, parent } of tokens) {
      const above = typeof parent === 'number' ? nodes[parent]! : parent;
      nodes.push({ token, parent: above, depth: above === null ? 0 : above.depth + 1, slot: -1, holders: 1 });
    }
    const logits = new Float32Array(rows.length * this.#vocabSize);
    for (const [i, row] of rows.entries()) logits.set(await this.#lastLogits(nodes[row]!), i * this.#vocabSize);
    return { nodes, logits };
  }

  release(): void {}

  dispose(): void {}

  async #lastLogits(node: DecoderNode): Promise<Float32Array> {
    const path: NewToken[] = [];
    for (let at: DecoderNode | null = node; at !== null; at = at.parent)
      path.unshift({ token: at.token, parent: null });
    const chain = path.map(({ token }, i): NewToken => ({ token, parent: i === 0 ? null : i - 1 }));
    const tree = this.#parts.decoder.tree(this.#encoded);
    try {
      await this.#parts.crossProjection.run();
      const { logits } = await tree.evaluate(
        chain,
        chain.map((_, i) => i),
      );
      this.calls++;
      this.rows += chain.length;
      for (let row = 0; row < chain.length; row++) softmaxSum(logits, row * this.#vocabSize, this.#vocabSize);
      return logits.slice((chain.length - 1) * this.#vocabSize);
    } finally {
      tree.dispose();
    }
  }
}

/** The sum that a softmax needs: computed at every position because the published code does. */
function softmaxSum(logits: Float32Array, start: number, length: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = start; i < start + length; i++) if (logits[i]! > max) max = logits[i]!;
  let sum = 0;
  for (let i = start; i < start + length; i++) sum += Math.exp(logits[i]! - max);
  return sum;
}

/** Each wanted leaf runs its whole path through the language model, alone; nothing is kept for the next call. */
class UncachedScorer implements TokenScorer {
  calls = 0;
  rows = 0;
  readonly vocab: ByteVocab;
  readonly #llm: LlmScorer;
  readonly #own = new Map<ScorerNode, TokenDistribution>();

  constructor(llm: LlmScorer) {
    this.#llm = llm;
    this.vocab = llm.vocab;
  }

  child(parent: ScorerNode | null, token: number): ScorerNode {
    return { token, parent, depth: parent === null ? 0 : parent.depth + 1 };
  }

  async evaluate(wanted: readonly ScorerNode[]): Promise<TokenDistribution[]> {
    const inner = new Set<ScorerNode>();
    for (const node of wanted) for (let up = node.parent; up !== null; up = up.parent) inner.add(up);
    this.#own.clear();
    for (const leaf of wanted) if (!inner.has(leaf)) await this.#run(leaf);
    return wanted.map((node) => this.#own.get(node)!);
  }

  isCached(): boolean {
    return false;
  }

  release(): void {}

  async #run(leaf: ScorerNode): Promise<void> {
    const path: ScorerNode[] = [];
    for (let at: ScorerNode | null = leaf; at !== null; at = at.parent) path.unshift(at);
    const nodes: ScorerNode[] = [];
    for (const { token } of path) nodes.push(this.#llm.child(nodes.at(-1) ?? null, token));
    const distributions = await this.#llm.evaluate(nodes);
    this.#llm.release(nodes);
    this.calls++;
    this.rows += path.length;
    const { llmTemperature: temperature, repetitionPenalty: penalty, repetitionWindow } = PAPER;
    for (const [i, node] of path.entries()) {
      const rows = path.slice(Math.max(1, i + 1 - repetitionWindow), i + 1).map(({ token }) => token);
      // The published code reshapes every position of every call; the search will do it once more for those it reads.
      penalized(distributions[i]!, { temperature, penalty, rows });
      this.#own.set(node, distributions[i]!);
    }
  }
}
