import { joinChannels } from '../transport/channel.ts';
import { type ListenAddress, listenWebSocket } from '../transport/web-socket-listener.ts';
import type { WorkerModule } from '../transport/worker-thread.ts';
import { startRecognizerThread } from './recognizer-thread.ts';

export interface ListenForCombinersOptions {
  readonly address: ListenAddress;
  readonly key?: string | undefined;
  readonly recognizer: WorkerModule;
  readonly signal: AbortSignal;
  readonly onState: (text: string) => void;
}

/**
 * Serves a recognizer to all combiners that dial in, until the signal fires, whose reason it then throws.
 * Throws: usage (address taken, or no key beyond the loopback), the AppError of a model that does not load, peer_lost
 * where the recognizer's thread crashes.
 */
export async function listenForCombiners(options: ListenForCombinersOptions): Promise<void> {
  const { signal, onState } = options;
  const worker = startRecognizerThread(options.recognizer);
  try {
    await worker.ready;
    const listener = await listenWebSocket(options.address, {
      key: options.key,
      onChannel: (channel) => {
        onState('A combiner has connected.');
        joinChannels(worker.connect('combiner'), channel, () => onState('A combiner went away.'));
      },
    });
    try {
      onState(`Listening at ${listener.url}`);
      await new Promise((_, reject) => {
        const abort = () => reject(signal.reason);
        if (signal.aborted) abort();
        signal.addEventListener('abort', abort, { once: true });
        void worker.exited.then(() => reject(worker.crash));
      });
    } finally {
      await listener.close();
    }
  } finally {
    await worker.close();
  }
}
