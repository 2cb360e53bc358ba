/** One line per request, when its answer is through; and the same for /metrics and the trace. */
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import type { ServiceMetrics } from '../metrics/service-metrics.ts';
import { isFaultStatus } from '../server/fault-status.ts';

/** The pattern of the route, never the address as sent: that may hold anything, and as a label it must be one of few. */
export function routeOf(request: FastifyRequest): string {
  const { url = 'none', config } = request.routeOptions;
  return config.label ?? url;
}

/** Of a client that left before its answer was through: what servers log by custom, and never send. */
export const STATUS_LEFT = 499;

/** `status`: where it is not the one that was sent. */
export function logRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  log: FastifyBaseLogger,
  metrics: ServiceMetrics,
  status = reply.statusCode,
): void {
  const { method, work, caller, notes, observed } = request;
  const route = routeOf(request);
  const ms = reply.elapsedTime;
  observed.end({ route, method, status, left: status === STATUS_LEFT, ms, code: notes.code });
  if (notes.uploadBytes !== undefined) metrics.uploaded(notes.uploadBytes);
  const fields = {
    method,
    route,
    status,
    ms: Math.round(ms),
    ...(caller === null ? {} : { key: caller.owner }),
    ...(work === null ? {} : { phasesMs: rounded(work.phasesMs) }),
    ...notes,
  };
  // What went wrong here stands out; what a client did wrong does not.
  if (isFaultStatus(status)) log.error(fields, 'request');
  else log[request.routeOptions.config.label === undefined ? 'info' : 'debug'](fields, 'request');
}

/** `server-timing`, which browsers and curl show. */
export function timingHeader(phasesMs: Readonly<Record<string, number>>): string {
  return Object.entries(phasesMs)
    .map(([phase, ms]) => `${phase};dur=${Math.round(ms)}`)
    .join(', ');
}

function rounded(phasesMs: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(phasesMs).map(([phase, ms]) => [phase, Math.round(ms)]));
}
