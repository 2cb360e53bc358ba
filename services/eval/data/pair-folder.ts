/**
 * A folder of recordings or images, each with a text file of the same name beside it: `a/x.wav` and `a/x.txt`, or
 * `x.png` and `x.gt.txt`. Folders are walked in the order of their names; links to folders are not followed.
 */
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { EvalTask } from '../results.ts';
import type { Draft, ReadContext } from './draft.ts';
import { FOLDER_DEPTH_MAX, FOLDER_ENTRIES_MAX } from './limits.ts';
import { fileError, malformed } from './malformed.ts';
import type { DataFile } from './text-lines.ts';

const AUDIO = ['.wav', '.flac', '.mp3', '.ogg', '.oga', '.opus', '.webm', '.m4a', '.aac', '.mp4'];
const IMAGES = ['.png', '.jpg', '.jpeg', '.tif', '.tiff', '.webp', '.bmp', '.gif', '.pdf'];

/** Is this the name of a file that the task recognizes? */
export function isMedia(name: string, task: EvalTask): boolean {
  return (task === 'ocr' ? IMAGES : AUDIO).includes(extname(name).toLowerCase());
}

/** The transcript of a recording or image among the names of its folder; `.gt.txt` goes before `.txt`. */
export function transcriptOf(name: string, names: ReadonlySet<string>): string | undefined {
  const stem = name.slice(0, -extname(name).length);
  return [`${stem}.gt.txt`, `${stem}.txt`].find((candidate) => names.has(candidate));
}

/** Ids are paths within the folder, so they cannot repeat. A recording without text is an error. */
export function readPairs(folder: DataFile, context: ReadContext): AsyncIterable<Draft> {
  return walk(folder.path, '', context, 0);
}

async function* walk(folder: string, prefix: string, context: ReadContext, depth: number): AsyncGenerator<Draft> {
  if (depth > FOLDER_DEPTH_MAX) throw malformed(prefix, `folders nested deeper than ${FOLDER_DEPTH_MAX}`);
  const { names, folders } = await listFolder(folder, prefix);
  const all = new Set(names);
  for (const name of names) {
    if (!isMedia(name, context.task)) continue;
    const path = prefix + name;
    const transcript = transcriptOf(name, all);
    if (transcript === undefined) {
      throw malformed(path, `no transcript beside it (${name.slice(0, -extname(name).length)}.txt)`);
    }
    yield { id: path, where: `${prefix}${transcript}:1`, number: 1, media: path, referenceFile: prefix + transcript };
  }
  for (const name of folders) yield* walk(join(folder, name), `${prefix}${name}/`, context, depth + 1);
}

/** Names in a folder, sorted by their UTF-16 units; hidden ones left out. */
export async function listFolder(folder: string, shown: string): Promise<{ names: string[]; folders: string[] }> {
  const [names, folders]: [string[], string[]] = [[], []];
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw fileError(shown || folder, cause);
  });
  if (entries.length > FOLDER_ENTRIES_MAX) {
    throw malformed(shown || folder, `${entries.length} entries; at most ${FOLDER_ENTRIES_MAX} are read`);
  }
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    (entry.isDirectory() ? folders : names).push(entry.name);
  }
  return { names: names.sort(), folders: folders.sort() };
}
