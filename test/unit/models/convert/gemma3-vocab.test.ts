import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gemma3Params } from '../../../../models/convert/gemma3-params.ts';
import { sentencePieceVocab } from '../../../../models/convert/gemma3-vocab.ts';
import { GgufFile } from '../../../../models/convert/gguf.ts';
import { type ToyValue, toyGemma3, toyGguf, toyTokens } from './toy-gguf.ts';

const dir = mkdtempSync(join(tmpdir(), 'bytefuse-vocab-'));
after(() => rmSync(dir, { recursive: true }));

function open(bytes: Uint8Array): GgufFile {
  const path = join(dir, 'file.gguf');
  writeFileSync(path, bytes);
  return GgufFile.open(path);
}

function tokenizer(changes: Readonly<Record<string, ToyValue>> = {}): Record<string, ToyValue> {
  const { names, scores, types } = toyTokens();
  return {
    'tokenizer.ggml.model': { text: 'llama' },
    'tokenizer.ggml.tokens': { texts: names },
    'tokenizer.ggml.scores': { f32s: scores },
    'tokenizer.ggml.token_type': { i32s: types },
    'tokenizer.ggml.bos_token_id': { u32: 2 },
    'tokenizer.ggml.add_space_prefix': { flag: false },
    ...changes,
  };
}

test('kinds, bytes and ranks come from the types, names and scores of the file', () => {
  const { tokens, controls } = sentencePieceVocab(open(toyGguf(tokenizer(), [])));
  const named = (name: string) => tokens.find((token) => token.name === name)!;
  assert.equal(named('<pad>').kind, 'control');
  assert.equal(named('\n\n').kind, 'literal');
  assert.equal(named('[multimodal]').kind, 'control');
  assert.deepEqual([...named('<0xE5>').bytes], [0xe5]);
  assert.deepEqual([...named('\u2581the').bytes], [...Buffer.from(' the')]);
  assert.ok(named('th').rank < named('he').rank && named('he').rank < named('a').rank);
  assert.deepEqual(
    controls.map(({ role, sourceId }) => [role, sourceId]),
    [
      ['bos', 2],
      ['eos', 1],
      ['start_of_turn', 4],
      ['end_of_turn', 5],
    ],
  );
});

test('another tokenizer is refused, with what was found and what was expected', () => {
  const fails = (changes: Readonly<Record<string, ToyValue>>, says: RegExp) =>
    assert.throws(() => sentencePieceVocab(open(toyGguf(tokenizer(changes), []))), {
      code: 'model_format',
      message: says,
    });
  fails({ 'tokenizer.ggml.model': { text: 'gpt2' } }, /"gpt2", expected "llama"/);
  fails({ 'tokenizer.ggml.add_space_prefix': { flag: true } }, /adds a space/);
  fails({ 'tokenizer.ggml.scores': { f32s: [1, 2] } }, /2 scores/);
  fails({ 'tokenizer.ggml.tokens': { texts: ['<bos>'] }, 'tokenizer.ggml.scores': { f32s: [0] } }, /1 tokens/);
  const { names } = toyTokens();
  const renamed = names.map((name) => (name === '<0x41>' ? 'oops' : name));
  fails({ 'tokenizer.ggml.tokens': { texts: renamed } }, /255 byte tokens, expected 256/);
});

test('another architecture is refused', () => {
  const file = open(toyGguf({ 'general.architecture': { text: 'qwen2' } }, []));
  assert.throws(() => gemma3Params(file), { code: 'model_format', message: /"qwen2", expected "gemma3"/ });
});

test('the parameters of a miniature are read', () => {
  const params = gemma3Params(open(toyGemma3({ kvHeads: 2 })));
  assert.equal(params.layers, 7);
  assert.equal(params.kvHeads, 2);
  assert.equal(params.window, 6);
  assert.equal(params.vocabSize, toyTokens().names.length);
});
