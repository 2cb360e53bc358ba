import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpeechEvent } from '../../../../models/vad/speech-segments.ts';
import { type Turns, turnsOf, type VoiceFinders } from '../../../../models/vad/turns.ts';
import { TOY_RATE_HZ, ToyVoice, toySpeech } from '../../../support/toy-live.ts';

const DETECTION = { threshold: 0.5, prefixPaddingMs: 320, silenceMs: 512 };
const voices: VoiceFinders = (options) => new ToyVoice(options);

async function hear(turns: Turns, samples: Float32Array, chunk = 1000): Promise<SpeechEvent[]> {
  const events: SpeechEvent[] = [];
  for (let at = 0; at < samples.length; at += chunk)
    events.push(...(await turns.push(samples.subarray(at, at + chunk))));
  return events;
}

const inSeconds = (events: readonly SpeechEvent[]) =>
  events.map((event) => [event.kind, event.start / TOY_RATE_HZ, event.kind === 'end' ? event.end / TOY_RATE_HZ : 0]);

test('an utterance has the padding asked for before it, and ends after the silence asked for', async () => {
  const turns = turnsOf(DETECTION, 20, voices);
  const events = await hear(turns, toySpeech(0.96, 1.28, 0.48));
  assert.deepEqual(inSeconds(events), [['start', 0.64, 0]]);
  // 250 ms after speech, as much as the detector keeps.
  assert.deepEqual(inSeconds(await hear(turns, toySpeech(0.032))), [['end', 0.64, 2.49]]);
});

test('cutting the stream into other chunks gives the same turns', async () => {
  const samples = toySpeech(0.5, 1, 0.8, 2, 0.3, 0.6, 1);
  const whole = await hear(turnsOf(DETECTION, 20, voices), samples, samples.length);
  assert.equal(whole.length, 4);
  for (const chunk of [1, 7, 512, 513, 4000]) {
    assert.deepEqual(await hear(turnsOf(DETECTION, 20, voices), samples, chunk), whole, `chunks of ${chunk}`);
  }
});

test('the end is foreseen as soon as its place is certain, and not while somebody speaks', async () => {
  const turns = turnsOf(DETECTION, 20, voices);
  await hear(turns, toySpeech(0.96, 1.28));
  assert.equal(turns.ending, null);
  await hear(turns, toySpeech(0.224));
  assert.equal(turns.ending, null);
  await hear(turns, toySpeech(0.032));
  const foreseen = turns.ending!;
  await hear(turns, toySpeech(0, 0.032));
  assert.equal(turns.ending, null, 'speech went on');
  const again = turnsOf(DETECTION, 20, voices);
  const [, end] = await hear(again, toySpeech(0.96, 1.28, 0.6));
  assert.deepEqual({ kind: 'end', ...foreseen, heard: true }, end);
});

test('a long utterance ends at any pause, and where there is none, right where it is: never in its past', async () => {
  const [, end] = await hear(turnsOf(DETECTION, 10, voices), toySpeech(0, 8, 0.128, 0.5));
  assert.ok(end?.kind === 'end' && end.end >= 8 * TOY_RATE_HZ && end.end <= 8.128 * TOY_RATE_HZ);
  // The pause at 3 s is too short to end an utterance, and is not gone back to when it grows too long.
  const events = await hear(turnsOf(DETECTION, 10, voices), toySpeech(0, 3, 0.128, 18));
  const ends = events.flatMap((event) => (event.kind === 'end' ? [event.end / TOY_RATE_HZ] : []));
  assert.deepEqual(ends.map(Math.round), [10, 20]);
});

test('a commit ends the utterance that runs, and what follows begins anew', async () => {
  const turns = turnsOf(DETECTION, 20, voices);
  await hear(turns, toySpeech(0.96, 1.28));
  const [end] = await turns.commit();
  assert.ok(end?.kind === 'end' && end.end === 2.24 * TOY_RATE_HZ);
  assert.deepEqual(await turns.commit(), []);
  const [next] = await hear(turns, toySpeech(0, 0.5));
  assert.deepEqual(next, { kind: 'start', start: 2.24 * TOY_RATE_HZ });
});

test('what is cleared never ends', async () => {
  const turns = turnsOf(DETECTION, 20, voices);
  await hear(turns, toySpeech(0.96, 1.28));
  await turns.clear();
  assert.deepEqual(await hear(turns, toySpeech(2)), []);
  assert.deepEqual(await turns.end(), []);
});

test('without detection the caller says where utterances end', async () => {
  const turns = turnsOf(null, 20, undefined);
  assert.deepEqual(await turns.commit(), []);
  assert.deepEqual(inSeconds(await hear(turns, toySpeech(3.2))), [['start', 0, 0]]);
  assert.equal(turns.heard, true, 'nobody listens, so somebody may have spoken');
  assert.deepEqual(inSeconds(await turns.commit()), [['end', 0, 3.2]]);
  assert.deepEqual(inSeconds(await hear(turns, toySpeech(1.6))), [['start', 3.2, 0]]);
  await turns.clear();
  assert.deepEqual(await turns.end(), []);
});

test("the caller's utterances are cut at their longest, whatever the chunks", async () => {
  const turns = turnsOf(null, 5, undefined);
  const events = await hear(turns, toySpeech(12.8), 30_000);
  assert.deepEqual(inSeconds(events), [
    ['start', 0, 0],
    ['end', 0, 5],
    ['start', 5, 0],
    ['end', 5, 10],
    ['start', 10, 0],
  ]);
});

test("a voice detector tells the caller's utterances in which nobody spoke", async () => {
  const turns = turnsOf(null, 20, voices);
  await hear(turns, toySpeech(2));
  assert.equal(turns.heard, false);
  await turns.commit();
  assert.equal(turns.heard, false, 'the utterance that ran last');
  await hear(turns, toySpeech(0, 1));
  assert.equal(turns.heard, true);
  await turns.commit();
  assert.equal(turns.heard, true);
  await hear(turns, toySpeech(1));
  assert.equal(turns.heard, false);
});
