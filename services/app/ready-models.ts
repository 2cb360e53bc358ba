/** The models that the program needs, ready to be loaded. */

import { LLM_CONVERTER } from '../../models/convert/llm-converter.ts';
import { WHISPER_CONVERTER } from '../../models/convert/whisper-converter.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { ModelKind } from '../../models/manifest/artefact.ts';
import type { Converters } from '../../models/manifest/converted-model.ts';
import { type ModelRoom, openModelRoom } from '../../models/manifest/model-room.ts';
import type { OnModelProgress } from '../../models/manifest/progress.ts';

/** Makes ready models out of the weights that people have. */
export const CONVERTERS: Converters = { whisper: WHISPER_CONVERTER, llm: LLM_CONVERTER };

/** What a transcription takes when the user names nothing. */
export const DEFAULT_MODEL = 'whisper-base';
export const DEFAULT_LLM = 'gemma-3-270m';
export const VAD_MODEL = 'silero-vad';
/** What reading a document takes when the user names nothing. */
export const DEFAULT_OCR = 'pp-ocrv6';

export interface ModelCalls {
  /** Where models are looked for, in order: some of file, pip, hub. By default BYTEFUSE_SOURCES, else all three. */
  readonly sources?: string;
  readonly signal?: AbortSignal;
  readonly onModelProgress?: OnModelProgress;
  /** Licence notice of a model, at its first download. */
  readonly onNotice?: (model: string, notice: string) => void;
}

export interface WantedModel {
  readonly name: string;
  readonly kind: ModelKind;
}

/**
 * Folders of the models, in the order given; what is missing is fetched and converted. All names are checked before
 * anything is fetched. Throws AppError: model_unknown, model_format (a model of another kind), and those of
 * ModelRoom.ensure.
 */
export async function readyModels(wanted: readonly WantedModel[], calls: ModelCalls): Promise<string[]> {
  const { sources, signal, onModelProgress, onNotice } = calls;
  const room = openModelRoom({ converters: CONVERTERS, order: sources, onProgress: onModelProgress, onNotice });
  for (const model of wanted) await requireKind(room, model);
  const folders: string[] = [];
  // One after the other: two downloads and conversions at once would only share the disk and the memory.
  for (const { name } of wanted) folders.push(await room.ensure(name, { signal }));
  return folders;
}

async function requireKind(room: ModelRoom, { name, kind }: WantedModel): Promise<void> {
  const found = await room.find(name);
  if (found.kind !== kind) {
    throw new AppError('model_format', `${name} is a model of kind ${found.kind}; here one of kind ${kind} is needed.`);
  }
}
