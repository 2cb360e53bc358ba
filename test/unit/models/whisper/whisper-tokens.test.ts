import assert from 'node:assert/strict';
import test from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import { WhisperTokens } from '../../../../models/whisper/whisper-tokens.ts';
import { stamp, TOY_MODEL, TOY_TOKENIZER, toyTokens } from '../../../support/toy-whisper.ts';

test('tokens spell bytes through the byte alphabet; specials spell nothing', () => {
  assert.equal(toyTokens.decode([0, 4, 5]), 'a a.');
  assert.deepEqual([...toyTokens.bytesOf(11)], [...new TextEncoder().encode('你')]);
  assert.equal(toyTokens.bytesOf(toyTokens.endOfText).length, 0);
  assert.equal(toyTokens.bytesOf(stamp(3)).length, 0);
  assert.equal(toyTokens.bytesOf(99_999).length, 0);
});

test('an unfinished character at the end is left out of the text', () => {
  assert.equal(toyTokens.decode([0, 8, 9]), 'a');
  assert.equal(toyTokens.decode([0, 8, 9, 10]), 'a好');
});

test('text never becomes a special token', () => {
  const ids = toyTokens.encode('a<|endoftext|>a');
  assert.ok(ids.every((id) => id < toyTokens.endOfText));
  assert.deepEqual(toyTokens.encode(' a'), [4]);
});

test('the opening names language, task and the wish for timestamps', () => {
  const { startOfTranscript, translate, transcribe, noTimestamps } = toyTokens;
  const zh = toyTokens.languageId('zh');
  assert.deepEqual(toyTokens.openingOf('zh', 'transcribe', true), [startOfTranscript, zh, transcribe]);
  assert.deepEqual(toyTokens.openingOf('zh', 'translate', false), [startOfTranscript, zh, translate, noTimestamps]);
  assert.throws(
    () => toyTokens.openingOf('xx', 'transcribe', true),
    (error) => error instanceof AppError && error.code === 'unknown_language',
  );
});

test('an English-only vocabulary opens with the start alone', () => {
  const tokens = new WhisperTokens(TOY_TOKENIZER, { dims: { ...TOY_MODEL.dims, nVocab: 51864 }, langIds: [] });
  assert.deepEqual(tokens.openingOf('en', 'transcribe', true), [tokens.startOfTranscript]);
});

test('a tokenizer file without Whisper tokens is refused by name', () => {
  const file = { ...TOY_TOKENIZER, added_tokens: TOY_TOKENIZER.added_tokens.slice(0, 3) };
  assert.throws(() => new WhisperTokens(file, TOY_MODEL), /startofprev/);
});
