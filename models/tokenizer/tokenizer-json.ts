import type { SourceToken } from './source-token.ts';

const SPACE_MARK = '\u2581';

/**
 * The vocabulary in the form that `@huggingface/tokenizers` reads. Its merges are rebuilt: every split of every normal
 * token into two normal tokens, by rank. Control tokens are in the vocabulary, but no text becomes one: they are in no
 * merge and are not listed as added tokens.
 */
export function tokenizerJson(tokens: readonly SourceToken[]): object {
  const vocab: Record<string, number> = {};
  for (const token of tokens) vocab[token.name] = token.id;
  const literals = tokens.filter((token) => token.kind === 'literal');
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: literals.map(({ id, name }) => ({
      id,
      content: name,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: false,
    })),
    normalizer: { type: 'Replace', pattern: { String: ' ' }, content: SPACE_MARK },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: SPACE_MARK }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      vocab,
      merges: rebuildMerges(tokens),
    },
  };
}

/** Pairs [left, right], best first. */
export function rebuildMerges(tokens: readonly SourceToken[]): [string, string][] {
  const normal = tokens.filter((token) => token.kind === 'normal');
  const names = new Set(normal.map((token) => token.name));
  const byRank = [...normal].sort((a, b) => a.rank - b.rank || a.id - b.id);
  const merges: [string, string][] = [];
  for (const { name } of byRank) {
    const chars = [...name];
    let left = '';
    for (let i = 0; i + 1 < chars.length; i++) {
      left += chars[i]!;
      const right = name.slice(left.length);
      if (names.has(left) && names.has(right)) merges.push([left, right]);
    }
  }
  return merges;
}
