import { AppError } from '../../models/core/app-error.ts';
import { type Channel, joinChannels } from '../transport/channel.ts';
import { dialWebSocket } from '../transport/web-socket-channel.ts';
import type { WorkerModule } from '../transport/worker-thread.ts';
import { startRecognizerThread } from './recognizer-thread.ts';

export interface DialOptions {
  /** ws://HOST:PORT, wss://… or ws+unix:PATH. */
  readonly url: string;
  readonly key?: string | undefined;
  readonly recognizer: WorkerModule;
  /** How long to try until a combiner answers for the first time. */
  readonly waitMs: number;
  /** Dial again when the combiner goes away, until the signal fires. */
  readonly redial: boolean;
  readonly signal: AbortSignal;
  /** For people: what is going on. */
  readonly onState: (text: string) => void;
}

/** A combiner may start a moment later than its recognizer: this long between two tries. */
const RETRY_MS = 500;

/**
 * Serves a recognizer to a combiner elsewhere. The model runs in a thread of its own, so that this one answers pings
 * however long a step takes. Resolves when the combiner goes away, or never, with `redial`, until the signal fires.
 * Throws: peer_lost (nobody answered in time), peer_unauthorized, the AppError of a model that does not load, the
 * signal's reason.
 */
export async function dialCombiner(options: DialOptions): Promise<void> {
  const { signal, onState, url } = options;
  const worker = startRecognizerThread(options.recognizer);
  try {
    await abortable(worker.ready, signal);
    onState('The recognizer is ready.');
    do {
      const channel = await dialUntilAnswered(options);
      onState(`Connected to ${url}.`);
      const ended = new Promise<AppError | undefined>((resolve) => {
        joinChannels(worker.connect('combiner'), channel, resolve);
      });
      const error = await abortable(ended, signal).finally(() => channel.close());
      if (worker.ended) throw worker.crash;
      onState(`The combiner went away: ${error?.message ?? 'closed.'}`);
    } while (options.redial);
  } finally {
    await worker.close();
  }
}

async function dialUntilAnswered({ url, key, waitMs, redial, signal }: DialOptions): Promise<Channel> {
  const giveUpAt = performance.now() + waitMs;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await abortable(dialWebSocket(url, { key }), signal);
    } catch (error) {
      const hopeless = !(error instanceof AppError) || !['peer_lost', 'overloaded'].includes(error.code);
      if (hopeless || signal.aborted || (!redial && performance.now() > giveUpAt)) throw error;
    }
    await abortable(new Promise((resolve) => setTimeout(resolve, RETRY_MS)), signal);
  }
}

/** `work`, or the signal's reason as soon as it fires. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
