import assert from 'node:assert/strict';
import { test } from 'node:test';
import { committedBeginning, tokenLogProbs } from '../../../../models/whisper/committed-beginning.ts';
import { livePass } from '../../../../models/whisper/live-pass.ts';
import { mergedPadding } from '../../../../models/whisper/merged-padding.ts';
import { scripted, TOY_MODEL, ToyWhisper, toyTokens } from '../../../support/toy-whisper.ts';

const beginning = (text: string) => committedBeginning(text, toyTokens, TOY_MODEL);

test('words begin with the space that the vocabulary has before them, but not where none is written', () => {
  assert.deepEqual(beginning('a ac'), { text: ' a ac', tokens: [4, 4, 3] });
  assert.deepEqual(beginning('好'), { text: '好', tokens: [8, 9, 10] });
  for (const text of ['3月', '「東京', 'สวัสดี', 'ありがとう']) assert.equal(beginning(text).text, text);
  for (const text of ['안녕', 'I met 李', '1.5', 'мир']) assert.equal(beginning(text).text, ` ${text}`);
});

test('text that leaves no room to go on is not taken, nor is none', () => {
  const words = (3 * TOY_MODEL.dims.textCtx) / 8;
  assert.equal(beginning(Array(words).fill('a').join(' ')).tokens.length, words);
  assert.deepEqual(
    beginning(
      Array(words + 1)
        .fill('a')
        .join(' '),
    ),
    { text: '', tokens: [] },
  );
  assert.deepEqual(beginning(''), { text: '', tokens: [] });
});

test('tokens are scored as a pass scores what it decodes, and one that no rule allows has a score as well', async () => {
  const said = [4, 3, 4, 0];
  const { parts } = new ToyWhisper(scripted([said], 3));
  const mel = { mel: new Float32Array(0), frames: 3000, realFrames: 300 };
  const encoded = await parts.encoder.encode(mel, mergedPadding(300, 1500, { guardFrames: 100, every: 8 }));
  const prompt = toyTokens.openingOf('en', 'transcribe', false);
  const score = (tokens: readonly number[]) => tokenLogProbs(parts.decoder.tree(encoded), toyTokens, prompt, tokens);
  const request = { encoded, prompt, prefix: { tokens: [], logProbs: [] }, draft: [], tokensMax: 100 };
  const pass = await livePass(parts, { ...request, signal: new AbortController().signal });
  const scored = await score(pass.tokens);
  assert.equal(scored.length, said.length);
  // A pass chooses among what the rules allow: of the toy's tokens nearly all are timestamps.
  scored.forEach((logProb, i) => {
    assert.ok(logProb < pass.logProbs[i]! && logProb > pass.logProbs[i]! - Math.log(toyTokens.size));
  });
  const [suppressed] = TOY_MODEL.suppressIds;
  const [first, unlikely] = await score([4, suppressed!]);
  assert.equal(first, scored[0]);
  assert.ok(Number.isFinite(unlikely) && Math.abs(unlikely! - (scored[1]! - 3)) < 1e-5);
});
