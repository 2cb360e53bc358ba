import { logSumExp } from '../core/logprob.ts';
import type { DecoderTree } from './step-decoder.ts';
import type { WhisperTokens } from './whisper-tokens.ts';

export interface DetectedLanguage {
  /** ISO 639-1 where the language has such a code. */
  readonly language: string;
  /** 0..1, among the languages that the model knows. */
  readonly probability: number;
}

/** Asks the model which language a window is in: the likeliest language token after start-of-transcript. */
export async function detectLanguage(
  tree: Pick<DecoderTree, 'evaluate' | 'release'>,
  tokens: WhisperTokens,
): Promise<DetectedLanguage> {
  const { nodes, logits } = await tree.evaluate([{ token: tokens.startOfTranscript, parent: null }], [0]);
  for (const node of nodes) tree.release(node);
  return likeliestLanguage(logits, tokens);
}

export function likeliestLanguage(
  logits: Float32Array,
  tokens: Pick<WhisperTokens, 'languages' | 'languageId'>,
): DetectedLanguage {
  const codes = tokens.languages;
  const values = codes.map((code) => logits[tokens.languageId(code)]!);
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  const language = codes[best]!;
  return { language: language === 'jw' ? 'jv' : language, probability: Math.exp(values[best]! - logSumExp(values)) };
}
