/**
 * The HTTP service without a port: `inject` serves tests, `services/server/listen.ts` opens the port. Every request passes
 * the same checks in the same order before its body is read: encoding, Host, Origin, ending, key and scope, rate, room.
 */
import type { IncomingMessage, Server } from 'node:http';
import { Socket } from 'node:net';
import multipart from '@fastify/multipart';
import swagger from '@fastify/swagger';
import fastify, {
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify';
import { type Clock, systemClock } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import { KeyBudgets } from '../keys/key-budgets.ts';
import type { KeyLookup } from '../keys/key-file.ts';
import { ServiceMetrics } from '../metrics/service-metrics.ts';
import { longestMs, type ServiceConfig } from '../server/config.ts';
import type { EngineDoor } from '../server/engine-door.ts';
import { CONNECTIONS_CHECK_MS, FORM_OVERHEAD_BYTES_MAX, HANDLER_MS_MAX, HANG_UP_MS } from '../server/limits.ts';
import type { TlsIdentity } from '../server/tls-identity.ts';
import { noTracing, type Tracing } from '../traces/tracing.ts';
import { answerBrokenRequest } from './broken-request.ts';
import { docsRoutes } from './docs-page.ts';
import { documentRoutes } from './documents.ts';
import { asAppError, sendError } from './error-reply.ts';
import { invalidField } from './form-fields.ts';
import { healthRoutes } from './health.ts';
import { modelRoutes } from './models.ts';
import { requestIdOf } from './request-id.ts';
import { logRequest, STATUS_LEFT, timingHeader } from './request-log.ts';
import { allowedMethods, type KnownRoute } from './route-table.ts';
import {
  authorize,
  checkEncoding,
  checkHost,
  checkOrigin,
  corsHeaders,
  PREFLIGHT_HEADERS,
  SECURITY_HEADERS,
  transportHeaders,
} from './security.ts';
import { ServiceContext } from './service-context.ts';
import { DEADLINE_FIELD_MS_MAX } from './transcription-fields.ts';
import { transcriptionRoutes } from './transcriptions.ts';
import { linger } from './upload-file.ts';

export interface ServiceParts {
  readonly engine: EngineDoor;
  readonly config: ServiceConfig;
  /** Null: whoever reaches the service may use it. */
  readonly keys: KeyLookup | null;
  readonly clock?: Clock;
  readonly metrics?: ServiceMetrics;
  readonly tracing?: Tracing;
  readonly logger?: FastifyServerOptions['logger'];
  /** HTTPS instead of HTTP. */
  readonly tls?: TlsIdentity | null;
  /** Further routes over the same checks: the page at `/`, the sockets. */
  readonly routes?: (app: FastifyInstance, context: ServiceContext) => void | Promise<void>;
}

export async function buildApp(parts: ServiceParts): Promise<FastifyInstance> {
  const { config, engine, keys, clock = systemClock, metrics = new ServiceMetrics(), logger = false } = parts;
  const { tracing = noTracing, tls = null } = parts;
  const context = new ServiceContext({ engine, config, keys, clock, metrics, tracing, budgets: new KeyBudgets(clock) });
  const options = serverOptions(config, logger);
  const app = fastify(tls === null ? options : overTls(options, tls, config));
  const routes: KnownRoute[] = [];
  app.decorateRequest('caller', null);
  app.decorateRequest('work', null);
  app.decorateRequest('notes');
  app.decorateRequest('observed');
  app.decorate('drain', () => context.drain());
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) routes.push({ method: one, url });
  });
  app.addHook('onRequest', (request, reply) => admit(context, request, reply));
  app.addHook('onSend', async (request, reply, payload) => {
    const { work } = request;
    if (work !== null && Object.keys(work.phasesMs).length > 0) {
      void reply.header('server-timing', timingHeader(work.phasesMs));
    }
    cutSlowReader(reply, config);
    return payload;
  });
  app.addHook('onResponse', async (request, reply) => logRequest(request, reply, request.log, metrics));
  app.addHook('onRequestAbort', async (request) => {
    request.work?.abort(new AppError('canceled', 'The client went away.'));
  });
  app.addHook('preClose', () => context.drain());
  hangUpAfterClose(app, clock);
  context.connections.watch(app.server);
  app.setErrorHandler(async (error, request, reply) => {
    // A sender that is still sending is heard out, within bounds, and then hung up on.
    if (!request.raw.readableEnded && hasBody(request.raw)) {
      void reply.header('connection', 'close');
      await linger(request.raw, clock);
    }
    metrics.error(asAppError(error).code);
    sendError(error, request, reply);
    return reply;
  });
  app.setNotFoundHandler((request, reply) => {
    const allowed = allowedMethods(routes, request.url);
    if (allowed.length === 0) throw new AppError('not_found', 'There is nothing at this address.');
    void reply.header('allow', allowed.join(', '));
    throw new AppError('method_not_allowed', `${request.method} is not possible here.`);
  });
  // Bodies are read by the routes themselves; none is parsed beforehand.
  app.removeAllContentTypeParsers();
  await app.register(multipart);
  app.addContentTypeParser('*', (_, payload, done) => done(null, payload));
  await app.register(swagger, { openapi: openApiHead(config, keys) });
  await app.register(async (scope) => {
    transcriptionRoutes(scope, context);
    documentRoutes(scope, context);
    modelRoutes(scope, context);
    healthRoutes(scope, context);
    docsRoutes(scope);
    await parts.routes?.(scope, context);
  });
  return app;
}

/**
 * An ending service hangs up on those who do not: a peer that is half through a request, or reads nothing, would otherwise
 * keep the process for as long as a request may take.
 */
function hangUpAfterClose(app: FastifyInstance, clock: Clock): void {
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  app.addHook('preClose', async () => {
    if (!app.server.listening) return;
    const callOff = clock.after(HANG_UP_MS, () => {
      for (const socket of sockets) socket.destroy();
    });
    app.server.once('close', callOff);
  });
}

function serverOptions(
  config: ServiceConfig,
  logger: NonNullable<FastifyServerOptions['logger']>,
): FastifyHttpOptions<Server> {
  const { limits } = config;
  return {
    logger,
    // Fastify bounds hooks by the time that plugins have to load (10 s), and `close` would give up while requests drain.
    // What happens at the end has bounds of its own (server/limits.ts).
    pluginTimeout: 0,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: (raw) => requestIdOf(raw.headers),
    bodyLimit: limits.uploadBytesMax,
    requestTimeout: limits.requestMsMax,
    connectionTimeout: longestMs(limits),
    handlerTimeout: HANDLER_MS_MAX,
    keepAliveTimeout: limits.keepAliveMs,
    forceCloseConnections: 'idle',
    // Ours says the same in the shape of all errors.
    return503OnClosing: false,
    trustProxy: false,
    routerOptions: { maxParamLength: 200 },
    http: {
      // Node takes fewer than this.
      maxHeaderSize: limits.headerBytesMax + 1,
      headersTimeout: limits.headersMsMax,
      connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
    },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) => {
      void reply.headers({ ...SECURITY_HEADERS, 'x-request-id': request.id });
      request.notes ??= {};
      sendError(error, request as FastifyRequest, reply as unknown as FastifyReply);
    },
  };
}

/** An HTTPS server is an HTTP server to all who use it here, with the same bounds. */
function overTls(options: FastifyHttpOptions<Server>, tls: TlsIdentity, { limits }: ServiceConfig) {
  // Who does not shake hands has no request whose time could be over.
  const https = { ...options.http, ...tls, handshakeTimeout: limits.headersMsMax };
  return { ...options, https } as unknown as FastifyHttpOptions<Server>;
}

async function admit(context: ServiceContext, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { config, keys, room, queues, connections } = context;
  const { headers, raw } = request;
  request.notes = {};
  const { id, method, protocol: scheme } = request;
  request.observed = context.observe({
    method,
    scheme,
    headers,
    route: request.routeOptions.config.label ?? request.routeOptions.url,
    requestId: id,
  });
  void reply.headers({ ...SECURITY_HEADERS, ...transportHeaders(scheme, headers.host), 'x-request-id': request.id });
  // Fastify tells of answers that were sent; of those that nobody waited for, only the connection does.
  let sent = false;
  reply.raw.once('finish', () => {
    sent = true;
  });
  reply.raw.once('close', () => {
    if (sent) return;
    request.notes.code ??= 'canceled';
    logRequest(request, reply, request.log, context.metrics, STATUS_LEFT);
  });
  try {
    connections.check(raw.socket);
  } catch (error) {
    void reply.header('connection', 'close');
    throw error;
  }
  if (request.url.length > config.limits.urlCharsMax) {
    throw new AppError('payload_too_large', `The address has more than ${config.limits.urlCharsMax} characters.`);
  }
  checkHost(headers.host, config);
  const origin = checkOrigin(headers, config);
  if (origin !== null) {
    void reply.headers(corsHeaders(origin));
    if (request.method === 'OPTIONS' && headers['access-control-request-method'] !== undefined) {
      return reply.code(204).headers(PREFLIGHT_HEADERS).send();
    }
  }
  checkEncoding(headers);
  const { scope, work: kind } = request.routeOptions.config;
  if (scope === undefined) return undefined;
  if (room.isDraining) void reply.header('connection', 'close');
  room.refuseWhileDraining();
  request.caller = await authorize(headers, keys, scope);
  context.spend(request, 'requestsPerMinute', 1);
  if (kind === undefined) return undefined;
  checkLength(raw, config);
  context.engine.open();
  const queue = queues[kind];
  queue.check(request.caller.owner);
  const work = room.open(request.caller.owner, (phase, ms) => request.observed.stage(phase, ms));
  request.work = work;
  reply.raw.once('finish', () => work.end());
  reply.raw.once('close', () => {
    // Of work that is ended already this does nothing.
    work.abort(new AppError('canceled', 'The client went away.'));
    work.end();
  });
  const deadline = headers['x-deadline-ms'];
  if (deadline !== undefined) work.limitTo(deadlineOf(deadline));
  return undefined;
}

/** Once an answer begins, a connection on which nothing moves is one whose reader has stopped. */
function cutSlowReader({ raw }: FastifyReply, { limits }: ServiceConfig): void {
  const { socket } = raw;
  // Injected requests have no real one.
  if (!(socket instanceof Socket)) return;
  // Streams of events are never silent for longer than a heartbeat.
  raw.setTimeout(Math.max(limits.slowReaderMsMax, 2 * limits.heartbeatMs), () => raw.destroy());
}

function deadlineOf(header: string | string[]): number {
  const value = Number(header);
  if (/^\d{1,9}$/.test(String(header)) && value >= 1 && value <= DEADLINE_FIELD_MS_MAX) return value;
  throw invalidField('x-deadline-ms', String(header), `a whole number from 1 to ${DEADLINE_FIELD_MS_MAX}`);
}

/** A body that says it is too long is refused before its first byte. */
function checkLength(raw: IncomingMessage, { limits }: ServiceConfig): void {
  const length = Number(raw.headers['content-length'] ?? 0);
  const overhead = limits.fieldsMax * limits.fieldBytesMax + FORM_OVERHEAD_BYTES_MAX;
  if (length <= limits.uploadBytesMax + overhead) return;
  throw new AppError('payload_too_large', `The body has ${length} bytes; the limit is ${limits.uploadBytesMax}.`);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function openApiHead({ version }: ServiceConfig, keys: KeyLookup | null) {
  return {
    openapi: '3.0.3',
    info: {
      title: 'Bytefuse',
      version,
      description: 'Speech and document recognition with a language model inside the decoder.',
    },
    ...(keys === null
      ? {}
      : {
          components: {
            securitySchemes: {
              bearer: { type: 'http' as const, scheme: 'bearer' },
              header: { type: 'apiKey' as const, in: 'header' as const, name: 'x-api-key' },
            },
          },
          security: [{ bearer: [] }, { header: [] }],
        }),
  };
}
