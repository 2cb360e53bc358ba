import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInScripts, trimVocab } from '../../../../models/convert/vocab-trim.ts';
import { toyTokens } from '../tokenizer/toy-vocab.ts';

test('the scripts in use are Latin with Turkish letters, Han, and what stands between words', () => {
  for (const text of ['the', ' ığüşöçİ', '今天', '，。「」', '１２３', '…—', '€', '\n', 'ﬁ', '㎡']) {
    assert.equal(isInScripts(text), true, text);
  }
  for (const text of ['привет', 'ελ', 'ありがとう', '한국', 'שלום', 'عرب', '٣', '१', 'हिन्दी', '🙂', 'aя']) {
    assert.equal(isInScripts(text), false, text);
  }
});

const SINGLES = ['t', 'h', 'e', ' ', '今', '天', 'я'];
const MERGES = ['th', 'the', ' t', ' the', '今天', 'he', 'ее', ' th', 'hee'];
const TOKENS = toyTokens([...MERGES, ...SINGLES], ['\n']);

test('byte tokens, literals and single characters stay, whatever the size', () => {
  const kept = trimVocab(TOKENS, 64);
  assert.equal(kept.filter((token) => token.kind === 'byte').length, 256);
  assert.ok(kept.some((token) => token.name === '\n'));
  assert.deepEqual(
    kept.filter((token) => [...token.name].length === 1 && token.kind === 'normal').map((token) => token.name),
    SINGLES.slice(0, 6),
  );
});

test('every kept token can still be made: both parts of its last merge are kept', () => {
  for (const size of [64, 320, 384]) {
    const kept = trimVocab(TOKENS, size).filter((token) => token.kind === 'normal');
    const names = new Set(kept.map((token) => token.name));
    for (const { name } of kept) {
      if ([...name].length === 1) continue;
      const chars = [...name];
      const canBeMade = chars.some(
        (_, i) => i > 0 && names.has(chars.slice(0, i).join('')) && names.has(chars.slice(i).join('')),
      );
      assert.ok(canBeMade, `${name} of ${size}`);
    }
  }
});

test('full keeps every token that has bytes', () => {
  assert.equal(trimVocab(TOKENS, 'full').length, TOKENS.length - 2);
});
