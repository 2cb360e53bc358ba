import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { audioFixture } from '../../fixtures/audio/fixture-file.ts';
import { noise, tone } from '../../fixtures/audio/synthetic.ts';
import { openAudio } from '../../models/audio/audio-file.ts';
import { isPinned } from '../../models/manifest/artefact.ts';
import { openModelRoom } from '../../models/manifest/model-room.ts';
import type { SpeechSpan } from '../../models/vad/speech-segments.ts';
import { speechSpans, VoiceModel } from '../../models/vad/voice-detector.ts';

const SEQUENCE = 'silero_vad_16k_sequence.onnx';
const STEPWISE = 'silero_vad_16k_op15.onnx';

/** In the models cache, or in the folder that BYTEFUSE_VAD names. */
async function weightsPath(file: string): Promise<string | null> {
  const folder = process.env['BYTEFUSE_VAD'];
  if (folder) return join(folder, file);
  const room = openModelRoom();
  const artefact = await room.find('silero-vad');
  const found = isPinned(artefact) ? artefact.files.find((each) => each.path === file) : undefined;
  const path = found ? room.store.blobPath(found.sha256) : '';
  return existsSync(path) ? path : null;
}

const sequencePath = await weightsPath(SEQUENCE);
const stepwisePath = await weightsPath(STEPWISE);
const skip =
  sequencePath && stepwisePath ? false : 'silero-vad is not in the cache (run: bytefuse models pull silero-vad)';
const dataFolder = process.env['BYTEFUSE_DATA'] ?? '';
const manifestPath = join(dataFolder, 'audio', 'manifest.jsonl');
const noData = skip || (existsSync(manifestPath) ? false : 'BYTEFUSE_DATA names no folder with audio/manifest.jsonl');

let model: VoiceModel;
before(async () => {
  if (!skip) model = await VoiceModel.open(sequencePath!);
});

async function* pieces(samples: Float32Array, length: number): AsyncGenerator<Float32Array> {
  for (let at = 0; at < samples.length; at += length) yield samples.subarray(at, at + length);
}

async function find(audio: AsyncIterable<Float32Array>, voice = model): Promise<SpeechSpan[]> {
  const spans: SpeechSpan[] = [];
  for await (const span of speechSpans(audio, voice.detector())) spans.push(span);
  return spans;
}

async function spoken(): Promise<Float32Array> {
  const parts: number[] = [];
  for await (const part of (await openAudio(audioFixture('speech-en.ogg'))).chunks()) parts.push(...part);
  return Float32Array.from(parts);
}

test('a sentence between two seconds of silence is found where it is', { skip }, async () => {
  const samples = await spoken();
  const spans = await find(pieces(samples, 1600));
  const [first, last] = [spans[0], spans.at(-1)];
  assert.ok(first && last, 'no speech was found');
  const seconds = samples.length / 16_000;
  assert.ok(first.start > 0.6 * 16_000 && first.start < 1.2 * 16_000, `starts at ${first.start / 16_000} s`);
  assert.ok(last.end > (seconds - 1.4) * 16_000 && last.end < (seconds - 0.5) * 16_000, `ends at ${last.end / 16_000}`);
});

test('silence, hiss and a tone hold no speech', { skip }, async () => {
  for (const samples of [
    new Float32Array(16_000 * 10),
    noise(5, 16_000 * 10, 0.01),
    noise(6, 16_000 * 10, 0.3),
    tone(440, 16_000, 10),
  ]) {
    assert.deepEqual(await find(pieces(samples, 16_000)), []);
  }
});

test('pieces of any length give the same segments', { skip }, async () => {
  const samples = await spoken();
  const whole = await find(pieces(samples, samples.length));
  for (const length of [97, 512, 5000])
    assert.deepEqual(await find(pieces(samples, length)), whole, `pieces of ${length}`);
});

test('both graphs give the same probabilities', { skip }, async () => {
  const samples = await spoken();
  const stepwise = await VoiceModel.open(stepwisePath!);
  const curves: number[][] = [];
  for (const voice of [model, stepwise]) {
    const curve: number[] = [];
    const detector = voice.detector().onProbability((probability) => curve.push(probability));
    await detector.push(samples);
    await detector.end();
    curves.push(curve);
  }
  assert.equal(curves[0]!.length, Math.ceil(samples.length / 512));
  const worst = Math.max(...curves[0]!.map((value, i) => Math.abs(value - curves[1]![i]!)));
  assert.ok(worst < 1e-4, `largest difference ${worst}`);
  await stepwise.dispose();
});

test('an open segment is seen before it ends', { skip }, async () => {
  const samples = await spoken();
  const detector = model.detector();
  const events = await detector.push(samples.subarray(0, 16_000 * 2));
  assert.equal(events[0]?.kind, 'start');
  const span = detector.spans.at(-1)!;
  assert.ok(span.end <= 16_000 * 2 && span.end > 16_000 * 1.9);
});

test('every development clip holds speech, and most of each is found', { skip: noData }, async () => {
  const rows = readFileSync(manifestPath, 'utf8').trim().split('\n');
  let [clips, missed, found, total] = [0, [] as string[], 0, 0];
  for (const [i, row] of rows.entries()) {
    if (i % 4 !== 0) continue;
    const { file, duration_s } = JSON.parse(row) as { file: string; duration_s: number };
    const source = await openAudio(join(dataFolder, 'audio', file));
    const spans = await find(source.chunks());
    clips++;
    if (spans.length === 0) missed.push(file);
    for (const span of spans) found += (span.end - span.start) / 16_000;
    total += duration_s;
  }
  assert.deepEqual(missed, []);
  assert.ok(found / total > 0.6 && found <= total, `${found.toFixed(1)} s of ${total.toFixed(1)} s in ${clips} clips`);
});
