/** Real models for the suites that need weights: what the cache holds, never a download. */

import { isPinned } from '../../models/manifest/artefact.ts';
import { findConverted } from '../../models/manifest/converted-model.ts';
import { openModelRoom } from '../../models/manifest/model-room.ts';
import { CONVERTERS } from '../../services/app/ready-models.ts';

/** Folder of a ready model, or null; a test that gets null skips with `pullHint`. */
export async function cachedModel(name: string): Promise<string | null> {
  const room = openModelRoom({ converters: CONVERTERS });
  const entry = await room.find(name);
  return isPinned(entry) ? findConverted(room.store, room.plan(entry)) : null;
}

export const pullHint = 'the models are not in the cache; run: npm start -- models pull';
