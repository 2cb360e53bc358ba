import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { audioFixture } from '../../../../fixtures/audio/fixture-file.ts';
import { joinBytes, pcm16, seededRandom, tone, wavFile } from '../../../../fixtures/audio/synthetic.ts';
import { openAudio } from '../../../../models/audio/audio-file.ts';
import { AppError } from '../../../../models/core/app-error.ts';

/** Few in the quick run; BYTEFUSE_PROPERTY_RUNS asks for more. */
const ROUNDS = Number(process.env['BYTEFUSE_PROPERTY_RUNS'] ?? 8);
const CASES: ReadonlyArray<readonly [string, Uint8Array]> = [
  ['wav', wavFile({ data: pcm16([tone(300, 16_000, 0.5)]) })],
  ...[
    'sample-ima.wav',
    'sample.flac',
    'sample.mp3',
    'sample-22k-mono.mp3',
    'sample-opus.ogg',
    'sample-vorbis.ogg',
    'sample-flac.ogg',
    'sample.webm',
    'sample-live.webm',
    'sample.m4a',
  ].map((name) => [name, new Uint8Array(readFileSync(audioFixture(name)))] as const),
];

/** Three ways to damage a file, each from the seed. */
const DAMAGES: ReadonlyArray<readonly [string, (bytes: Uint8Array, random: () => number) => Uint8Array]> = [
  [
    'random bytes after its header',
    (bytes, random) => {
      const kept = bytes.slice(0, Math.floor(random() * Math.min(bytes.length, 600)));
      return joinBytes([kept, Uint8Array.from({ length: 4000 }, () => Math.floor(random() * 256))]);
    },
  ],
  [
    'flipped bytes',
    (bytes, random) => {
      const copy = bytes.slice();
      const span = random() < 0.5 ? Math.min(copy.length, 300) : copy.length;
      for (let k = 0; k < 12; k++) copy[Math.floor(random() * span)] = Math.floor(random() * 256);
      return copy;
    },
  ],
  ['a cut', (bytes, random) => bytes.slice(0, 1 + Math.floor(random() * bytes.length))],
];

for (const [name, bytes] of CASES) {
  for (const [how, damage] of DAMAGES) {
    test(`${name} with ${how} gives samples or an error with a code, and ends`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const seed = 1000 + round;
        await readDamaged(damage(bytes, seededRandom(seed)), `${name}, ${how}, seed ${seed}`);
      }
    });
  }
}

async function readDamaged(bytes: Uint8Array, label: string): Promise<void> {
  try {
    const source = await openAudio(bytes, { allowTruncated: true, secondsMax: 60, ffmpegPath: 'no-such-ffmpeg' });
    for await (const chunk of source.chunks()) {
      for (const sample of chunk) if (!Number.isFinite(sample)) assert.fail(`${label}: a sample is ${sample}`);
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    assert.match(error.code, /^(audio_|ffmpeg_missing|file_empty)/, `${label}: ${error.code} ${error.message}`);
    assert.notEqual(error.code, 'internal', label);
  }
}
