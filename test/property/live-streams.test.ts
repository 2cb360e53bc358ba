import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { COMMIT_POLICIES, type LiveEvent, type LiveInput } from '../../models/core/live.ts';
import { collect, inChunks, spokenInTime, TOY_WORDS, toyListener, toySpeech } from '../support/toy-live.ts';

/** A stream of speech and pauses, how a recognizer mishears its end, and where the caller cuts in. */
const stream = fc.record({
  seconds: fc.array(fc.double({ min: 0.1, max: 2.5, noNaN: true }), { minLength: 2, maxLength: 7 }),
  words: fc.array(fc.nat(TOY_WORDS.length - 1), { minLength: 1, maxLength: 20 }),
  mishearings: fc.array(fc.option(fc.nat(TOY_WORDS.length - 1), { nil: undefined }), { minLength: 1, maxLength: 7 }),
  policy: fc.constantFrom(...COMMIT_POLICIES),
  holdMs: fc.constantFrom(undefined, 0, 300),
  partialIntervalMs: fc.constantFrom(100, 300, 700),
  utteranceSecondsMax: fc.constantFrom(5, 20),
  detected: fc.boolean(),
  marks: fc.array(fc.constantFrom<LiveInput>('commit', 'clear'), { maxLength: 3 }),
});

type Stream = typeof stream extends fc.Arbitrary<infer T> ? T : never;

async function listenTo(given: Stream, chunks: readonly number[]): Promise<LiveEvent[]> {
  const { seconds, words, mishearings, detected, marks } = given;
  const samples = toySpeech(...seconds);
  /** Marks at fixed places of the audio, whatever the chunks. */
  async function* input(): AsyncGenerator<LiveInput> {
    const part = Math.ceil(samples.length / (marks.length + 1));
    for (let i = 0; i <= marks.length; i++) {
      yield* inChunks(samples.subarray(i * part, (i + 1) * part), chunks);
      if (i < marks.length) yield marks[i]!;
    }
  }
  const { listen, whisper } = toyListener(
    spokenInTime(words, (_heard, frames) => mishearings[frames % mishearings.length]),
  );
  const { policy, holdMs, partialIntervalMs, utteranceSecondsMax } = given;
  const options = { policy, holdMs, partialIntervalMs, utteranceSecondsMax };
  const { events } = await collect(
    listen(input(), { options: { ...options, ...(detected ? {} : { turnDetection: null }) } }),
  );
  assert.equal(whisper.liveTrees, 0);
  return events;
}

/** What core/live.ts promises of every utterance. */
function checkLives(events: readonly LiveEvent[]): void {
  interface Life {
    state: 'open' | 'ended' | 'recognized' | 'over';
    committed: string;
  }
  const lives = new Map<number, Life>();
  let lastFinal = { recognized: -1, fused: -1 };
  for (const event of events) {
    if (!('utterance' in event) || event.utterance === null) continue;
    const life = lives.get(event.utterance);
    if (event.kind === 'speech-start') {
      assert.equal(life, undefined);
      assert.equal(event.utterance, lives.size, 'utterances are numbered in order');
      lives.set(event.utterance, { state: 'open', committed: '' });
      continue;
    }
    assert.ok(life);
    if (event.kind === 'partial') {
      assert.equal(life.state, 'open');
      assert.ok(event.committed.startsWith(life.committed), `"${life.committed}" became "${event.committed}"`);
      life.committed = event.committed;
    } else if (event.kind === 'speech-end') {
      assert.equal(life.state, 'open');
      life.state = 'ended';
    } else if (event.kind === 'cleared') {
      assert.equal(life.state, 'open');
      life.state = 'over';
    } else {
      const stage = event.stage as 'recognized' | 'fused';
      assert.equal(life.state, stage === 'recognized' ? 'ended' : 'recognized');
      life.state = stage === 'recognized' ? 'recognized' : 'over';
      assert.equal(event.committed, life.committed);
      assert.ok(event.text.startsWith(life.committed), `"${event.text}" after "${life.committed}"`);
      assert.ok(event.utterance > lastFinal[stage], 'finals come in the order of the utterances');
      lastFinal = { ...lastFinal, [stage]: event.utterance };
    }
  }
  for (const [utterance, { state }] of lives) assert.equal(state, 'over', `utterance ${utterance}`);
}

test('committed text only grows and begins every final, whatever was misheard', async () => {
  await fc.assert(
    fc.asyncProperty(stream, async (given) => checkLives(await listenTo(given, [1600]))),
    { seed: 20261125, numRuns: 60 },
  );
});

test('cutting the stream into other chunks gives the same events', async () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(stream, lengths, async (given, chunks) => {
      assert.deepEqual(await listenTo(given, chunks), await listenTo(given, [512]));
    }),
    { seed: 20261126, numRuns: 40 },
  );
});
