/** `/healthz`, `/readyz` and `/metrics`: for whoever keeps the service running. */
import type { FastifyInstance } from 'fastify';
import { healthSchema, metricsSchema, readySchema } from './schemas.ts';
import { authorize } from './security.ts';
import type { ServiceContext } from './service-context.ts';

export function healthRoutes(app: FastifyInstance, context: ServiceContext): void {
  for (const path of ['/healthz', '/health']) {
    // The process answers: that is all this says, and all that a restart could mend.
    app.get(path, { schema: healthSchema, handler: () => ({ status: 'ok' }) });
  }
  app.get('/readyz', {
    schema: readySchema,
    handler: async (request, reply) => {
      const { engine, room, queues, keys, config } = context;
      const state = room.isDraining ? 'draining' : engine.state;
      const ready = state === 'ready' || state === 'degraded';
      // What runs here is no secret on one's own machine; elsewhere it is for those with a key.
      const known = await authorize(request.headers, keys, 'any').catch(() => null);
      const depth = ({ running, waiting }: { running: number; waiting: number }) => ({ running, waiting });
      return reply.code(ready ? 200 : 503).send({
        status: state,
        ...(known === null
          ? {}
          : {
              version: config.version,
              models: engine.facts,
              queues: { speech: depth(queues.speech), page: depth(queues.page) },
            }),
      });
    },
  });
  app.get('/metrics', {
    config: { scope: 'metrics' },
    schema: metricsSchema,
    handler: async (_, reply) => {
      return reply.header('content-type', context.metrics.contentType).send(await context.metrics.text());
    },
  });
}
