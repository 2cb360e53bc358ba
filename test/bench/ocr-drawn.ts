/** Pages for the bench that are drawn for it: our own sentences, spoilt on purpose, or the lines of text files, clean. */
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { DEGRADATIONS, degradedLine, SEVERITIES } from '../../fixtures/pages/degrade.ts';
import { type DrawnLine, drawLine, ownSentences } from '../../fixtures/pages/draw-lines.ts';
import { AppError } from '../../models/core/app-error.ts';
import { SeededRandom } from '../../services/eval/random.ts';
import type { BenchOptions } from './bench-options.ts';
import type { BenchPage } from './ocr-pages.ts';

/** Longer sentences would not be one line of a page. */
const LINE_CHARS_MAX = 90;
const LINES_DEFAULT = 1000;

/** Every sentence clean, and by each kind of harm at each severity; the set's name says which. */
export async function degradedPages({ seed, languages, limit }: BenchOptions, folder: string): Promise<BenchPage[]> {
  const random = new SeededRandom(seed);
  const pages: BenchPage[] = [];
  for (const [language, sentences] of Object.entries(ownSentences())) {
    if (languages !== undefined && !languages.includes(language)) continue;
    for (const sentence of sentences.slice(0, limit)) {
      const line = await drawLine(sentence, language, random);
      const add = async (set: string, severity: number, file: Buffer) =>
        pages.push(await benchPage(line, { set, severity, file, folder, number: pages.length }));
      await add('clean', 0, await png(line));
      for (const kind of DEGRADATIONS) {
        for (const severity of SEVERITIES) {
          await add(`${kind}, ${severity}`, severity, await degradedLine(line.raster, kind, severity, random));
        }
      }
    }
  }
  return pages;
}

/**
 * `--draw tr:FILE,zh:FILE`: lines of text files, chosen by the seed, drawn clean. The file's language stands before it.
 * Throws AppError usage, file_not_found.
 */
export async function cleanPages({ seed, limit, flags }: BenchOptions, folder: string): Promise<BenchPage[]> {
  const random = new SeededRandom(seed);
  const pages: BenchPage[] = [];
  const parts = flags.get('draw')!.split(',');
  for (const part of parts) {
    const [, language, path] = /^([a-z]{2}):(.+)$/.exec(part) ?? [];
    if (!language || !path) throw new AppError('usage', `--draw has "${part}"; it takes LANGUAGE:FILE, with commas`);
    const text = await readFile(path, 'utf8').catch((cause: unknown) => {
      throw new AppError('file_not_found', `${path} cannot be read`, { cause });
    });
    const lines = text.split('\n').filter((line) => line.trim() !== '' && line.length <= LINE_CHARS_MAX);
    for (const sentence of random.shuffle(lines).slice(0, limit ?? LINES_DEFAULT)) {
      const line = await drawLine(sentence.trim(), language, random);
      const place = { set: basename(path), severity: 0, folder, number: pages.length };
      pages.push(await benchPage(line, { ...place, file: await png(line) }));
    }
  }
  return pages;
}

interface Place {
  readonly set: string;
  readonly severity: number;
  readonly file: Buffer;
  readonly folder: string;
  readonly number: number;
}

async function benchPage(line: DrawnLine, { set, severity, file, folder, number }: Place): Promise<BenchPage> {
  const path = join(folder, `line-${number}.${file[0] === 0xff ? 'jpg' : 'png'}`);
  await writeFile(path, file);
  const id = `${line.language} ${set} ${number}`;
  const item = { id, where: id, language: line.language, set, group: line.text, references: [line.text] };
  return { item, path, kind: 'line', degradation: severity };
}

function png({ raster: { rgb, width, height } }: DrawnLine): Promise<Buffer> {
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
