/** Where tests find the real Whisper weights: in the models cache, as `bytefuse models pull` puts them there. */
import { existsSync } from 'node:fs';
import type { WhisperSource } from '../../models/convert/whisper-import.ts';
import { isPinned } from '../../models/manifest/artefact.ts';
import { openModelRoom } from '../../models/manifest/model-room.ts';

/** Why a test is skipped that needs weights which are not there. */
export const NO_WEIGHTS = 'the weights of whisper-base are not in the cache; run: bytefuse models pull whisper-base';

/** Paths of the source files, or null where the cache has not all of them. */
export async function whisperBaseSource(): Promise<WhisperSource | null> {
  const room = openModelRoom();
  const artefact = await room.find('whisper-base');
  if (!isPinned(artefact)) return null;
  const path = (name: string): string => {
    const file = artefact.files.find((candidate) => candidate.path === name);
    return file === undefined ? '' : room.store.blobPath(file.sha256);
  };
  const source = { modelBin: path('model.bin'), config: path('config.json'), tokenizer: path('tokenizer.json') };
  return Object.values(source).every((file) => existsSync(file)) ? source : null;
}
