import { MessageChannel } from 'node:worker_threads';
import { type Channel, joinChannels } from '../transport/channel.ts';
import { type WorkerModule, WorkerThread } from '../transport/worker-thread.ts';
import { CombinerClient } from './combiner-client.ts';
import type { CombinerConfig, CombinerPeerRole } from './combiner-worker.ts';

export interface LocalWorkersOptions {
  /** Exports `createRecognizer` (recognizer-worker.ts); null where recognizers come from elsewhere (addRecognizer). */
  readonly recognizer: WorkerModule | null;
  /** Exports `createSearchFactory` (combiner-worker.ts). */
  readonly search: WorkerModule;
}

/** The threads of a command-line run: one holds the recognizer, one the combiner with the language model. */
export interface LocalWorkers {
  readonly client: CombinerClient;
  /** Resolves once the models that load at the start are loaded; rejects with the AppError of the one that failed. */
  readonly ready: Promise<void>;
  /** Hands the combiner a recognizer from elsewhere, such as one that dialed in. */
  addRecognizer(channel: Channel): void;
  /** Ends both threads; transcriptions that run get peer_lost. */
  close(): Promise<void>;
}

export function startLocalWorkers(options: LocalWorkersOptions): LocalWorkers {
  const config: CombinerConfig = { search: options.search.config, waitForMore: options.recognizer === null };
  const combiner = new WorkerThread(new URL('./combiner-worker.js', import.meta.url), {
    url: options.search.url,
    config,
  });
  const connect = (role: CombinerPeerRole) => combiner.connect(role);

  let recognizer: WorkerThread | undefined;
  if (options.recognizer !== null) {
    recognizer = startRecognizerWorker(options.recognizer);
    const { port1, port2 } = new MessageChannel();
    recognizer.attach('combiner', port1);
    const role: CombinerPeerRole = 'local-recognizer';
    // Before the application, so that a stream finds it.
    combiner.attach(role, port2);
  }
  // The combiner answers once its module is loaded, which has no time limit of its own.
  const client = new CombinerClient(connect('application'), { helloMsMax: LOAD_MS_MAX });
  const ready = Promise.all([combiner.ready, recognizer?.ready]).then(() => undefined);
  ready.catch(() => undefined);
  return {
    client,
    ready,
    addRecognizer: (channel) => joinChannels(channel, connect('recognizer')),
    async close() {
      client.close();
      await Promise.all([combiner.close(), recognizer?.close()]);
    },
  };
}

/** Loading a large model from a cold disk takes minutes at worst. */
const LOAD_MS_MAX = 600_000;

/** The thread of a recognizer alone; `connect('combiner')` gives a channel to it. */
export function startRecognizerWorker(module: WorkerModule): WorkerThread {
  return new WorkerThread(new URL('../recognizer/recognizer-worker.js', import.meta.url), module);
}

/** A recognizer worker's channel joined to a channel that leads to a combiner elsewhere. */
export function serveRecognizerOver(worker: WorkerThread, channel: Channel): Promise<void> {
  const local = worker.connect('combiner');
  return new Promise((resolve) => {
    joinChannels(local, channel, () => resolve());
  });
}

