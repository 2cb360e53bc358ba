import type { ListenOptions } from '../core/live.ts';
import type { WhisperTokens } from './whisper-tokens.ts';
import type { DecodedWindow } from './window-decode.ts';

/**
 * Tokens of earlier utterances in a prompt: every pass reads them anew, so fewer than a recording's windows take. About
 * three sentences.
 */
const PROMPT_TOKENS_MAX = 64;
/** Text before an utterance that a search is shown, in characters: more than any language model here uses. */
const TEXT_CHARS_MAX = 4000;

interface Said {
  readonly utterance: number;
  readonly tokens: readonly number[];
  readonly text: string;
  readonly doubtful: boolean;
}

/** What the stream has said so far: for the prompts of what comes, and for the language model. */
export class LiveContext {
  readonly #tokens: WhisperTokens;
  readonly #carries: boolean;
  readonly #prompt: readonly number[];
  #said: Said[] = [];

  constructor(tokens: WhisperTokens, options: Pick<ListenOptions, 'prompt' | 'conditionOnPreviousText'>) {
    this.#tokens = tokens;
    this.#carries = options.conditionOnPreviousText;
    const prompt = options.prompt.trim();
    this.#prompt = prompt === '' ? [] : tokens.encode(` ${prompt}`);
  }

  /** The text of an utterance; a later one of the same utterance takes its place. Texts without a word are left out. */
  remember(utterance: number, { hypothesis, doubtful }: DecodedWindow, text: string): void {
    const said = this.#said.filter((one) => one.utterance !== utterance);
    if (text !== '') {
      const { tokens } = hypothesis;
      said.push({ utterance, tokens, text: this.#tokens.decode(tokens), doubtful });
    }
    said.sort((a, b) => a.utterance - b.utterance);
    let chars = said.reduce((sum, one) => sum + one.text.length, 0);
    while (chars > TEXT_CHARS_MAX) chars -= said.shift()!.text.length;
    this.#said = said;
  }

  /** Tokens for the next prompt. What is doubtful is not shown on, nor what was before it. */
  tokensBefore(): number[] {
    if (!this.#carries) return [...this.#prompt];
    const from = this.#said.findLastIndex((one) => one.doubtful) + 1;
    const said = this.#said.slice(from).flatMap((one) => one.tokens);
    return [...(from === 0 ? this.#prompt : []), ...said].slice(-PROMPT_TOKENS_MAX);
  }

  textBefore(utterance: number): string {
    return this.#said
      .filter((one) => one.utterance < utterance)
      .map((one) => one.text)
      .join('');
  }
}
