import { join } from 'node:path';
import { PROJECT_ROOT } from './project-files.ts';
import { pcm16Bytes, readSamples } from './samples.ts';
import { wavBytes } from './wav-bytes.ts';

/** The speech of fixtures/audio as a WAV file, PCM of 16 bits at 16 kHz: what a browser's fake microphone plays. */
export async function speechWav(): Promise<Buffer> {
  return wavBytes({ data: pcm16Bytes(await readSamples(join(PROJECT_ROOT, 'fixtures', 'audio', 'speech-en.ogg'))) });
}
