import assert from 'node:assert/strict';
import { IMPOSSIBLE, logSumExp } from '../../models/core/logprob.ts';
import type {
  BeamCandidates,
  BeamPick,
  StepCandidates,
  StepwiseSource,
  StepwiseUnit,
} from '../../models/core/stepwise.ts';
import type { EncodedWindow } from '../../models/whisper/encoder.ts';
import type { FramePlan } from '../../models/whisper/merged-padding.ts';
import type { DecoderNode, NewToken, StepLogits } from '../../models/whisper/step-decoder.ts';
import type { WhisperModelFile } from '../../models/whisper/whisper-model.ts';
import { type TokenizerFile, WhisperTokens } from '../../models/whisper/whisper-tokens.ts';
import type { DecoderParts } from '../../models/whisper/window-decode.ts';

/** Pieces 0..11; 8 to 10 are the three bytes of 好, 11 those of 你. Ġ is a space, as in GPT-2's byte alphabet. */
const PIECES = ['a', 'b', 'Ġ', 'c', 'Ġa', '.', ',', 'Ġ"', 'å', '¥', '½', 'ä½ł'];
const SPECIALS = [
  '<|endoftext|>',
  '<|startoftranscript|>',
  '<|en|>',
  '<|zh|>',
  '<|translate|>',
  '<|transcribe|>',
  '<|startoflm|>',
  '<|startofprev|>',
  '<|nospeech|>',
  '<|notimestamps|>',
];

export const TOY_TOKENIZER: TokenizerFile = {
  model: { vocab: Object.fromEntries(PIECES.map((piece, id) => [piece, id])), type: 'BPE', merges: ['Ġ a'] },
  added_tokens: SPECIALS.map((content, i) => ({
    id: PIECES.length + i,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })),
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: null,
  decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
} as TokenizerFile;

export const TOY_MODEL: WhisperModelFile = {
  sourceSha256: '',
  dims: {
    nMels: 2,
    nVocab: PIECES.length + SPECIALS.length + 1501,
    dModel: 4,
    heads: 1,
    encoderLayers: 1,
    decoderLayers: 1,
    audioCtx: 1500,
    textCtx: 448,
  },
  alignmentHeads: [[0, 0]],
  suppressIds: [1],
  suppressIdsBegin: [2],
  langIds: [],
};

export const toyTokens = new WhisperTokens(TOY_TOKENIZER, TOY_MODEL);

/** Timestamp token of so many seconds. */
export function stamp(seconds: number): number {
  return toyTokens.timestampBegin + Math.round(seconds / 0.02);
}

/** What a toy decoder is asked: the window (0, 1, ..., in the order of encoding), if it is exact, and the tokens so far. */
export interface ToyQuestion {
  readonly window: number;
  readonly exact: boolean;
  readonly path: readonly number[];
}

/** Logits of the tokens that stand out; all others have 0. */
export type ToyAnswer = (question: ToyQuestion) => ReadonlyMap<number, number>;

/** Encoder and decoder without a model. Counts trees that were not disposed of. */
export class ToyWhisper {
  readonly parts: DecoderParts;
  /** Exactness of each window encoded, in order. */
  readonly encoded: boolean[] = [];
  /** Real frames of each. */
  readonly realFrames: number[] = [];
  /** Prompts evaluated, in order. */
  readonly prompts: number[][] = [];
  liveTrees = 0;

  constructor(answer: ToyAnswer) {
    this.parts = {
      model: TOY_MODEL,
      tokens: toyTokens,
      encoder: { encode: async (_mel, plan) => this.#encode(plan) },
      decoder: {
        tree: (window) => {
          this.liveTrees++;
          return new ToyTree(this, window as ToyWindow, answer) as never;
        },
      },
    };
  }

  #encode(plan: FramePlan): EncodedWindow {
    const window = this.encoded.push(plan.exact) - 1;
    this.realFrames.push(plan.realFrames);
    const { realFrames, exact } = plan;
    const frames = plan.keep.length;
    return { window, frames, realFrames, crossKeys: [], crossValues: [], crossBias: plan.bias, exact } as ToyWindow;
  }
}

interface ToyWindow extends EncodedWindow {
  readonly window: number;
}

/** A tree that knows paths only. Holds are counted as the real one counts them. */
export class ToyTree {
  readonly #whisper: Pick<ToyWhisper, 'prompts' | 'liveTrees'>;
  readonly #window: ToyWindow;
  readonly #answer: ToyAnswer;
  readonly nodes = new Set<DecoderNode>();
  #disposed = false;

  constructor(whisper: Pick<ToyWhisper, 'prompts' | 'liveTrees'>, window: ToyWindow, answer: ToyAnswer) {
    this.#whisper = whisper;
    this.#window = window;
    this.#answer = answer;
  }

  async evaluate(tokens: readonly NewToken[], rows: readonly number[], wantAlign = false): Promise<StepLogits> {
    if (tokens[0]!.parent === null && !wantAlign) this.#whisper.prompts.push(tokens.map(({ token }) => token));
    const nodes: DecoderNode[] = [];
    for (const { token, parent: wanted } of tokens) {
      const parent = typeof wanted === 'number' ? nodes[wanted]! : wanted;
      if (parent !== null) {
        assert(this.nodes.has(parent), 'a freed node is used');
        parent.holders++;
      }
      const node = { token, parent, depth: (parent?.depth ?? -1) + 1, slot: this.nodes.size, holders: 1 };
      this.nodes.add(node);
      nodes.push(node);
    }
    const size = TOY_MODEL.dims.nVocab;
    const logits = new Float32Array(rows.length * size);
    rows.forEach((row, i) => {
      const { window, exact } = this.#window;
      for (const [id, logit] of this.#answer({ window, exact, path: pathOf(nodes[row]!) }))
        logits[i * size + id] = logit;
    });
    return { nodes, logits, ...(wantAlign && { align: this.#diagonal(tokens.length) }) };
  }

  release(node: DecoderNode): void {
    let at: DecoderNode | null = node;
    while (at !== null && --at.holders === 0) {
      this.nodes.delete(at);
      at = at.parent;
    }
  }

  dispose(): void {
    if (!this.#disposed) this.#whisper.liveTrees--;
    this.#disposed = true;
  }

  /** Attention that walks through the real frames at a steady pace. */
  #diagonal(tokens: number): Float32Array {
    const { frames, realFrames } = this.#window;
    const align = new Float32Array(tokens * frames);
    for (let token = 0; token < tokens; token++) {
      align.fill(0.001, token * frames, (token + 1) * frames);
      const from = Math.floor((token * realFrames) / tokens);
      align.fill(1, token * frames + from, token * frames + Math.floor(((token + 1) * realFrames) / tokens));
    }
    return align;
  }
}

/** Tokens after the last start-of-transcript's opening, where the path has one. */
function pathOf(node: DecoderNode): number[] {
  const path: number[] = [];
  for (let at: DecoderNode | null = node; at !== null; at = at.parent) path.push(at.token);
  path.reverse();
  const start = path.lastIndexOf(toyTokens.startOfTranscript);
  const special = (id: number) => id >= toyTokens.endOfText && id < toyTokens.timestampBegin;
  let from = start + 1;
  while (from < path.length && special(path[from]!)) from++;
  return path.slice(from);
}

/** Says `script[window]`, then ends; sure of each token by `nats`. */
export function scripted(script: readonly (readonly number[])[], nats = 12): ToyAnswer {
  return ({ window, path }) => {
    const said = script[window] ?? [];
    return new Map([[said[path.length] ?? toyTokens.endOfText, nats]]);
  };
}

/** A source over a table: log-probabilities of `next(path)`, the last of which is end of text. Ids are places. */
export class TableSource implements StepwiseSource {
  readonly unit: StepwiseUnit;
  readonly #next: (path: readonly number[]) => readonly number[];
  #paths: number[][] = [];
  #width = 0;
  #step = 0;

  constructor(stepsMax: number, next: (path: readonly number[]) => readonly number[]) {
    this.unit = { index: 0, language: 'en', startMs: 0, endMs: 1000, stepsMax, previousText: '' };
    this.#next = next;
  }

  async start(width: number): Promise<StepCandidates> {
    this.#paths = [[]];
    this.#width = width;
    this.#step = 0;
    return this.#candidates();
  }

  async advance(picks: readonly BeamPick[]): Promise<StepCandidates> {
    this.#paths = picks.map(({ beam, token }) => [...this.#paths[beam]!, token]);
    this.#step++;
    return this.#candidates();
  }

  #candidates(): StepCandidates {
    return { step: this.#step, beams: this.#paths.map((path) => this.#beam(path)) };
  }

  #beam(path: readonly number[]): BeamCandidates {
    const values = this.#next(path);
    const total = logSumExp(values);
    const end = values.length - 1;
    const ids = Array.from({ length: end }, (_, id) => id).filter((id) => values[id]! > IMPOSSIBLE);
    ids.sort((a, b) => values[b]! - values[a]! || a - b);
    const best = ids.slice(0, this.#width);
    return {
      ids: Int32Array.from(best),
      logProbs: Float32Array.from(best, (id) => values[id]! - total),
      endLogProb: values[end]! - total,
    };
  }
}
