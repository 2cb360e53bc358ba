import { alignmentCost, firstColumns } from './alignment.ts';
import { probabilityOf, selectCandidates } from './candidates.ts';
import type { EncodedWindow } from './encoder.ts';
import { isLooping } from './loop-guard.ts';
import type { DecoderNode, NewToken } from './step-decoder.ts';
import { RULE_START, TokenRules } from './token-rules.ts';
import { TIMESTAMP_STEP_SECONDS } from './whisper-tokens.ts';
import { type DecoderParts, type ForcedPrefix, judgedLogProb } from './window-decode.ts';

export interface PassRequest {
  readonly encoded: EncodedWindow;
  /** Ends with an opening without timestamps. */
  readonly prompt: readonly number[];
  /** Stands already. */
  readonly prefix: ForcedPrefix;
  /** What the last pass found after it: checked in one call, and kept as far as it still holds. */
  readonly draft: readonly number[];
  readonly tokensMax: number;
  readonly signal: AbortSignal;
}

/** The likeliest text of an utterance that goes on. Times are seconds from the start of its audio. */
export interface LivePass {
  /** Text tokens, the prefix among them. */
  readonly tokens: readonly number[];
  readonly logProbs: readonly number[];
  /** Where each token attends to most. */
  readonly attendedS: readonly number[];
  /** Where each begins by alignment, and where the last one ends: one entry more than tokens. */
  readonly times: Float64Array;
  readonly noSpeechProb: number;
  /** True where it ran into a loop and was cut. */
  readonly looped: boolean;
  readonly avgLogProb: number;
}

/**
 * Greedy decoding of an utterance so far. Most of a pass says what the pass before said, so its text is evaluated as one
 * call and only what is new takes steps (as in input-guided aggressive decoding: the result is that of plain greedy search).
 */
export async function livePass(parts: DecoderParts, request: PassRequest): Promise<LivePass> {
  const { model, tokens: vocabulary } = parts;
  const { prompt, prefix, draft, signal, encoded } = request;
  const rules = new TokenRules(vocabulary, {
    suppressIds: model.suppressIds,
    suppressIdsBegin: model.suppressIdsBegin,
    timestamps: false,
    initialTimestampMaxSeconds: 0,
  });
  const tokens = [...prefix.tokens];
  const logProbs = [...prefix.logProbs];
  const attention = new AttentionRows(encoded);
  const tree = parts.decoder.tree(encoded);
  try {
    signal.throwIfAborted();
    const opening = [...prompt, ...prefix.tokens];
    const known = [...opening, ...draft];
    const startAt = prompt.lastIndexOf(vocabulary.startOfTranscript);
    const rows = [startAt, ...known.map((_, i) => i).slice(opening.length - 1)];
    const chain = known.map((token, i): NewToken => ({ token, parent: i === 0 ? null : i - 1 }));
    let { nodes, logits, align } = await tree.evaluate(chain, rows, true);
    const noSpeechProb = probabilityOf(logits, 0, vocabulary.size, vocabulary.noSpeech);
    for (let row = prompt.length - 1; row < opening.length; row++) attention.add(align!, known.length, row);
    let state = prefix.tokens.reduce((before, token) => rules.next(before, token), RULE_START);
    let at: DecoderNode = nodes[opening.length - 1]!;
    let row = 1;
    let looped = false;
    let endLogProb = 0;
    let drafted = 0;
    for (;;) {
      const best = selectCandidates(logits, row, rules, state, 1);
      if (best.ids.length === 0 || best.endLogProb >= best.logProbs[0]!) {
        endLogProb = best.endLogProb;
        break;
      }
      const token = best.ids[0]!;
      tokens.push(token);
      logProbs.push(best.logProbs[0]!);
      state = rules.next(state, token);
      looped = isLooping(tokens, vocabulary.endOfText);
      if (looped || tokens.length >= request.tokensMax) break;
      if (drafted < draft.length && draft[drafted] === token) {
        attention.add(align!, known.length, opening.length + drafted);
        at = nodes[opening.length + drafted]!;
        drafted++;
        row++;
        continue;
      }
      drafted = draft.length;
      signal.throwIfAborted();
      ({ nodes, logits, align } = await tree.evaluate([{ token, parent: at }], [0], true));
      at = nodes[0]!;
      row = 0;
      attention.add(align!, 1, 0);
    }
    const sum = logProbs.reduce((total, logProb) => total + logProb, endLogProb);
    return {
      tokens,
      logProbs,
      attendedS: attention.attended(tokens.length),
      times: attention.times(tokens.length),
      noSpeechProb,
      looped,
      avgLogProb: judgedLogProb(sum, tokens.length, prefix),
    };
  } finally {
    tree.dispose();
  }
}

/** Cross-attention of the alignment heads, token by token: the row of a token tells where the next one is heard. */
class AttentionRows {
  readonly #frames: number;
  readonly #realFrames: number;
  /** Per row `[heads, realFrames]`. */
  readonly #rows: Float32Array[] = [];

  constructor({ frames, realFrames }: EncodedWindow) {
    this.#frames = frames;
    this.#realFrames = realFrames;
  }

  /** @param align `[heads, tokens, frames]` */
  add(align: Float32Array, tokens: number, row: number): void {
    const heads = align.length / (tokens * this.#frames);
    const own = new Float32Array(heads * this.#realFrames);
    for (let head = 0; head < heads; head++) {
      const from = (head * tokens + row) * this.#frames;
      own.set(align.subarray(from, from + this.#realFrames), head * this.#realFrames);
    }
    this.#rows.push(own);
  }

  attended(count: number): number[] {
    return this.#rows.slice(0, count).map((row) => {
      let best = 0;
      let most = -1;
      for (let frame = 0; frame < this.#realFrames; frame++) {
        let sum = 0;
        for (let at = frame; at < row.length; at += this.#realFrames) sum += row[at]!;
        if (sum > most) {
          most = sum;
          best = frame;
        }
      }
      return best * TIMESTAMP_STEP_SECONDS;
    });
  }

  /** Dynamic time warping, as for finished text (word-timing.ts); the end is the last row's place, or the audio's. */
  times(count: number): Float64Array {
    const times = new Float64Array(count + 1).fill(this.#realFrames * TIMESTAMP_STEP_SECONDS);
    const rows = Math.min(this.#rows.length, count + 1);
    if (rows === 0 || this.#realFrames === 0) return times;
    const heads = this.#rows[0]!.length / this.#realFrames;
    const attention = new Float32Array(heads * rows * this.#realFrames);
    for (let row = 0; row < rows; row++) {
      for (let head = 0; head < heads; head++) {
        const own = this.#rows[row]!.subarray(head * this.#realFrames, (head + 1) * this.#realFrames);
        attention.set(own, (head * rows + row) * this.#realFrames);
      }
    }
    const shape = { heads, tokens: rows, frames: this.#realFrames, realFrames: this.#realFrames };
    const first = firstColumns(alignmentCost(attention, shape), rows, this.#realFrames);
    for (let row = 0; row < rows; row++) times[row] = first[row]! * TIMESTAMP_STEP_SECONDS;
    return times;
  }
}
