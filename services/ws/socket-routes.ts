/** The WebSockets beside the routes of the HTTP service: the same keys, checks, budgets and models. */
import type { FastifyInstance } from 'fastify';
import { AppError } from '../../models/core/app-error.ts';
import { checkModel, MODEL_ALIAS } from '../http/models.ts';
import { authorize, checkHost, checkOrigin } from '../http/security.ts';
import type { ServiceContext } from '../http/service-context.ts';
import { requireModality } from '../server/engine-door.ts';
import { isFaultStatus } from '../server/fault-status.ts';
import type { Gate } from './gate.ts';
import type { RealtimeRules } from './realtime-config.ts';
import { attachWebSockets, type WebSocketParts, type WebSockets } from './web-sockets.ts';

/** For `buildApp`'s `routes`: takes upgrades of the app's server, and ends with it. */
export function socketRoutes(
  app: FastifyInstance,
  context: ServiceContext,
  options: Pick<WebSocketParts, 'sockets' | 'connections'> = {},
): WebSockets {
  const { engine, clock, tracing, metrics, config } = context;
  const sockets = attachWebSockets(app.server, {
    ...options,
    sockets: { addressShare: context.config.limits.addressShare, ...options.sockets },
    clock,
    tracing,
    records: { metrics, log: app.log, logText: config.logText },
    gate: gateOf(context),
    rules: rulesOf(context),
    pieces: () => engine.pieces,
    facts: () => engine.facts ?? { recognizer: null, llm: null, device: '' },
    modelHeaders: () => context.modelHeaders(),
    source: {
      listen: (audio, request, call) => engine.open().listen(audio, request, call),
      refusal: async () => (await engine.open().liveRefusal?.()) ?? null,
    },
    refused: ({ route = 'none', requestId, error, ms }) => {
      const { status } = error.kind;
      metrics.request(route, 'GET', status, ms);
      metrics.error(error.code);
      metrics.sockets.refused(error.code, status);
      const fields = { requestId, method: 'GET', route, status, ms: Math.round(ms), code: error.code };
      if (isFaultStatus(status)) app.log.error({ ...fields, err: error.cause ?? error }, 'request');
      else app.log.info(fields, 'request');
    },
    fuse: (recognizer, openers) => {
      const { fuse } = engine.open();
      // Checked before the upgrade.
      fuse!(recognizer, openers);
    },
  });
  context.onDrain((msMax) => sockets.drain(msMax));
  return sockets;
}

function gateOf(context: ServiceContext): Gate {
  const { config, engine, keys, room, connections } = context;
  return {
    wantsKey: keys !== null,
    checkHeaders: (headers) => {
      room.refuseWhileDraining();
      checkHost(headers.host, config);
      checkOrigin(headers, config);
    },
    checkConnection: (socket) => connections.check(socket),
    admit: async (presented, scope) => {
      room.refuseWhileDraining();
      const shown = presented === null ? {} : { authorization: `Bearer ${presented}` };
      const caller = await authorize(shown, keys, scope);
      const bytefuse = engine.open();
      if (scope === 'stream') requireModality(bytefuse.facts, 'speech');
      else if (bytefuse.fuse === undefined) {
        throw new AppError('unsupported_parameter', 'Recognizers from elsewhere are not taken by this service.');
      }
      context.spend({ caller }, 'requestsPerMinute', 1);
      const { key } = caller;
      return {
        owner: caller.owner,
        recheck:
          key === null
            ? null
            : async () => {
                if (!(await keys!.holds(key, scope))) throw new AppError('unauthorized', 'This key was revoked.');
              },
        spendAudio: (seconds) => context.spend({ caller }, 'audioSecondsPerHour', seconds),
        rateLimits: () => {
          const state = context.budget(caller, 'audioSecondsPerHour');
          return state === null ? [] : [{ name: 'audio_seconds', ...state }];
        },
      };
    },
  };
}

function rulesOf({ engine }: ServiceContext): RealtimeRules {
  return {
    get defaultModel() {
      return engine.facts?.recognizer ?? MODEL_ALIAS;
    },
    get hasLogprobs() {
      return engine.pieces !== null;
    },
    checkModel: (name) => {
      checkModel(name, engine.facts?.recognizer, MODEL_ALIAS);
      return name;
    },
  };
}
