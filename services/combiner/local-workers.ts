import { MessageChannel } from 'node:worker_threads';
import type { AppError } from '../../models/core/app-error.ts';
import { startRecognizerThread } from '../recognizer/recognizer-thread.ts';
import { type Channel, joinChannels } from '../transport/channel.ts';
import { type WorkerModule, WorkerThread } from '../transport/worker-thread.ts';
import { CombinerClient } from './combiner-client.ts';
import type { CombinerConfig, CombinerPeerRole } from './combiner-worker.ts';
import { type FuseOpeners, joinFuser } from './fuse-stream.ts';

export interface LocalWorkersOptions {
  /**
   * A module that exports `createRecognizer` (recognizer-worker.ts) and runs in a thread here, a channel to a recognizer
   * that was dialed, or null where recognizers dial in (`addRecognizer`): streams then wait for one.
   */
  readonly recognizer: WorkerModule | Channel | null;
  /** A second recognizer in a thread here: for pages beside speech, or the other way round. */
  readonly second?: WorkerModule | undefined;
  /** Exports `createSearchFactory` (combiner-worker.ts). */
  readonly search: WorkerModule;
}

/** The threads of a command-line run: one per recognizer, one for the combiner with the language model. */
export interface LocalWorkers {
  readonly client: CombinerClient;
  /** Resolves once the models that load at the start are loaded; rejects with the AppError of the one that failed. */
  readonly ready: Promise<void>;
  /** Hands the combiner a recognizer from elsewhere, such as one that dialed in. */
  addRecognizer(channel: Channel): void;
  /** A recognizer that brings its own input and wants its text back (fuse-stream.ts). */
  addFuser(channel: Channel, openers: FuseOpeners): void;
  /** Why a recognizer here would refuse one more live stream now; null where none would. */
  liveRefusal(): Promise<AppError | null>;
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

  const threads: WorkerThread[] = [];
  const startHere = (module: WorkerModule) => {
    const recognizer = startRecognizerThread(module);
    threads.push(recognizer);
    const { port1, port2 } = new MessageChannel();
    recognizer.attach('combiner', port1);
    const role: CombinerPeerRole = 'local-recognizer';
    combiner.attach(role, port2);
  };
  const source = options.recognizer;
  // Attached before the application, so that a stream finds it.
  if (source !== null && 'send' in source) joinChannels(source, connect('recognizer'));
  else if (source !== null) startHere(source);
  if (options.second !== undefined) startHere(options.second);
  // The combiner answers once its module is loaded, which has no time limit of its own.
  const client = new CombinerClient(connect('application'), { helloMsMax: LOAD_MS_MAX });
  const ready = Promise.all([combiner.ready, ...threads.map((thread) => thread.ready)]).then(() => undefined);
  ready.catch(() => undefined);
  return {
    client,
    ready,
    addRecognizer: (channel) => joinChannels(channel, connect('recognizer')),
    addFuser: (channel, openers) => joinFuser(channel, connect('application'), openers),
    liveRefusal: async () => {
      const refusals = await Promise.all(threads.map((thread) => thread.liveRefusal()));
      return refusals.find((refusal) => refusal !== null) ?? null;
    },
    async close() {
      client.close();
      await Promise.all([combiner.close(), ...threads.map((thread) => thread.close())]);
    },
  };
}

/** Loading a large model from a cold disk takes minutes at worst. */
const LOAD_MS_MAX = 600_000;
