/** Where tests find the real language model: in the models cache, as `bytefuse models pull` puts it there. */
import { existsSync } from 'node:fs';
import { isPinned } from '../../models/manifest/artefact.ts';
import { openModelRoom } from '../../models/manifest/model-room.ts';

/** Why a test is skipped that needs weights which are not there. */
export const NO_LLM = 'gemma-3-270m is not in the cache (run: bytefuse models pull gemma-3-270m), nor in BYTEFUSE_GGUF';

/** Path of the GGUF file (BYTEFUSE_GGUF first), or null. */
export async function gemmaGguf(): Promise<string | null> {
  const named = process.env['BYTEFUSE_GGUF'];
  if (named !== undefined && existsSync(named)) return named;
  const room = openModelRoom();
  const artefact = await room.find('gemma-3-270m');
  const file = isPinned(artefact) ? artefact.files[0] : undefined;
  const path = file === undefined ? '' : room.store.blobPath(file.sha256);
  return existsSync(path) ? path : null;
}
