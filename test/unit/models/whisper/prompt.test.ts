import assert from 'node:assert/strict';
import test from 'node:test';
import { promptTokens, stepsMaxAfter } from '../../../../models/whisper/prompt.ts';
import { toyTokens } from '../../../support/toy-whisper.ts';

const opening = toyTokens.openingOf('en', 'transcribe', true);
const prompt = (hotwords: readonly string[], previous: readonly number[]) =>
  promptTokens(toyTokens, { hotwords, previous, opening, textCtx: 448 });

test('nothing before: the opening alone', () => {
  assert.deepEqual(prompt([], []), opening);
  assert.deepEqual(prompt(['  '], []), opening);
});

test('hotwords come before the text, both after start-of-previous', () => {
  assert.deepEqual(prompt(['a'], [3, 3]), [toyTokens.startOfPrevious, 4, 3, 3, ...opening]);
});

test('the end of a long text is kept, within half of the positions', () => {
  const long = Array.from({ length: 1000 }, (_, i) => i % 3);
  const made = prompt(Array(500).fill('a'), long);
  assert.equal(made.length, 1 + 223 + opening.length);
  assert.deepEqual(made.slice(-opening.length - 50, -opening.length), long.slice(-50));
  assert.equal(made[1], 4);
  assert.equal(stepsMaxAfter(made.length, 448), 448 - made.length);
  assert.equal(stepsMaxAfter(3, 448), 224);
});
