import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tokenizer } from '@huggingface/tokenizers';
import { rebuildMerges, tokenizerJson } from '../../../../models/tokenizer/tokenizer-json.ts';
import { toyTokens, toyVocab } from './toy-vocab.ts';

const PIECES = ['th', 'he', 'the', 'in', '天气', 't', 'h', 'e', 'i', 'n', '天', '气', '\u2581'];
const TOKENS = toyTokens(PIECES, ['\n']);

test('merges are all splits into two normal tokens, in the order of the rank of what they make', () => {
  assert.deepEqual(rebuildMerges(TOKENS), [
    ['t', 'h'],
    ['h', 'e'],
    ['t', 'he'],
    ['th', 'e'],
    ['i', 'n'],
    ['天', '气'],
  ]);
});

test('@huggingface/tokenizers gives the same tokens, and no control token', () => {
  // The library's byte fallback wants upper-case names, as real files have them.
  const upper = TOKENS.map((token) =>
    token.kind === 'byte' ? { ...token, name: `<0x${token.name.slice(3, -1).toUpperCase().padStart(2, '0')}>` } : token,
  );
  const spaced = upper.map((token) =>
    token.name === '\u2581' ? { ...token, bytes: new TextEncoder().encode(' ') } : token,
  );
  const vocab = toyVocab(spaced);
  const tokenizer = new Tokenizer(tokenizerJson(spaced), {});
  for (const text of ['the', 'hhe the', '天气\nin', 'tin 天', '<eos>then', 'né']) {
    const ours = vocab.encode(new TextEncoder().encode(text)).map((row) => vocab.sourceIdOf(row));
    const theirs = tokenizer.encode(text, { add_special_tokens: false }).ids;
    assert.deepEqual(ours, [...theirs], text);
    assert.ok(ours.every((id) => id > 1));
  }
});
