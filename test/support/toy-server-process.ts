/** A process that serves as `bytefuse serve` does, over the toy: tests send it signals. Prints its address. */
import { interruptible } from '../../services/cli/interrupt.ts';
import { defaultServiceConfig } from '../../services/server/config.ts';
import { serve } from '../../services/server/listen.ts';
import { toyBytefuse } from './toy-service.ts';

const [drainMs = '1000', unitMs = '0'] = process.argv.slice(2);
const { bytefuse } = toyBytefuse({
  beforeUnit: (_, signal) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, Number(unitMs));
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
      process.stdout.write('working\n');
    }),
});

process.exitCode = await interruptible(async (signal) => {
  await serve({
    config: {
      ...defaultServiceConfig,
      limits: { ...defaultServiceConfig.limits, drainMsMax: Number(drainMs) },
    },
    port: 0,
    requireKeys: false,
    models: {},
    logger: false,
    signal,
    open: async () => bytefuse,
    onReady: (url) => process.stdout.write(`${url}\n`),
  });
  return 0;
});
