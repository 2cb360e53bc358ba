/** A process that serves as `bytefuse serve` does, over the toy: tests send it signals. Prints its address. */
import { interruptible } from '../../services/cli/interrupt.ts';
import { defaultServiceConfig } from '../../services/server/config.ts';
import { serve } from '../../services/server/listen.ts';
import { ToyListener } from './toy-listener.ts';
import type { ToyProcessOptions } from './toy-server.ts';
import { toyBytefuse } from './toy-service.ts';

const options: ToyProcessOptions = JSON.parse(process.argv[2] ?? '{}');
const { drainMs = 1000, exitMs = defaultServiceConfig.limits.exitMsMax, unitMs = 0, hangs = false, tls } = options;
const { bytefuse } = toyBytefuse({
  beforeUnit: (_, signal) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, unitMs);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
      process.stdout.write('working\n');
    }),
});
const listener = new ToyListener();

process.exitCode = await interruptible(async (signal) => {
  await serve({
    config: {
      ...defaultServiceConfig,
      limits: { ...defaultServiceConfig.limits, drainMsMax: drainMs, exitMsMax: exitMs },
    },
    port: 0,
    requireKeys: false,
    tls,
    models: {},
    logger: false,
    signal,
    open: async ({ onProcessEvent }) => {
      // The toy's one model process is this one.
      onProcessEvent?.({ kind: 'spawned', role: 'speech', pid: process.pid });
      return {
        ...bytefuse,
        listen: (audio, request = {}, call = {}) =>
          listener.listen(audio, request, { signal: call.signal ?? new AbortController().signal }),
        close: async () => {
          process.stdout.write('closed\n');
          if (hangs) await new Promise<void>((resolve) => setTimeout(resolve, 600_000));
        },
      };
    },
    onReady: (url) => process.stdout.write(`${url}\n`),
  });
  return 0;
});
