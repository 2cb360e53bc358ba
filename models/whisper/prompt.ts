import type { WhisperTokens } from './whisper-tokens.ts';

export interface PromptParts {
  readonly hotwords: readonly string[];
  /** Tokens of the user's prompt and of the text before this window, oldest first. */
  readonly previous: readonly number[];
  /** Start of transcript, language, task, no-timestamps. */
  readonly opening: readonly number[];
  /** Decoder positions, 448. */
  readonly textCtx: number;
}

/**
 * The prompt of a window: [start of previous, hotwords, the end of the previous text,] opening. Half of the decoder's
 * positions stay for the answer; hotwords may take at most half of what remains, the text before the rest.
 */
export function promptTokens(tokens: WhisperTokens, parts: PromptParts): number[] {
  const room = parts.textCtx / 2 - 1;
  const words = parts.hotwords.map((word) => word.trim()).filter((word) => word !== '');
  const hotwords = words.length === 0 ? [] : tokens.encode(` ${words.join(' ')}`).slice(0, Math.floor(room / 2));
  const left = room - hotwords.length;
  const previous = parts.previous.slice(Math.max(0, parts.previous.length - left));
  if (hotwords.length + previous.length === 0) return [...parts.opening];
  return [tokens.startOfPrevious, ...hotwords, ...previous, ...parts.opening];
}

/** Tokens that a hypothesis may have after a prompt: half of the positions, or what the prompt left. */
export function stepsMaxAfter(promptLength: number, textCtx: number): number {
  return Math.min(textCtx / 2, textCtx - promptLength);
}
