import { MessageChannel, type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import { AppError, type ErrorCode } from '../../models/core/app-error.ts';
import { refuseTelemetry } from '../../models/session/runtime-telemetry.ts';
import type { Channel } from './channel.ts';
import { MessagePortChannel } from './message-port-channel.ts';
import { refuseChannel } from './peer-link.ts';
import { RefusalQuestion, type ToldRefusal, tellRefusal } from './refusal-question.ts';

/** A module that a worker loads, and what it is to be given: has to survive structured cloning. */
export interface WorkerModule {
  /** file: URL of a compiled module. */
  readonly url: string;
  readonly config: unknown;
}

/**
 * Time that a worker has to end by itself before it is ended. Long, since ending a thread inside a native call (loading a
 * model, one inference) makes the call's return abort the whole process: only a worker that hangs is to meet it.
 */
const CLOSE_MS_MAX = 30_000;

type ToWorker =
  | { readonly kind: 'port'; readonly role: string; readonly port: MessagePort }
  | { readonly kind: 'ask-refusal' }
  | { readonly kind: 'close' };
type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'refusal'; readonly refusal: ToldRefusal };

/** A worker thread that serves channels, seen from the thread that started it. */
export class WorkerThread {
  /** Resolves once the worker has loaded its module; rejects with the AppError that stopped it. */
  readonly ready: Promise<void>;
  /** Resolves once the thread is gone, by `close` or by a crash. */
  readonly exited: Promise<void>;
  #worker: Worker;
  #refusal = new RefusalQuestion(() => this.#tell({ kind: 'ask-refusal' }));
  #ended = false;
  #crash: AppError | undefined;

  constructor(entry: URL, module: WorkerModule) {
    refuseTelemetry();
    this.#worker = new Worker(entry, { workerData: module });
    this.exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#ended = true;
        this.#refusal.answer(null);
        resolve();
      });
    });
    this.ready = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FromWorker) => {
        if (message.kind === 'ready') resolve();
        else if (message.kind === 'refusal') this.#refusal.answer(message.refusal);
        else reject(new AppError(message.code, message.message));
      });
      // A crash: its channels close by themselves, and streams end as peer_lost.
      this.#worker.on('error', (error) => {
        this.#crash = AppError.from(error, 'peer_lost');
        reject(this.#crash);
      });
      this.#worker.once('exit', () => reject(this.crash));
    });
    this.ready.catch(() => undefined);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Why the thread is gone, as far as is known: native code takes it down without a word. */
  get crash(): AppError {
    return this.#crash ?? new AppError('peer_lost', 'A worker thread ended without being told to.');
  }

  /** A new channel to the worker, for a peer of this `role`. */
  connect(role: string): Channel {
    const { port1, port2 } = new MessageChannel();
    this.attach(role, port2);
    return new MessagePortChannel(port1);
  }

  /** Gives the worker one end of a channel whose other end is elsewhere. */
  attach(role: string, port: MessagePort): void {
    this.#tell({ kind: 'port', role, port }, [port]);
  }

  /** Why one more live stream would be refused now; null where it would be taken, and where the thread is gone. */
  async liveRefusal(): Promise<AppError | null> {
    return this.#ended ? null : this.#refusal.ask();
  }

  /** Lets the worker free what it holds, and ends it where it takes too long. */
  async close(): Promise<void> {
    this.#tell({ kind: 'close' });
    const timer = setTimeout(() => void this.#worker.terminate(), CLOSE_MS_MAX);
    await this.exited;
    clearTimeout(timer);
  }

  #tell(message: ToWorker, transfer: readonly MessagePort[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}

/** What runs inside a worker thread. */
export interface WorkerService {
  serve(role: string, channel: Channel): void;
  /** Why one more live stream would be refused now; absent where none ever is before it begins. */
  liveRefusal?(): AppError | null;
  /** Channels are closed after it. */
  close(): Promise<void> | void;
}

/**
 * Main function of a worker thread: loads the module that the starting thread named, and serves the channels that it is
 * sent, also those that come while the module still loads.
 */
export async function serveWorker<M>(start: (module: M, config: unknown) => Promise<WorkerService>): Promise<void> {
  const parent = parentPort;
  if (parent === null) throw new Error('this file is the entry of a worker thread');
  // The starting thread sends this very shape.
  const { url, config } = workerData as WorkerModule;
  const channels = new Set<Channel>();
  const loading = (async () => start((await import(url)) as M, config))();

  const serve = async (role: string, port: MessagePort) => {
    const channel = new MessagePortChannel(port);
    channels.add(channel);
    try {
      (await loading).serve(role, channel);
    } catch (error) {
      refuseChannel(channel, AppError.from(error));
    }
  };
  const close = async () => {
    try {
      await (await loading).close();
    } finally {
      for (const channel of channels) channel.close();
      parent.close();
    }
  };
  const answer = (message: FromWorker) => parent.postMessage(message);
  const answerRefusal = async () => {
    // What does not load takes no streams that could be refused.
    const service = await loading.catch(() => undefined);
    answer({ kind: 'refusal', refusal: tellRefusal(service?.liveRefusal?.() ?? null) });
  };
  parent.on('message', (message: ToWorker) => {
    if (message.kind === 'port') void serve(message.role, message.port);
    else if (message.kind === 'ask-refusal') void answerRefusal();
    else void close().catch(() => undefined);
  });

  try {
    await loading;
    answer({ kind: 'ready' });
  } catch (error) {
    const { code, message } = AppError.from(error);
    answer({ kind: 'failed', code, message });
  }
}
