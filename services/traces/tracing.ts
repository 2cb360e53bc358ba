/** Traces as the service sees them. They are off unless the environment asks for them. */
import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '../../models/core/app-error.ts';
import type { Stage } from '../metrics/service-metrics.ts';

export interface TracedRequest {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  /** The pattern of the route, never the address as sent; undefined where there is none. */
  readonly route: string | undefined;
  readonly requestId: string;
  /** A `traceparent` among them makes the span a child of the caller's. */
  readonly headers: IncomingHttpHeaders;
}

export interface Outcome {
  /** Null: the client left before one was sent. */
  readonly status: number | null;
  /** Of the error that ended it, from the registry. */
  readonly code?: string | undefined;
}

/** The span of one request, or of one socket from its upgrade to its end. */
export interface RequestTrace {
  /** A stage that ends now and took so many milliseconds. */
  stage(stage: Stage, ms: number): void;
  /** What is said after the first time has no effect. */
  end(outcome: Outcome): void;
}

export interface Tracing {
  begin(request: TracedRequest): RequestTrace;
  /** Sends what is left. Resolves within TRACES_FLUSH_MS_MAX, sent or not. */
  close(): Promise<void>;
}

const noTrace: RequestTrace = { stage: () => {}, end: () => {} };
export const noTracing: Tracing = { begin: () => noTrace, close: async () => {} };

/**
 * True where traces are wanted: an endpoint for them is named, or the exporter `otlp`. Throws usage where the environment
 * wants what is not done here.
 */
export function wantsTraces(env: NodeJS.ProcessEnv): boolean {
  const set = (name: string) => env[name]?.trim() || undefined;
  if (set('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return false;
  const endpoint = set('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') ?? set('OTEL_EXPORTER_OTLP_ENDPOINT');
  const exporter = set('OTEL_TRACES_EXPORTER') ?? (endpoint === undefined ? 'none' : 'otlp');
  if (exporter === 'none') return false;
  if (exporter !== 'otlp') {
    throw new AppError('usage', `OTEL_TRACES_EXPORTER is "${exporter}"; traces are exported by otlp, or none.`);
  }
  const protocol = set('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? set('OTEL_EXPORTER_OTLP_PROTOCOL') ?? 'http/protobuf';
  if (protocol !== 'http/protobuf') {
    throw new AppError('usage', `OTEL_EXPORTER_OTLP_PROTOCOL is "${protocol}"; traces are sent by http/protobuf.`);
  }
  return true;
}

/** OpenTelemetry is loaded here, and only where it is wanted. Throws usage (wantsTraces). */
export async function openTracing(env: NodeJS.ProcessEnv, version: string): Promise<Tracing> {
  if (!wantsTraces(env)) return noTracing;
  const { openOtlpTracing } = await import('./otel-tracing.ts');
  return openOtlpTracing(version);
}
