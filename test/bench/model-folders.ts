import { mkdir, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../models/core/app-error.ts';
import { isPinned } from '../../models/manifest/artefact.ts';
import { cacheHome } from '../../models/manifest/cache-home.ts';
import { openModelRoom } from '../../models/manifest/model-room.ts';
import { CONVERTERS } from '../../services/app/ready-models.ts';
import type { BenchOptions } from './bench-options.ts';

export interface ModelFolders {
  readonly whisper: string;
  readonly llm: string;
}

/** The folders given, else those of the models room, which must hold the models already: a bench downloads nothing. */
export async function modelFolders(options: BenchOptions): Promise<ModelFolders> {
  if (options.whisper && options.llm) return { whisper: options.whisper, llm: options.llm };
  const room = openModelRoom({ converters: CONVERTERS });
  return {
    whisper: options.whisper ?? (await room.ensure('whisper-base')),
    llm: options.llm ?? (await room.ensure('gemma-3-270m')),
  };
}

/** A CTranslate2 folder for the peer: the one given, else links to the files that our graphs were converted from. */
export async function ct2Folder(options: BenchOptions): Promise<string> {
  if (options.ct2) return options.ct2;
  const room = openModelRoom();
  const artefact = await room.find('whisper-base');
  if (!isPinned(artefact)) throw new AppError('model_missing', 'whisper-base was not downloaded yet');
  const folder = join(cacheHome(), 'bench', 'whisper-base-ct2');
  await mkdir(folder, { recursive: true });
  for (const file of artefact.files) {
    if (!(await room.store.hasBlob(file)))
      throw new AppError('model_missing', `${file.path} of whisper-base is missing`);
    const link = join(folder, file.path);
    await unlink(link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await symlink(room.store.blobPath(file.sha256), link);
  }
  return folder;
}
