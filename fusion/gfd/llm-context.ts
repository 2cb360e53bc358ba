/** What the language model reads before the text: the domain, the names to expect, and what was said just before. */
export interface LlmContext {
  /** A sentence or two on the domain. */
  readonly prompt: string;
  readonly hotwords: readonly string[];
  readonly previousText: string;
  /** Longest stretch of previous text shown, in characters (UTF-16 code units). */
  readonly previousCharsMax: number;
}

/**
 * One text from the parts. The previous text is cut at half of its limit at a time, so that its beginning stays where
 * it is over many units and the language model's cache of it stays valid.
 */
export function contextText({ prompt, hotwords, previousText, previousCharsMax }: LlmContext): string {
  const lines = [prompt.trim(), hotwords.join(', ')].filter((line) => line !== '');
  const previous = recent(previousText.trim(), previousCharsMax);
  return (
    [...lines, previous].filter((line) => line !== '').join('\n') + (lines.length > 0 && previous === '' ? '\n' : '')
  );
}

function recent(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const stride = Math.max(1, Math.floor(charsMax / 2));
  const start = Math.ceil((text.length - charsMax) / stride) * stride;
  const tail = text.slice(start);
  // Not from within a word, nor from half of a surrogate pair.
  return tail.replace(/^[\udc00-\udfff]/, '').replace(/^[\p{L}\p{N}]{0,20}\s+/u, '');
}
