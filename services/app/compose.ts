/**
 * The composition root: which parts there are, from the most general to the most specific. No container, no globals;
 * `close()` of what it returns undoes it in reverse.
 */

import { join } from 'node:path';
import { LLM_CONVERTER } from '../../models/convert/llm-converter.ts';
import { WHISPER_CONVERTER } from '../../models/convert/whisper-converter.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { ModelKind } from '../../models/manifest/artefact.ts';
import type { Converters } from '../../models/manifest/converted-model.ts';
import { type ModelRoom, openModelRoom } from '../../models/manifest/model-room.ts';
import type { OnModelProgress } from '../../models/manifest/progress.ts';
import type { Device } from '../../models/session/onnx-session.ts';
import { threadBudget } from '../../models/session/thread-budget.ts';
import { startLocalWorkers } from '../combiner/local-workers.ts';
import type { SpeechEngine } from './speech-engine.ts';

export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const satisfies readonly Device[];

/** Makes ready models out of the weights that people have. */
export const CONVERTERS: Converters = { whisper: WHISPER_CONVERTER, llm: LLM_CONVERTER };

export interface BytefuseOptions {
  /** Whisper model by name (`bytefuse models list`). */
  readonly model?: string;
  /** Language model by name; null for the recognizer alone. */
  readonly llm?: string | null;
  readonly device?: Device;
  /** Threads that all models share; by default what the machine or its container grants. */
  readonly threads?: number;
  /** Where models are looked for, in order: some of file, pip, hub. By default BYTEFUSE_SOURCES, else all three. */
  readonly sources?: string;
  readonly signal?: AbortSignal;
  readonly onModelProgress?: OnModelProgress;
  /** Licence notice of a model, at its first download. */
  readonly onNotice?: (model: string, notice: string) => void;
}

/** What a transcription needs when the user names nothing. */
const DEFAULT_MODEL = 'whisper-base';
const DEFAULT_LLM = 'gemma-3-270m';
const VAD_MODEL = 'silero-vad';
const VAD_FILE = 'silero_vad_16k_op15.onnx';

/** Folders of ready models. */
interface ModelFolders {
  readonly recognizer: string;
  readonly llm: string | null;
  readonly vad: string;
}

/** Throws AppError: the codes of the models room, device_unavailable, model_corrupt, canceled. */
export async function composeSpeechEngine(options: BytefuseOptions): Promise<SpeechEngine> {
  const { model = DEFAULT_MODEL, llm = DEFAULT_LLM, device = 'cpu', threads = threadBudget(), signal } = options;
  const room = modelRoom(options);
  const folders = await ensureModels(room, { model, llm, signal });
  const workers = startLocalWorkers({
    recognizer: {
      url: new URL('../recognizer/whisper-module.js', import.meta.url).href,
      config: { modelDir: folders.recognizer, vadFile: join(folders.vad, VAD_FILE), device, threads },
    },
    search: {
      url: new URL('../combiner/fusion-module.js', import.meta.url).href,
      config: { ...(folders.llm === null ? {} : { llmDir: folders.llm }), device, threads },
    },
  });
  try {
    await unlessAborted(workers.ready, signal);
  } catch (error) {
    await workers.close();
    throw error;
  }
  return {
    facts: { recognizer: model, llm, device, threads },
    transcribe: (audio, request, call) => workers.client.transcribe(audio, request, call),
    close: () => workers.close(),
  };
}

/** Loading cannot be stopped half way; the workers are ended instead. */
function unlessAborted(ready: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return ready;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new AppError('canceled', 'Loading the models was canceled.'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    ready.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function modelRoom({ sources, onModelProgress, onNotice }: BytefuseOptions): ModelRoom {
  return openModelRoom({
    converters: CONVERTERS,
    order: sources,
    ...(onModelProgress ? { onProgress: onModelProgress } : {}),
    ...(onNotice ? { onNotice } : {}),
  });
}

async function ensureModels(
  room: ModelRoom,
  { model, llm, signal }: { model: string; llm: string | null; signal: AbortSignal | undefined },
): Promise<ModelFolders> {
  await requireKind(room, model, 'whisper');
  if (llm !== null) await requireKind(room, llm, 'llm');
  const call = signal ? { signal } : {};
  // One after the other: two downloads and conversions at once would only share the disk and the memory.
  const recognizer = await room.ensure(model, call);
  const vad = await room.ensure(VAD_MODEL, call);
  return { recognizer, vad, llm: llm === null ? null : await room.ensure(llm, call) };
}

/** Throws model_unknown where there is no such model, model_format where it is one of another kind. */
async function requireKind(room: ModelRoom, name: string, kind: ModelKind): Promise<void> {
  const found = await room.find(name);
  if (found.kind !== kind) {
    throw new AppError('model_format', `${name} is a model of kind ${found.kind}; here one of kind ${kind} is needed.`);
  }
}
