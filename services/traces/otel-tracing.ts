/** Spans by the HTTP semantic conventions of OpenTelemetry, sent by OTLP over HTTP. Loaded only where traces are wanted. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import {
  type Attributes,
  type Context,
  DiagLogLevel,
  defaultTextMapGetter,
  diag,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { globalErrorHandler, setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { ERRORS, type ErrorCode } from '../../models/core/app-error.ts';
import type { Stage } from '../metrics/service-metrics.ts';
import { TRACES_FLUSH_MS_MAX } from '../server/limits.ts';
import type { Outcome, RequestTrace, TracedRequest, Tracing } from './tracing.ts';

/** Other methods are one, so that nobody can make names of spans grow by what they send. */
const METHODS: ReadonlySet<string> = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'TRACE',
]);

export class OtelTracing implements Tracing {
  readonly #provider: BasicTracerProvider;
  readonly #tracer: Tracer;
  readonly #propagator = new W3CTraceContextPropagator();
  readonly #hangUp: () => void;

  /** `hangUp`: ends what the processor still sends when the time is over. */
  constructor(processor: SpanProcessor, version: string, hangUp: () => void = () => {}) {
    const own = resourceFromAttributes({ 'service.name': 'bytefuse', 'service.version': version });
    // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word.
    const resource = defaultResource()
      .merge(own)
      .merge(detectResources({ detectors: [envDetector] }));
    this.#provider = new BasicTracerProvider({ resource, spanProcessors: [processor] });
    this.#tracer = this.#provider.getTracer('bytefuse', version);
    this.#hangUp = hangUp;
  }

  begin({ method, scheme, route, requestId, headers }: TracedRequest): RequestTrace {
    const known = METHODS.has(method);
    const attributes: Attributes = {
      'http.request.method': known ? method : '_OTHER',
      'url.scheme': scheme,
      'http.response.header.x-request-id': [requestId],
      ...(route === undefined ? {} : { 'http.route': route }),
    };
    const name = [known ? method : 'HTTP', route].filter((part) => part !== undefined).join(' ');
    const parent = this.#propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
    const span = this.#tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
    return new OtelTrace(this.#tracer, span, trace.setSpan(parent, span));
  }

  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, TRACES_FLUSH_MS_MAX);
    });
    await Promise.race([this.#provider.shutdown().catch(globalErrorHandler), late]);
    clearTimeout(timer);
    this.#hangUp();
  }
}

class OtelTrace implements RequestTrace {
  readonly #tracer: Tracer;
  readonly #span: Span;
  readonly #context: Context;

  constructor(tracer: Tracer, span: Span, context: Context) {
    this.#tracer = tracer;
    this.#span = span;
    this.#context = context;
  }

  stage(stage: Stage, ms: number): void {
    const endMs = Date.now();
    this.#tracer.startSpan(stage, { startTime: endMs - ms }, this.#context).end(endMs);
  }

  end({ status, code }: Outcome): void {
    if (!this.#span.isRecording()) return;
    if (status !== null) this.#span.setAttribute('http.response.status_code', status);
    // An answer may fail after its status was sent.
    const failed = (status ?? 0) >= 500 || (ERRORS[code as ErrorCode]?.status ?? 0) >= 500;
    if (failed) this.#span.setStatus({ code: SpanStatusCode.ERROR });
    // What a client did wrong is its own error, not one of this span.
    if (failed || status === null) this.#span.setAttribute('error.type', code ?? String(status));
    this.#span.end();
  }
}

/** Endpoint, headers, compression, sampling and batches as the environment says (docs/operations.md). */
export function openOtlpTracing(version: string): Tracing {
  tellProblems();
  const agents: (HttpAgent | HttpsAgent)[] = [];
  const exporter = new OTLPTraceExporter({
    // Not longer than the flush, so that nothing is tried again once the agent has hung up.
    timeoutMillis: TRACES_FLUSH_MS_MAX,
    httpAgentOptions: (protocol: string) => {
      const agent = new (protocol === 'https:' ? HttpsAgent : HttpAgent)({ keepAlive: true });
      agents.push(agent);
      return agent;
    },
  });
  return new OtelTracing(new BatchSpanProcessor(exporter), version, () => {
    for (const agent of agents) agent.destroy();
  });
}

/** On stderr, each once in a row: a collector that is away would fill it otherwise. */
function tellProblems(): void {
  let last = '';
  const tell = (message: string): void => {
    if (message === last) return;
    last = message;
    process.emitWarning(message, 'OpenTelemetry');
  };
  const ignore = (): void => {};
  setGlobalErrorHandler((error) => tell(`Traces were not sent: ${typeof error === 'string' ? error : error.message}`));
  diag.setLogger({ error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
}
