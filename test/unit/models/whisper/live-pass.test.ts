import assert from 'node:assert/strict';
import { test } from 'node:test';
import { livePass } from '../../../../models/whisper/live-pass.ts';
import { mergedPadding } from '../../../../models/whisper/merged-padding.ts';
import { scripted, type ToyAnswer, ToyWhisper, toyTokens } from '../../../support/toy-whisper.ts';

const SAID = [4, 3, 4, 0, 4, 3, 3];
const NO_PREFIX = { tokens: [], logProbs: [] };

async function pass(answer: ToyAnswer, given: Partial<Parameters<typeof livePass>[1]> = {}) {
  const whisper = new ToyWhisper(answer);
  const mel = { mel: new Float32Array(0), frames: 3000, realFrames: 300 };
  const encoded = await whisper.parts.encoder.encode(mel, mergedPadding(300, 1500, { guardFrames: 100, every: 8 }));
  const result = await livePass(whisper.parts, {
    encoded,
    prompt: toyTokens.openingOf('en', 'transcribe', false),
    prefix: NO_PREFIX,
    draft: [],
    tokensMax: 100,
    signal: new AbortController().signal,
    ...given,
  });
  assert.equal(whisper.liveTrees, 0);
  return result;
}

test('a draft, right or wrong, changes nothing but the number of steps', async () => {
  const plain = await pass(scripted([SAID]));
  assert.deepEqual(plain.tokens, SAID);
  for (const draft of [SAID, SAID.slice(0, 3), [4, 3, 0], [0], [...SAID, 4, 4]]) {
    const { tokens, logProbs, noSpeechProb, endLogProb } = await pass(scripted([SAID]), { draft });
    assert.deepEqual(
      { tokens, logProbs, noSpeechProb, endLogProb },
      {
        tokens: plain.tokens,
        logProbs: plain.logProbs,
        noSpeechProb: plain.noSpeechProb,
        endLogProb: plain.endLogProb,
      },
      `draft ${draft}`,
    );
  }
});

test('a prefix stands, with the log-probabilities that it came with', async () => {
  const prefix = { tokens: [4, 0], logProbs: [-0.5, -0.25] };
  const { tokens, logProbs } = await pass(scripted([SAID]), { prefix });
  // The script goes on by place: its third token comes third.
  assert.deepEqual(tokens, [4, 0, ...SAID.slice(2)]);
  assert.deepEqual(logProbs.slice(0, 2), prefix.logProbs);
});

test('times go forward and end within the audio, one more than tokens', async () => {
  const { tokens, attention } = await pass(scripted([SAID]), { draft: SAID });
  const times = attention.times(tokens.length);
  const attendedS = attention.attended(tokens.length);
  assert.equal(times.length, tokens.length + 1);
  assert.equal(attendedS.length, tokens.length);
  for (let i = 1; i < times.length; i++) assert.ok(times[i]! >= times[i - 1]! && times[i]! <= 3);
});

test('a loop is noticed, and no pass takes more tokens than it may', async () => {
  const endless: ToyAnswer = () => new Map([[4, 20]]);
  const looping = await pass(endless);
  assert.ok(looping.looped && looping.tokens.length < 40);
  assert.equal((await pass(endless, { tokensMax: 7 })).tokens.length, 7);
});

test('an abort ends a pass between its steps', async () => {
  const control = new AbortController();
  const answer: ToyAnswer = (question) => {
    if (question.path.length === 3) control.abort(new Error('enough'));
    return scripted([SAID])(question);
  };
  await assert.rejects(pass(answer, { signal: control.signal }), /enough/);
});
