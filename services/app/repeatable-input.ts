/** Inputs of a transcription that can be had a second time: what a crashed model process did not take with it. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type AudioOptions, openAudio } from '../../models/audio/audio-file.ts';
import type { TranscribeInput } from './bytefuse.ts';
import type { RepeatableAudio } from './engine.ts';

/** Undefined where the input is used up by one reading: a stream. */
export function repeatableAudio(input: TranscribeInput, options: AudioOptions): RepeatableAudio | undefined {
  if (typeof input === 'string') {
    return { again: () => chunksOfFile(input, options), identity: () => digest(createReadStream(input)) };
  }
  if (input instanceof Uint8Array) {
    return { again: () => chunksOfFile(input, options), identity: () => digest([input]) };
  }
  if ('samples' in input && input.samples instanceof Float32Array) {
    const { samples } = input;
    const { buffer, byteOffset, byteLength } = samples;
    return { again: () => once(samples), identity: () => digest([new Uint8Array(buffer, byteOffset, byteLength)]) };
  }
  return undefined;
}

async function* chunksOfFile(input: string | Uint8Array, options: AudioOptions): AsyncGenerator<Float32Array> {
  const source = await openAudio(input, options);
  try {
    yield* source.chunks();
  } finally {
    await source.close();
  }
}

async function* once(samples: Float32Array): AsyncGenerator<Float32Array> {
  yield samples;
}

/** By content: the same recording comes under another name when a client sends it again. */
async function digest(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}
