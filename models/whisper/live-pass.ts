import { AttentionRows } from './attention-rows.ts';
import { probabilityOf, selectCandidates } from './candidates.ts';
import type { EncodedWindow } from './encoder.ts';
import { isLooping } from './loop-guard.ts';
import type { DecoderNode, NewToken } from './step-decoder.ts';
import { RULE_START, TokenRules } from './token-rules.ts';
import type { WhisperModelFile } from './whisper-model.ts';
import type { WhisperTokens } from './whisper-tokens.ts';
import type { DecoderParts, ForcedPrefix } from './window-decode.ts';

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

/** A text of an utterance so far, to its end. */
export interface PassText {
  /** Text tokens, the prefix among them. */
  readonly tokens: readonly number[];
  readonly logProbs: readonly number[];
  /** log P(end of text) after them; 0 where it did not come to that. */
  readonly endLogProb: number;
  /** Where each token is heard. */
  readonly attention: AttentionRows;
}

/** What a greedy pass found. */
export interface LivePass extends PassText {
  readonly noSpeechProb: number;
  /** True where it ran into a loop and was cut. */
  readonly looped: boolean;
}

/**
 * Greedy decoding of an utterance so far. Most of a pass says what the pass before said, so its text is evaluated as one
 * call and only what is new takes steps (as in input-guided aggressive decoding: the result is that of plain greedy search).
 */
export async function livePass(parts: DecoderParts, request: PassRequest): Promise<LivePass> {
  const { model, tokens: vocabulary } = parts;
  const { prompt, prefix, draft, signal, encoded, tokensMax } = request;
  const rules = passRules(model, vocabulary);
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
      if (looped || tokens.length >= tokensMax) break;
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
    return { tokens, logProbs, endLogProb, attention, noSpeechProb, looped };
  } finally {
    tree.dispose();
  }
}

/** What a pass may say: text alone. */
export function passRules({ suppressIds, suppressIdsBegin }: WhisperModelFile, vocabulary: WhisperTokens): TokenRules {
  return new TokenRules(vocabulary, {
    suppressIds,
    suppressIdsBegin,
    timestamps: false,
    initialTimestampMaxSeconds: 0,
  });
}

/** Mean log-probability of a text's tokens, its end among them. */
export function avgLogProbOf({ tokens, logProbs, endLogProb }: PassText): number {
  return logProbs.reduce((total, logProb) => total + logProb, endLogProb) / (tokens.length + 1);
}
