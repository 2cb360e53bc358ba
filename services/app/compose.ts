/**
 * The composition root: which parts there are, from the most general to the most specific. No container, no globals;
 * `close()` of what it returns undoes it in reverse.
 */

import { join } from 'node:path';
import { AppError } from '../../models/core/app-error.ts';
import { type Device, executionProviders } from '../../models/session/onnx-session.ts';
import { threadBudget } from '../../models/session/thread-budget.ts';
import type { FusionConfig } from '../combiner/fusion-module.ts';
import { type LocalWorkers, startLocalWorkers } from '../combiner/local-workers.ts';
import type { PageConfig } from '../recognizer/page-module.ts';
import type { WhisperConfig } from '../recognizer/whisper-module.ts';
import type { FleetOptions } from '../supervisor/process-fleet.ts';
import { type SupervisedEngine, startSupervisedEngine } from '../supervisor/supervised-engine.ts';
import type { SupervisorEvent } from '../supervisor/supervisor.ts';
import type { Channel } from '../transport/channel.ts';
import { dialWebSocket } from '../transport/web-socket-channel.ts';
import { listenWebSocket, parseListenAddress, type WebSocketListener } from '../transport/web-socket-listener.ts';
import type { WorkerModule } from '../transport/worker-thread.ts';
import type { Engine, EngineFacts } from './engine.ts';
import { DEFAULT_LLM, DEFAULT_MODEL, DEFAULT_OCR, type ModelCalls, readyModels, VAD_MODEL } from './ready-models.ts';

export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const satisfies readonly Device[];

const VAD_FILE = 'silero_vad_16k_sequence.onnx';

export interface RecognizerOptions extends ModelCalls {
  /** Whisper model by name (`bytefuse models list`). */
  readonly model?: string;
  readonly device?: Device;
  /** Threads that all models share; by default what the machine or its container grants. */
  readonly threads?: number;
  /**
   * Share of the recognizer's time that live streams may be expected to take, from what they cost of late; newcomers beyond it
   * are refused as `overloaded`. More suits speakers who pause much.
   */
  readonly liveLoadMax?: number;
}

export type Modality = 'speech' | 'page';

/** A recognizer in another process or on another machine (`bytefuse recognizer`). */
export type RemoteRecognizer = { readonly key?: string } & (
  | { readonly dial: string }
  /** Waits for a recognizer that dials in; `onListening` tells at which address. */
  | { readonly listen: string; readonly onListening?: (url: string) => void }
);

export interface BytefuseOptions extends RecognizerOptions {
  /** What will be recognized; models for nothing else are fetched and loaded. Default: speech alone. */
  readonly modalities?: readonly Modality[];
  /** Page recognizer by name. */
  readonly ocrModel?: string;
  /** Language model by name; null for the recognizer alone. */
  readonly llm?: string | null;
  /** Where the recognizer runs, if not here. */
  readonly remote?: RemoteRecognizer;
  /**
   * Recognizers and language model run in processes of their own, which are started again when they crash: for a service.
   * By default they run in threads. Not on Windows, and not together with `remote`.
   */
  readonly processes?: boolean;
  /** Hears of processes that start, end, and say something; nothing of what users send. Only with `processes`. */
  readonly onProcessEvent?: (event: SupervisorEvent) => void;
}

/** What a service adds: how processes are kept, and who hears of it. */
export type ProcessOptions = Pick<FleetOptions, 'policy' | 'policies' | 'onEvent'>;

/** Throws AppError: the codes of the models room, device_unavailable, model_corrupt, peer_lost, canceled. */
export async function composeEngine(options: BytefuseOptions): Promise<Engine> {
  if (options.processes) return composeSupervisedEngine(options, { onEvent: options.onProcessEvent });
  const { remote, signal } = options;
  const { modalities = ['speech'] } = options;
  const hears = modalities.includes('speech');
  const sees = modalities.includes('page');
  const speech = hears || remote !== undefined ? await recognizerOf(options) : undefined;
  const pages = sees && remote === undefined ? await composePageRecognizer(options) : undefined;
  const [first, second] = speech === undefined ? [pages ?? null, undefined] : [speech, pages];
  const workers = startLocalWorkers({ recognizer: first, second, search: await composeSearch(options) });
  let listener: WebSocketListener | undefined;
  try {
    listener = await listenFor(remote, workers);
    await unlessAborted(workers.ready, signal);
  } catch (error) {
    await listener?.close();
    await workers.close();
    throw error;
  }
  return {
    facts: factsOf(options),
    transcribe: (audio, request, call) => workers.client.transcribe(audio, request, call),
    listen: (audio, request, call) => workers.client.listen(audio, request, call),
    ...(remote === undefined && { liveRefusal: () => workers.liveRefusal() }),
    fuse: (recognizer, openers) => workers.addFuser(recognizer, openers),
    read: (images, request, call) => workers.client.read(images, request, call),
    close: async () => {
      await listener?.close();
      await workers.close();
    },
  };
}

/**
 * The engine of a service: each model in a supervised process, and beside the combiner a second one without a language
 * model, for the time that the first is away. Throws as composeEngine, and usage where there are no Unix sockets.
 */
export async function composeSupervisedEngine(
  options: BytefuseOptions,
  processes: ProcessOptions = {},
): Promise<SupervisedEngine> {
  const { modalities = ['speech'], remote, llm, signal } = options;
  if (remote !== undefined) {
    throw new AppError('invalid_option', 'A recognizer elsewhere cannot be supervised; leave out processes or remote.');
  }
  const speech = modalities.includes('speech') ? await composeRecognizer(options) : undefined;
  const page = modalities.includes('page') ? await composePageRecognizer(options) : undefined;
  return startSupervisedEngine({
    ...processes,
    facts: factsOf(options),
    recognizers: { speech, page },
    search: await composeSearch(options, { preload: true }),
    standby: llm === null ? undefined : await composeSearch({ ...options, llm: null }),
    signal,
  });
}

/** The search as a combiner loads it, its language model made ready first. */
async function composeSearch(options: BytefuseOptions, { preload = false } = {}): Promise<WorkerModule> {
  const { llm = DEFAULT_LLM, device = 'cpu', threads = threadBudget() } = options;
  const llmDir = llm === null ? null : (await readyModels([{ name: llm, kind: 'llm' }], options))[0]!;
  return {
    url: new URL('../combiner/fusion-module.js', import.meta.url).href,
    config: { llmDir, device, threads, preload } satisfies FusionConfig,
  };
}

function factsOf(options: BytefuseOptions): EngineFacts {
  const { modalities = ['speech'], remote, llm = DEFAULT_LLM, device = 'cpu', threads = threadBudget() } = options;
  const speech = modalities.includes('speech') ? (options.model ?? DEFAULT_MODEL) : null;
  const pages = modalities.includes('page') ? (options.ocrModel ?? DEFAULT_OCR) : null;
  const here = remote === undefined ? { recognizer: speech, pages, llm } : { recognizer: null, pages: null, llm };
  const run = Object.entries(here).filter(([, name]) => name !== null);
  return {
    ...here,
    recognizer: remote === undefined ? speech : 'remote',
    device,
    providers: Object.fromEntries(run.map(([what]) => [what, executionProviders(device)])),
    threads,
  };
}

/** The recognizer as a worker loads it: its models are made ready first. Throws as composeEngine. */
export async function composeRecognizer(options: RecognizerOptions): Promise<WorkerModule> {
  const { model = DEFAULT_MODEL, device = 'cpu', threads = threadBudget(), liveLoadMax } = options;
  const wanted = [{ name: model, kind: 'whisper' } as const, { name: VAD_MODEL, kind: 'vad' } as const];
  const [modelDir, vadDir] = await readyModels(wanted, options);
  return {
    url: new URL('../recognizer/whisper-module.js', import.meta.url).href,
    config: {
      modelDir: modelDir!,
      vadFile: join(vadDir!, VAD_FILE),
      device,
      threads,
      ...(liveLoadMax !== undefined && { liveLoadMax }),
    } satisfies WhisperConfig,
  };
}

/** The same for pages. */
export async function composePageRecognizer(options: BytefuseOptions): Promise<WorkerModule> {
  const { ocrModel = DEFAULT_OCR, device = 'cpu', threads = threadBudget() } = options;
  const [modelDir] = await readyModels([{ name: ocrModel, kind: 'ocr' }], options);
  return {
    url: new URL('../recognizer/page-module.js', import.meta.url).href,
    config: { modelDir: modelDir!, device, threads } satisfies PageConfig,
  };
}

function recognizerOf(options: BytefuseOptions): Promise<WorkerModule | Channel | null> {
  const { remote } = options;
  if (remote === undefined) return composeRecognizer(options);
  return 'dial' in remote ? dialWebSocket(remote.dial, { key: remote.key }) : Promise.resolve(null);
}

async function listenFor(
  remote: RemoteRecognizer | undefined,
  workers: LocalWorkers,
): Promise<WebSocketListener | undefined> {
  if (remote === undefined || 'dial' in remote) return undefined;
  const listener = await listenWebSocket(parseListenAddress(remote.listen), {
    key: remote.key,
    onChannel: (channel) => workers.addRecognizer(channel),
  });
  remote.onListening?.(listener.url);
  return listener;
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
