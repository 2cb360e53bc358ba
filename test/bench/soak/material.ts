/** What is sent: speech as streams and as files, pages, documents. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../../models/core/app-error.ts';
import { SAMPLE_RATE_HZ } from '../../../models/core/limits.ts';
import type { SeededRandom } from '../../../services/eval/random.ts';
import { pdfBytes, textContent } from '../../support/pdf-bytes.ts';
import { PROJECT_ROOT } from '../../support/project-files.ts';
import { pcm16Bytes, readSamples } from '../../support/samples.ts';
import { wavBytes } from '../../support/wav-bytes.ts';
import type { BenchOptions } from '../bench-options.ts';
import { note } from '../bench-report.ts';
import { readClips } from '../clips.ts';

export interface Speech {
  /** 16-bit little endian, 16 kHz, mono. */
  readonly pcm: Buffer;
  readonly language: string;
}

/** A file to upload, with its name. */
export interface Upload {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Material {
  readonly clips: readonly Speech[];
  readonly images: readonly Upload[];
  readonly pdf: Upload;
}

/** Clips of a data set that are used, per language: more of them only take memory. */
const CLIPS_PER_LANGUAGE = 12;
/** Longer clips are left out: an action should be over soon. */
const CLIP_S_MAX = 12;
/** What is spoken in one stream, about. */
const TALK_S = 8;
/** Silence between two clips of a talk: it ends an utterance. */
const GAP_S = 0.8;
const SAMPLE_BYTES = 2;

/** Clips of `--data` where they are, else the sentence of our fixtures. */
export async function loadMaterial(options: BenchOptions): Promise<Material> {
  const page = (name: string): Upload => ({
    name,
    bytes: readFileSync(join(PROJECT_ROOT, 'fixtures', 'pages', name)),
  });
  const lines = ['The harbour office opens at eight.', 'Bring two copies of the form.', 'The ferry leaves at 7:45.'];
  return {
    clips: await clipsOf(options),
    images: ['line-en.png', 'line-tr.png', 'line-zh.png', 'page.png', 'page-leaning.png'].map(page),
    pdf: { name: 'form.pdf', bytes: pdfBytes([{ content: textContent(lines) }, { content: textContent(lines) }]) },
  };
}

async function clipsOf(options: BenchOptions): Promise<Speech[]> {
  try {
    const limit = options.limit ?? CLIPS_PER_LANGUAGE;
    const clips = (await readClips({ ...options, limit })).filter(({ durationS = 0 }) => durationS <= CLIP_S_MAX);
    if (clips.length > 0) {
      return await Promise.all(clips.map(async ({ path, language }) => ({ pcm: await pcmOf(path), language })));
    }
  } catch (error) {
    note(`No recordings in ${options.data} (${AppError.from(error).code}): the sentence of the fixtures is used.`);
  }
  return [{ pcm: await pcmOf(join(PROJECT_ROOT, 'fixtures', 'audio', 'speech-en.ogg')), language: 'en' }];
}

async function pcmOf(path: string): Promise<Buffer> {
  return pcm16Bytes(await readSamples(path));
}

/** Some clips of one language with silence between and behind them, about 8 s and at most 20. */
export function talk({ clips }: Material, random: SeededRandom): Speech {
  const { language } = clips[random.below(clips.length)]!;
  const own = clips.filter((clip) => clip.language === language);
  const gap = Buffer.alloc(GAP_S * SAMPLE_RATE_HZ * SAMPLE_BYTES);
  const pieces: Buffer[] = [];
  for (let bytes = 0; bytes < TALK_S * SAMPLE_RATE_HZ * SAMPLE_BYTES; ) {
    const { pcm } = own[random.below(own.length)]!;
    pieces.push(pcm, gap);
    bytes += pcm.length + gap.length;
  }
  return { pcm: Buffer.concat(pieces), language };
}

/** One clip as a WAV file. */
export function recording({ clips }: Material, random: SeededRandom): Upload & { readonly language: string } {
  const { pcm, language } = clips[random.below(clips.length)]!;
  return { name: 'clip.wav', bytes: wavBytes({ data: pcm }), language };
}
