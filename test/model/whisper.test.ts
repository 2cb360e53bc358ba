/**
 * The real model on a recording: set BYTEFUSE_TEST_WHISPER to a folder with a converted Whisper model (encoder.onnx,
 * decoder.onnx, model.json, tokenizer.json), and BYTEFUSE_TEST_SPEECH to a WAV file of English speech of 5 to 25 s.
 */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import type { RecognizerSummary } from '../../models/core/recognizer.ts';
import type { TranscribeOptions, UnitResult } from '../../models/core/transcript.ts';
import { plainBeam } from '../../models/whisper/plain-beam.ts';
import { defaultTranscribeOptions } from '../../models/whisper/transcribe-defaults.ts';
import { WhisperTranscriber } from '../../models/whisper/transcriber.ts';
import { readSamples } from '../support/samples.ts';

const MODEL = process.env['BYTEFUSE_TEST_WHISPER'];
const SPEECH = process.env['BYTEFUSE_TEST_SPEECH'];
const noModel = MODEL === undefined && 'BYTEFUSE_TEST_WHISPER names no folder with a converted Whisper model';
const noSpeech = noModel || (SPEECH === undefined && 'BYTEFUSE_TEST_SPEECH names no recording of English speech');
const RATE = 16_000;

let whisper: WhisperTranscriber;
before(async () => {
  if (MODEL !== undefined) whisper = await WhisperTranscriber.open(MODEL);
});
after(async () => whisper?.dispose());

async function* chunked(samples: Float32Array, length: number): AsyncGenerator<Float32Array> {
  for (let at = 0; at < samples.length; at += length) yield samples.slice(at, at + length);
}

async function transcribe(samples: Float32Array, more: Partial<TranscribeOptions> = {}, chunk = RATE) {
  const options = { ...defaultTranscribeOptions, ...more };
  const search = plainBeam({ beams: options.beams, nBest: options.nBest });
  const run = whisper.transcribe(chunked(samples, chunk), options, search);
  const results: UnitResult[] = [];
  for (;;) {
    const next = await run.next();
    if (next.done === true) return outcomeOf(results, next.value);
    results.push(next.value);
  }
}

function outcomeOf(results: readonly UnitResult[], summary: RecognizerSummary) {
  const segments = results.flatMap((result) => result.segments);
  return { segments, summary, results, text: segments.map(({ text }) => text).join('') };
}

test('silence gives no text', { skip: noModel }, async () => {
  const { text } = await transcribe(new Float32Array(12 * RATE), { language: 'en' });
  assert.equal(text, '');
});

test('speech gives text, the language, and scores in their ranges', { skip: noSpeech }, async () => {
  const samples = await readSamples(SPEECH!);
  const { segments, summary, text, results } = await transcribe(samples, { nBest: 3 });
  assert.equal(summary.language, 'en');
  assert.ok(summary.languageProbability > 0.5);
  assert.ok(Math.abs(summary.duration - samples.length / RATE) < 1e-9);
  assert.ok(text.trim().split(/\s+/).length > 5, text);
  for (const segment of segments) {
    assert.ok(segment.avg_logprob > -1 && segment.avg_logprob <= 0);
    assert.ok(segment.compression_ratio > 0 && segment.compression_ratio < 2.4);
    assert.ok(segment.no_speech_prob >= 0 && segment.no_speech_prob < 0.6);
    assert.ok(segment.start >= 0 && segment.end <= summary.duration && segment.end > segment.start);
  }
  assert.equal(results[0]!.hypotheses.length, 3);
});

test('merged padding and the whole window say the same', { skip: noSpeech }, async () => {
  const samples = await readSamples(SPEECH!);
  const merged = await transcribe(samples, { language: 'en' });
  const exact = await transcribe(samples, { language: 'en', exact: true });
  assert.equal(merged.text, exact.text);
});

test('cutting the audio into other chunks gives the same segments', { skip: noSpeech }, async () => {
  const samples = await readSamples(SPEECH!);
  const whole = await transcribe(samples, { language: 'en' }, samples.length);
  const pieces = await transcribe(samples, { language: 'en' }, 777);
  assert.deepEqual(whole.segments, pieces.segments);
});

test('streams side by side give what they give alone', { skip: noSpeech }, async () => {
  const samples = await readSamples(SPEECH!);
  const alone = await transcribe(samples, { language: 'en' });
  const together = await Promise.all([0, 1, 2].map(() => transcribe(samples, { language: 'en' })));
  for (const { segments } of together) assert.deepEqual(segments, alone.segments);
});

test('words lie inside their segment, never go back, and join to the text', { skip: noSpeech }, async () => {
  const { segments } = await transcribe(await readSamples(SPEECH!), { language: 'en', timestamps: 'word' });
  let clock = 0;
  for (const { words, text, start, end } of segments) {
    assert.equal(words!.map(({ word }) => word).join(''), text);
    for (const word of words!) {
      assert.ok(word.start >= clock && word.end >= word.start && word.start >= start && word.end <= end);
      clock = word.end;
    }
  }
});

test('a recording of several windows goes on where the last one ended', { skip: noSpeech }, async () => {
  const samples = await readSamples(SPEECH!);
  const rounds = Math.ceil((70 * RATE) / samples.length);
  const long = new Float32Array(rounds * samples.length);
  for (let round = 0; round < rounds; round++) long.set(samples, round * samples.length);
  // The same sentence again and again looks like a loop: no ladder here.
  const { segments, results } = await transcribe(long, { language: 'en', temperatures: [0] });
  assert.ok(results.length >= 3);
  for (let i = 1; i < segments.length; i++) assert.ok(segments[i]!.start >= segments[i - 1]!.end - 0.02);
  assert.ok(segments.at(-1)!.end > 60);
});
