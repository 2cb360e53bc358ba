/** A collector of traces on this machine: keeps what is sent to it, spans by name. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import protobuf from 'protobufjs';

/** The fields of OTLP that tests look at (opentelemetry-proto, trace/v1 and common/v1). */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message AnyValue { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; ArrayValue array_value = 5; }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message Status { int32 code = 3; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    repeated KeyValue attributes = 9; Status status = 15;
  }
  message ScopeSpans { repeated Span spans = 2; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message TracesData { repeated ResourceSpans resource_spans = 1; }
`);
const TracesData = root.lookupType('TracesData');

interface SentValue {
  readonly stringValue?: string;
  readonly intValue?: number;
  readonly arrayValue?: { readonly values: readonly SentValue[] };
}
type SentAttributes = readonly { readonly key: string; readonly value: SentValue }[];
interface SentData {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: SentAttributes };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly traceId: Uint8Array;
        readonly spanId: Uint8Array;
        readonly parentSpanId: Uint8Array;
        readonly name: string;
        readonly kind: number;
        readonly attributes: SentAttributes;
      }[];
    }[];
  }[];
}

export interface CollectedSpan {
  readonly name: string;
  /** As OTLP counts: 1 internal, 2 server. */
  readonly kind: number;
  /** Hexadecimal, as in `traceparent`. */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface CollectedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** `answers` false: it takes what comes, and never says so. */
export async function otlpCollector(t: Pick<TestContext, 'after'>, answers = true) {
  const requests: CollectedRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({ path: request.url!, headers: request.headers, body: Buffer.concat(chunks) });
      if (answers) response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get spans(): CollectedSpan[] {
      return requests.flatMap(({ body }) => spansOf(body));
    },
  };
}

function spansOf(body: Buffer): CollectedSpan[] {
  const { resourceSpans } = TracesData.toObject(TracesData.decode(body), {
    longs: Number,
    arrays: true,
    objects: true,
  }) as SentData;
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ name, kind, traceId, spanId, parentSpanId, attributes }) => ({
        name,
        kind,
        traceId: hex(traceId),
        spanId: hex(spanId),
        parentSpanId: hex(parentSpanId),
        attributes: recordOf(attributes),
        resource: recordOf(resource.attributes),
      })),
    ),
  );
}

const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex');

function recordOf(attributes: SentAttributes): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)]));
}

function plainValue({ stringValue, intValue, arrayValue }: SentValue): unknown {
  return stringValue ?? intValue ?? arrayValue?.values.map(plainValue);
}
