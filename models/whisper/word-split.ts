import type { WhisperTokens } from './whisper-tokens.ts';

/** Text tokens that belong together, and what they spell. */
export interface TokenWord {
  readonly text: string;
  readonly tokens: readonly number[];
}

/** Written without spaces: every character is a word, as in the reference. */
const UNSPACED = new Set(['zh', 'ja', 'th', 'lo', 'my', 'yue']);
const ASCII_PUNCTUATION = /^[!-/:-@[-`{-~]*$/;
export const PREPENDED = '"\'“¿([{-';
export const APPENDED = '"\'.。,，!！?？:：”)]}、';

/** Words of text tokens (no specials among them). Their texts joined are the tokens' text. */
export function splitWords(
  ids: readonly number[],
  tokens: Pick<WhisperTokens, 'bytesOf'>,
  language: string,
): TokenWord[] {
  const characters = splitCharacters(ids, tokens);
  if (UNSPACED.has(language)) return characters;
  const words: { text: string; tokens: number[] }[] = [];
  for (const { text, tokens: pieces } of characters) {
    const opens = text.startsWith(' ') || ASCII_PUNCTUATION.test(text.trim());
    const last = words[words.length - 1];
    if (last === undefined || opens) words.push({ text, tokens: [...pieces] });
    else {
      last.text += text;
      last.tokens.push(...pieces);
    }
  }
  return words;
}

/** The smallest groups of tokens that spell whole characters. An unfinished character at the end is dropped. */
function splitCharacters(ids: readonly number[], tokens: Pick<WhisperTokens, 'bytesOf'>): TokenWord[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const groups: TokenWord[] = [];
  let group: number[] = [];
  let text = '';
  ids.forEach((id, i) => {
    group.push(id);
    // The decoder keeps an unfinished character to itself until the next token.
    text += decoder.decode(tokens.bytesOf(id), { stream: true });
    const following = ids[i + 1];
    const first = following === undefined ? undefined : tokens.bytesOf(following)[0];
    const cut = first === undefined || (first & 0xc0) !== 0x80;
    if (!cut || text === '') return;
    groups.push({ text, tokens: group });
    group = [];
    text = '';
  });
  // Bytes of a broken character come out when what follows shows that it is broken: they go with that.
  if (group.length > 0 && groups.length > 0) {
    const last = groups.pop()!;
    groups.push({ text: last.text + text, tokens: [...last.tokens, ...group] });
  }
  return groups;
}
