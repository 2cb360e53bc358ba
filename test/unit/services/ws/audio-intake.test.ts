import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openAudio } from '../../../../models/audio/audio-file.ts';
import { AppError } from '../../../../models/core/app-error.ts';
import type { LiveInput } from '../../../../models/core/live.ts';
import { joinedSamples } from '../../../../models/core/samples.ts';
import { type AudioShape, openIntake } from '../../../../services/ws/audio-intake.ts';
import { LiveQueue } from '../../../../services/ws/live-queue.ts';
import { PcmDecoder } from '../../../../services/ws/pcm-decoder.ts';
import { PROJECT_ROOT } from '../../../support/project-files.ts';
import { turns } from '../../../support/socket-pair.ts';
import { pcm16 } from '../../../support/toy-listener.ts';

const OPUS = join(PROJECT_ROOT, 'fixtures', 'audio', 'speech-en.ogg');

function setUp(shape: AudioShape, heard: (seconds: number) => void = () => undefined) {
  const full: boolean[] = [];
  const intake = openIntake(shape, { full: (isFull) => full.push(isFull), heard });
  return { intake, full };
}

async function all(input: AsyncIterable<LiveInput>): Promise<{ samples: Float32Array; marks: string[] }> {
  const parts: Float32Array[] = [];
  const marks: string[] = [];
  for await (const item of input) {
    if (typeof item === 'string') marks.push(`${item} at ${parts.reduce((sum, part) => sum + part.length, 0)}`);
    else parts.push(item);
  }
  return { samples: joinedSamples(parts), marks };
}

test('PCM of every shape becomes 16 kHz mono, and nothing depends on how bytes are cut', () => {
  const stereo = pcm16([0.1], 48_000, 2);
  const shape = { format: 'pcm16', rateHz: 48_000, channels: 2 } as const;
  const whole = new PcmDecoder(shape);
  const expected = [...whole.push(stereo), ...whole.end()];
  assert.equal(expected.length, 1600);
  for (const step of [1, 3, 7, 1001]) {
    const decoder = new PcmDecoder(shape);
    const samples: number[] = [];
    for (let at = 0; at < stereo.length; at += step) samples.push(...decoder.push(stereo.subarray(at, at + step)));
    samples.push(...decoder.end());
    assert.deepEqual(samples, expected, `pieces of ${step}`);
  }
  const floats = new PcmDecoder({ format: 'float32', rateHz: 16_000, channels: 1 });
  assert.deepEqual([...floats.push(new Uint8Array(Float32Array.of(0.25, -0.5).buffer))], [0.25, -0.5]);
});

test('a float that is no sample is refused, with its place', () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 1e9]) {
    const decoder = new PcmDecoder({ format: 'float32', rateHz: 16_000, channels: 1 });
    assert.throws(() => decoder.push(new Uint8Array(Float32Array.of(0, 0, bad).buffer)), {
      code: 'audio_corrupt',
      message: /Sample 2/,
    });
  }
});

test('what waits is bounded: full above 10 s, room again at 5 s', async () => {
  const { intake, full } = setUp({ format: 'pcm16', rateHz: 16_000, channels: 1 });
  const second = pcm16([1], 16_000);
  for (let i = 0; i < 10; i++) intake.bytes(second);
  assert.deepEqual(full, []);
  intake.bytes(second.subarray(0, 2));
  assert.deepEqual(full, [true]);
  const input = intake.queue[Symbol.asyncIterator]();
  for (let i = 0; i < 5; i++) await input.next();
  assert.deepEqual(full, [true]);
  await input.next();
  assert.deepEqual(full, [true, false]);
});

test('a pull that waits is let go when the stream is over', async () => {
  const queue = new LiveQueue();
  const input = queue[Symbol.asyncIterator]();
  const waiting = input.next();
  await input.return!();
  assert.deepEqual(await waiting, { value: undefined, done: true });
  const failed = new LiveQueue();
  const other = failed[Symbol.asyncIterator]().next();
  failed.fail(new AppError('canceled', 'gone'));
  await assert.rejects(other, { code: 'canceled' });
});

test('Opus in Ogg is decoded as it comes, as the file reader decodes it, however it is cut', async () => {
  const bytes = new Uint8Array(await readFile(OPUS));
  const expected = (await all((await openAudio(bytes)).chunks())).samples;
  for (const step of [997, 65_536]) {
    let heardS = 0;
    const { intake } = setUp({ format: 'ogg-opus' }, (seconds) => {
      heardS += seconds;
    });
    const heard = all(intake.queue);
    for (let at = 0; at < bytes.length; at += step) intake.bytes(bytes.slice(at, at + step));
    intake.finish();
    const { samples } = await heard;
    assert.equal(samples.length, expected.length);
    assert.deepEqual(samples, expected);
    assert.ok(Math.abs(heardS - samples.length / 16_000) < 1e-6);
  }
});

test('a mark comes after the audio before it, without waiting for more', async () => {
  const bytes = new Uint8Array(await readFile(OPUS));
  const { intake } = setUp({ format: 'ogg-opus' });
  const seen: string[] = [];
  let samples = 0;
  void (async () => {
    for await (const item of intake.queue) {
      if (typeof item === 'string') seen.push(item);
      else samples += item.length;
    }
  })();
  intake.bytes(bytes.slice(0, 20_000));
  intake.mark('commit');
  await turns(50);
  assert.deepEqual(seen, ['commit']);
  assert.ok(samples > 16_000, String(samples));
});

test('compressed audio that waits is bounded in bytes, and is decoded only as it is taken', async () => {
  const bytes = new Uint8Array(await readFile(OPUS));
  let heardS = 0;
  const { intake, full } = setUp({ format: 'ogg-opus' }, (seconds) => {
    heardS += seconds;
  });
  while (full.length === 0) intake.bytes(bytes);
  await turns(50);
  assert.deepEqual(full[0], true);
  assert.ok(heardS <= 6.5, String(heardS));
  assert.ok(intake.queue.waitingS <= 6.5);
  intake.abort(new AppError('canceled', 'gone'));
});

test('garbage in place of a container is an error, and no bytes at all are an empty stream', async () => {
  for (const format of ['ogg-opus', 'webm-opus'] as const) {
    const { intake } = setUp({ format });
    intake.bytes(new Uint8Array(5000).fill(7));
    intake.finish();
    await assert.rejects(all(intake.queue), (error: AppError) => /audio_(corrupt|unsupported)/.test(error.code));
    const empty = setUp({ format });
    empty.intake.finish();
    assert.equal((await all(empty.intake.queue)).samples.length, 0);
  }
});

test('a budget that is used up within compressed audio ends the stream by its own error', async () => {
  const bytes = new Uint8Array(await readFile(OPUS));
  let left = 1;
  const { intake } = setUp({ format: 'ogg-opus' }, (seconds) => {
    left -= seconds;
    if (left < 0) throw new AppError('rate_limited', 'used up');
  });
  intake.bytes(bytes);
  intake.finish();
  await assert.rejects(all(intake.queue), { code: 'rate_limited' });
});
