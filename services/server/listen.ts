/** `bytefuse serve`: the one place that opens the port. Listens at once, loads the models, then takes work. */
import { once } from 'node:events';
import { systemClock } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import { type Bytefuse, type BytefuseOptions, openBytefuse } from '../app/bytefuse.ts';
import { buildApp, type ServiceParts } from '../http/app.ts';
import { KeyRing, keyFilePath, readKeys } from '../keys/key-file.ts';
import { ServiceMetrics } from '../metrics/service-metrics.ts';
import type { SupervisorEvent } from '../supervisor/supervisor.ts';
import { removeAbandonedFolders } from '../temporary/temporary-folder.ts';
import { openTracing } from '../traces/tracing.ts';
import { webRoutes } from '../web/web-routes.ts';
import { socketRoutes } from '../ws/socket-routes.ts';
import { isLoopback, type ServiceConfig } from './config.ts';
import { LoadingDoor, type TokenPieces } from './engine-door.ts';
import { processEventLog } from './process-event-log.ts';
import { followRenewals, readTlsIdentity, type TlsFiles, type TlsServer } from './tls-identity.ts';

export interface ServeOptions {
  readonly config: ServiceConfig;
  /** 0 takes a free one. */
  readonly port: number;
  readonly requireKeys: boolean;
  /** HTTPS instead of HTTP, and wss:// instead of ws://. */
  readonly tls?: TlsFiles | undefined;
  readonly models: BytefuseOptions;
  readonly logger: NonNullable<ServiceParts['logger']>;
  /** Ends the service, which then drains. */
  readonly signal: AbortSignal;
  readonly onListening?: (url: string) => void;
  readonly onReady?: (url: string, bytefuse: Bytefuse) => void;
  /** What brings the models in; tests give a toy. */
  readonly open?: (options: BytefuseOptions) => Promise<Bytefuse>;
  /** Bytes of the recognizer's tokens, where they are at hand. */
  readonly openPieces?: (bytefuse: Bytefuse) => Promise<TokenPieces | null>;
}

/**
 * Serves until the signal fires, then drains (docs/api.md, Ending). The process ends by force where that takes longer than
 * drainMsMax and exitMsMax. Throws AppError: usage, keys_unusable, tls_unusable, address_unusable, and those of openBytefuse.
 */
export async function serve(options: ServeOptions): Promise<void> {
  const { config, port, signal, tls: files } = options;
  const keys = await keysFor(options);
  const tls = files === undefined ? null : await readTlsIdentity(files);
  await removeAbandonedFolders();
  const tracing = await openTracing(process.env, config.version);
  const door = new LoadingDoor();
  const metrics = new ServiceMetrics();
  const app = await buildApp({
    engine: door,
    config,
    keys,
    clock: systemClock,
    metrics,
    tracing,
    tls,
    logger: options.logger,
    routes: (scope, context) => {
      webRoutes(scope);
      socketRoutes(scope, context);
    },
  });
  // Under TLS it is one of node:https.
  const server = app.server as unknown as TlsServer;
  const unfollow = files === undefined ? () => undefined : followRenewals(server, files, app.log);
  let bytefuse: Bytefuse | null = null;
  try {
    const url = await listen(() => app.listen({ host: config.host, port }), config.host, port);
    options.onListening?.(url);
    // Models in processes of their own, where the system has what they talk over.
    const processes = process.platform !== 'win32';
    const logEvent = processEventLog(app.log);
    const onProcessEvent = (event: SupervisorEvent): void => {
      metrics.processes.take(event);
      logEvent(event);
    };
    bytefuse = await (options.open ?? openBytefuse)({ processes, onProcessEvent, ...options.models, signal });
    door.ready(bytefuse, (await options.openPieces?.(bytefuse)) ?? null);
    options.onReady?.(url, bytefuse);
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    unfollow();
    const { drainMsMax, exitMsMax } = config.limits;
    // It does not keep the process, and is not called off: whatever else does is ended as well.
    systemClock.after(drainMsMax + exitMsMax, () => {
      // Model processes notice that their parent is gone, and end as well.
      app.log.fatal('the service does not end by itself: it is ended by force');
      process.exit(FORCED_STATUS);
    });
    try {
      await app.close();
    } finally {
      // Whatever became of the connections; and one of these does not wait for the other.
      const ends = await Promise.allSettled([bytefuse?.close(), tracing.close()]);
      for (const end of ends) if (end.status === 'rejected') app.log.error(end.reason, 'ending');
    }
  }
}

/** Of a process that hung while it ended: that is a bug (docs/cli.md). */
const FORCED_STATUS = 1;

/** Beyond this machine a key is needed, and one must exist: a service that nobody can use is a mistake. */
async function keysFor({ config, requireKeys }: ServeOptions): Promise<KeyRing | null> {
  if (isLoopback(config.host) && !requireKeys) return null;
  const path = keyFilePath();
  if ((await readKeys(path)).length === 0) {
    throw new AppError(
      'usage',
      `Serving at ${config.host} needs keys, and there are none: run bytefuse keys add NAME.`,
    );
  }
  return new KeyRing(path, systemClock);
}

async function listen(open: () => Promise<string>, host: string, port: number): Promise<string> {
  try {
    return await open();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new AppError('address_unusable', `The service cannot listen at ${host}, port ${port} (${code}).`, {
      cause: error,
    });
  }
}
