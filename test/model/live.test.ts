/**
 * Live speech with the real recognizer and voice detector: one recording, a pause, and the same recording again. Time is
 * that of the audio, so the result does not depend on the machine. Weights as for whisper.test.ts and vad.test.ts.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { commitPolicies } from '../../fusion/beam/agreed-prefix.ts';
import { openAudio } from '../../models/audio/audio-file.ts';
import { COMMIT_POLICIES, type ListenOptions, type LiveEvent, type LiveFinal } from '../../models/core/live.ts';
import { isPinned } from '../../models/manifest/artefact.ts';
import { openModelRoom } from '../../models/manifest/model-room.ts';
import { VoiceModel } from '../../models/vad/voice-detector.ts';
import { defaultListenOptions } from '../../models/whisper/listen-defaults.ts';
import { plainBeam } from '../../models/whisper/plain-beam.ts';
import { WhisperTranscriber } from '../../models/whisper/transcriber.ts';
import { errorRate } from '../../services/eval/error-rate.ts';
import { scoreText } from '../../services/eval/score.ts';

const MODEL = process.env['BYTEFUSE_TEST_WHISPER'];
const SPEECH = process.env['BYTEFUSE_TEST_SPEECH'];
const RATE = 16_000;
const PAUSE_S = 1.5;
/** What the recording says; its voice is a synthetic one, which the small model hears badly. */
const REFERENCE = 'The weather is fine today, and the train leaves at eleven.';

async function voicePath(): Promise<string | null> {
  const folder = process.env['BYTEFUSE_VAD'];
  if (folder) return join(folder, 'silero_vad_16k_op15.onnx');
  const room = openModelRoom();
  const artefact = await room.find('silero-vad');
  // The stepwise graph: streams and files must hear the same, whichever of the two runs.
  const found = isPinned(artefact) && artefact.files.find(({ path }) => path === 'silero_vad_16k_op15.onnx');
  const path = found ? room.store.blobPath(found.sha256) : '';
  return existsSync(path) ? path : null;
}

const voiceFile = await voicePath();
const skip =
  (MODEL === undefined && 'BYTEFUSE_TEST_WHISPER names no folder with a converted Whisper model') ||
  (SPEECH === undefined && 'BYTEFUSE_TEST_SPEECH names no recording of English speech') ||
  (voiceFile === null && 'silero-vad is not in the cache (run: bytefuse models pull silero-vad)');

let whisper: WhisperTranscriber;
let voice: VoiceModel;
let speech: Float32Array;
/** Errors of the same recording transcribed as a file. */
let offlineRate = 0;
before(async () => {
  if (skip) return;
  voice = await VoiceModel.open(voiceFile!);
  const live = { policies: commitPolicies, voices: voice.detector.bind(voice), nowMs: null };
  whisper = await WhisperTranscriber.open(MODEL!, { vad: voice, live });
  const chunks: number[] = [];
  for await (const chunk of (await openAudio(SPEECH!)).chunks()) chunks.push(...chunk);
  speech = Float32Array.from(chunks);
  const whole = (async function* () {
    yield speech;
  })();
  const options = { ...defaultListenOptions, language: 'en' };
  let offline = '';
  for await (const { segments } of whisper.transcribe(whole, options, plainBeam({ beams: 5, nBest: 1 }))) {
    offline += segments.map(({ text }) => text).join('');
  }
  offlineRate = errorRate(scoreText('en', REFERENCE, offline).counts);
});
after(async () => {
  await whisper?.dispose();
  await voice?.dispose();
});

async function listen(options: Partial<ListenOptions>): Promise<LiveEvent[]> {
  const pause = new Float32Array(PAUSE_S * RATE);
  async function* microphone() {
    for (const part of [speech, pause, speech, pause]) {
      for (let at = 0; at < part.length; at += 1600) yield part.subarray(at, at + 1600);
    }
  }
  const events: LiveEvent[] = [];
  const wanted = { ...defaultListenOptions, llmWeight: 0, ...options };
  const search = plainBeam({ beams: 5, nBest: 1 });
  for await (const event of whisper.listen(microphone(), wanted, search, new AbortController().signal)) {
    events.push(event);
  }
  return events;
}

for (const policy of COMMIT_POLICIES) {
  test(`speech, a pause and speech again, by ${policy}: committed words stay, finals are as good as offline`, {
    skip,
  }, async () => {
    const events = await listen({ policy, language: 'auto' });
    const finals = events.filter((event): event is LiveFinal => event.kind === 'final' && event.stage === 'recognized');
    assert.ok(finals.length >= 2);
    assert.deepEqual(new Set(finals.map(({ language }) => language)), new Set(['en']));
    let committedChars = 0;
    for (const { utterance, text } of finals) {
      let committed = '';
      for (const event of events) {
        if (event.kind !== 'partial' || event.utterance !== utterance) continue;
        assert.ok(event.committed.startsWith(committed));
        ({ committed } = event);
      }
      assert.ok(text.startsWith(committed));
      committedChars += committed.length;
    }
    const text = finals.map((final) => final.text).join(' ');
    assert.ok(
      committedChars > 0.25 * text.length,
      `${committedChars} of ${text.length} characters were committed early`,
    );
    const rate = errorRate(scoreText('en', `${REFERENCE} ${REFERENCE}`, text).counts);
    assert.ok(rate <= offlineRate, `${rate} beside ${offlineRate} offline: ${text}`);
  });
}

test('a stream that comes from a lost process goes on from the words committed there, spelled as they were', {
  skip,
}, async () => {
  const text = 'The whether is fine';
  for (const partialIntervalMs of [500, 0]) {
    const events = await listen({
      language: 'en',
      timestamps: 'word',
      partialIntervalMs,
      returning: true,
      committed: [{ startS: 0, heardS: 3.4, text }],
    });
    const first = events.filter((event): event is LiveFinal => event.kind === 'final' && event.utterance === 0);
    for (const final of first) {
      assert.ok(final.committed.startsWith(text) && final.text.startsWith(final.committed), final.text);
      const { words } = final.result.segments[0]!;
      assert.equal(
        words!
          .map(({ word }) => word)
          .join('')
          .trim(),
        final.text,
      );
      assert.ok(words!.every(({ probability }) => probability > 0 && probability <= 1));
      // The four words take the two seconds that they were said in, and what follows is what follows in the recording.
      assert.ok(words![3]!.end > 1 && words![3]!.end < 2.5, `${text} ends at ${words![3]!.end}`);
      assert.match(final.text.slice(text.length), /^ today,? and the train /);
    }
    assert.ok(first.length > 0);
  }
});

test('word times of two utterances follow each other, in seconds of the stream', { skip }, async () => {
  const events = await listen({ language: 'en', timestamps: 'word', partialIntervalMs: 0 });
  let clock = 0;
  for (const event of events) {
    if (event.kind !== 'final' || event.stage !== 'recognized') continue;
    for (const { start, end } of event.result.segments[0]!.words!) {
      assert.ok(start >= clock - 0.011 && end >= start, `${start}..${end} after ${clock}`);
      clock = end;
    }
  }
  const lengthS = speech.length / RATE;
  assert.ok(clock > lengthS + PAUSE_S && clock < 2 * lengthS + PAUSE_S, `the last word ends at ${clock}`);
});
