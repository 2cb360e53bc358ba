import assert from 'node:assert/strict';
import test from 'node:test';
import type { RecognizerSummary } from '../../../../models/core/recognizer.ts';
import type { TranscribeOptions, UnitResult } from '../../../../models/core/transcript.ts';
import { plainBeam } from '../../../../models/whisper/plain-beam.ts';
import { defaultTranscribeOptions } from '../../../../models/whisper/transcribe-defaults.ts';
import { type SpeechFinder, WhisperTranscriber } from '../../../../models/whisper/transcriber.ts';
import { scripted, stamp, type ToyAnswer, ToyWhisper, toyTokens } from '../../../support/toy-whisper.ts';

const RATE = 16_000;
const [A, B, C] = [0, 4, 3];

async function* seconds(count: number, chunk = RATE): AsyncGenerator<Float32Array> {
  for (let left = count * RATE; left > 0; left -= chunk) yield new Float32Array(Math.min(chunk, left)).fill(0.1);
}

interface Run {
  readonly results: UnitResult[];
  readonly summary: RecognizerSummary;
  readonly whisper: ToyWhisper;
}

async function transcribe(
  answer: ToyAnswer,
  length: number,
  more: Partial<TranscribeOptions> = {},
  finder?: SpeechFinder,
): Promise<Run> {
  const whisper = new ToyWhisper(answer);
  const transcriber = new WhisperTranscriber('toy', whisper.parts, finder && { detector: () => finder });
  const options = { ...defaultTranscribeOptions, language: 'en', beams: 2, ...more };
  const run = transcriber.transcribe(seconds(length), options, plainBeam({ beams: 2, nBest: 1 }));
  const results: UnitResult[] = [];
  for (;;) {
    const next = await run.next();
    if (next.done === true) {
      assert.equal(whisper.liveTrees, 0, 'every tree is given back');
      return { results, summary: next.value, whisper };
    }
    results.push(next.value);
  }
}

const segmentsOf = ({ results }: Run) => results.flatMap(({ segments }) => segments);

test('windows start where the text of the last one ended', async () => {
  const script = [
    [stamp(0), A, stamp(10), stamp(10), B, stamp(26), stamp(26)],
    [stamp(0), C, stamp(20), stamp(20), A],
    [stamp(0.5), A, stamp(9)],
  ];
  const run = await transcribe(scripted(script), 56);
  const segments = segmentsOf(run);
  assert.deepEqual(
    segments.map(({ id, seek, start, end, text }) => [id, seek, start, end, text]),
    [
      [0, 0, 0, 10, 'a'],
      [1, 0, 10, 26, ' a'],
      [2, 2600, 26, 46, 'c'],
      [3, 4600, 46.5, 55, 'a'],
    ],
  );
  assert.equal(run.summary.duration, 56);
  assert.deepEqual(run.whisper.encoded, [true, true, false]);
});

test('the text of a window is shown to the next one, and only if asked', async () => {
  const script = [
    [stamp(0), A, stamp(20), stamp(20)],
    [stamp(0), B, stamp(5)],
  ];
  const kept = await transcribe(scripted(script), 40, { prompt: 'c' });
  const opening = toyTokens.openingOf('en', 'transcribe', true);
  const before = toyTokens.encode(' c');
  assert.deepEqual(kept.whisper.prompts[0], [toyTokens.startOfPrevious, ...before, ...opening]);
  assert.deepEqual(kept.whisper.prompts[1], [toyTokens.startOfPrevious, ...before, stamp(0), A, stamp(20), ...opening]);
  const dropped = await transcribe(scripted(script), 40, { conditionOnPreviousText: false });
  assert.deepEqual(dropped.whisper.prompts[1], opening);
});

test('without timestamps one window is prompted so, several windows have them inside', async () => {
  const short = await transcribe(scripted([[A, B]]), 5, { timestamps: 'none' });
  assert.equal(short.whisper.prompts[0]!.at(-1), toyTokens.noTimestamps);
  assert.deepEqual(
    segmentsOf(short).map(({ start, end, text }) => [start, end, text]),
    [[0, 5, 'a a']],
  );
  const script = [[stamp(0), A, stamp(29), stamp(29)], [B]];
  const long = await transcribe(scripted(script), 35, { timestamps: 'none' });
  assert.equal(
    segmentsOf(long)
      .map(({ text }) => text)
      .join(''),
    'a a',
  );
});

test('a doubtful window is decoded again whole, then by sampling, and its text is not shown on', async () => {
  // With merged padding and at temperature 0 all tokens are about equally likely: a low mean log-probability.
  const unsure: ToyAnswer = ({ window, path }) =>
    window < 2
      ? new Map([[path.length < 2 ? A : toyTokens.endOfText, 0.8 + window / 5]])
      : scripted([[], [], [A]])({ window, exact: true, path });
  const run = await transcribe(unsure, 5, { timestamps: 'none', temperatures: [0, 0.4] });
  assert.deepEqual(run.whisper.encoded, [false, true]);
  assert.ok(segmentsOf(run).every(({ exact }) => exact === true));
  assert.ok(run.whisper.prompts.length === 3, 'merged, whole, sampled');
});

test('merged padding that passes is not decoded again', async () => {
  const run = await transcribe(scripted([[A, B]]), 5, { timestamps: 'none' });
  assert.deepEqual(run.whisper.encoded, [false]);
  const exact = await transcribe(scripted([[A, B]]), 5, { timestamps: 'none', exact: true });
  assert.deepEqual(exact.whisper.encoded, [true]);
});

test('a loop is cut to one round and its window is not shown on', async () => {
  const looping: ToyAnswer = () => new Map([[A, 20]]);
  const run = await transcribe(looping, 5, { timestamps: 'none', temperatures: [0] });
  assert.equal(segmentsOf(run)[0]!.text, 'a');
  assert.deepEqual(run.whisper.encoded, [false, true]);
});

test('nothing is said where the model hears nobody and its text is improbable', async () => {
  const nobody: ToyAnswer = () => new Map([[toyTokens.noSpeech, 12]]);
  const run = await transcribe(nobody, 5, { timestamps: 'none' });
  assert.deepEqual(run.results, []);
  assert.equal(run.summary.duration, 5);
});

test('the language is detected once, from the first window', async () => {
  const chinese: ToyAnswer = ({ window, path }) => {
    const answer = new Map(
      scripted([
        [stamp(0), A, stamp(20), stamp(20)],
        [stamp(0), A, stamp(3)],
      ])({ window, exact: true, path }),
    );
    answer.set(toyTokens.languageId('zh'), 3);
    return answer;
  };
  const run = await transcribe(chinese, 35, { language: 'auto' });
  assert.equal(run.summary.language, 'zh');
  assert.ok(run.summary.languageProbability > 0.9);
  assert.equal(run.whisper.prompts.filter((prompt) => prompt.length === 1).length, 1);
});

test('silence is skipped and not decoded', async () => {
  const finder: SpeechFinder = {
    push: async () => {},
    end: async () => {},
    spans: [{ start: 70 * RATE, end: 72 * RATE }],
  };
  const run = await transcribe(scripted([[stamp(0), A, stamp(2)]]), 200, {}, finder);
  assert.deepEqual(
    segmentsOf(run).map(({ start, end }) => [start, end]),
    [[69.75, 71.75]],
  );
  assert.equal(run.whisper.encoded.length, 1);
  const silent = await transcribe(scripted([[A]]), 200, {}, { ...finder, spans: [] });
  assert.deepEqual([silent.results.length, silent.whisper.encoded.length, silent.summary.duration], [0, 0, 200]);
});

test('words lie inside their segment and join to its text', async () => {
  const script = [[stamp(0), A, B, 5, stamp(3), stamp(3), C, B, stamp(6)]];
  const run = await transcribe(scripted(script), 6, { timestamps: 'word' });
  const segments = segmentsOf(run);
  assert.deepEqual(
    segments.map(({ words }) => words!.map(({ word }) => word)),
    [
      ['a', ' a.'],
      ['c', ' a'],
    ],
  );
  let clock = 0;
  for (const { start, end, words, text } of segments) {
    assert.equal(words!.map(({ word }) => word).join(''), text);
    for (const word of words!) {
      assert.ok(word.start >= clock && word.end >= word.start && word.start >= start && word.end <= end);
      assert.ok(word.probability > 0.9 && word.probability <= 1);
      clock = word.end;
    }
  }
});

test('audio is pulled a window at a time, and an early return closes the source', async () => {
  let pulled = 0;
  let closed = false;
  async function* audio() {
    try {
      for (; pulled < 600; pulled++) yield new Float32Array(RATE);
    } finally {
      closed = true;
    }
  }
  const whisper = new ToyWhisper(scripted(Array(30).fill([stamp(0), A, stamp(25)])));
  const options = { ...defaultTranscribeOptions, language: 'en' };
  const run = new WhisperTranscriber('toy', whisper.parts).transcribe(
    audio(),
    options,
    plainBeam({ beams: 1, nBest: 1 }),
  );
  await run.next();
  assert.ok(pulled <= 31, `${pulled} s pulled for the first window`);
  await run.return(undefined as never);
  assert.equal(closed, true);
});

test('an aborted signal ends the stream with its reason and frees it', async () => {
  const control = new AbortController();
  const reason = new Error('enough');
  const whisper = new ToyWhisper(({ path }) => {
    if (path.length === 2) control.abort(reason);
    return new Map([[A, 3]]);
  });
  const options = { ...defaultTranscribeOptions, language: 'en' };
  const search = plainBeam({ beams: 2, nBest: 1 });
  const run = new WhisperTranscriber('toy', whisper.parts).transcribe(seconds(5), options, search, control.signal);
  await assert.rejects(run.next(), reason);
  assert.equal(whisper.liveTrees, 0);
});

test('options out of range and unknown languages are refused before any audio is read', async () => {
  const answer = scripted([]);
  await assert.rejects(transcribe(answer, 1, { beams: 17 }), /beams is 17/);
  await assert.rejects(transcribe(answer, 1, { beams: 2, nBest: 3 }), /nBest is 3/);
  await assert.rejects(transcribe(answer, 1, { temperatures: [1.5] }), /temperature is 1.5/);
  await assert.rejects(transcribe(answer, 1, { language: 'xx' }), /"xx"/);
});
