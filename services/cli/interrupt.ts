import { constants } from 'node:os';
import { AppError } from '../../models/core/app-error.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs `work` under a signal that Ctrl-C (or SIGTERM, SIGHUP) aborts, so that it can put its things away. The exit status
 * is then 128 plus the number of the signal, as shells expect. A second Ctrl-C ends the process at once.
 */
export async function interruptible(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  let received: (typeof SIGNALS)[number] | null = null;
  const listeners = SIGNALS.map((name) => {
    const listener = (): void => {
      if (received !== null) process.exit(128 + constants.signals[received]);
      received = name;
      controller.abort(new AppError('canceled', `Interrupted by ${name}.`));
    };
    process.on(name, listener);
    return { name, listener };
  });
  try {
    const status = await work(controller.signal);
    return received === null ? status : 128 + constants.signals[received];
  } finally {
    for (const { name, listener } of listeners) process.off(name, listener);
  }
}
