import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { AppError } from '../../../../models/core/app-error.ts';
import { OtelTracing } from '../../../../services/traces/otel-tracing.ts';
import { noTracing, openTracing, wantsTraces } from '../../../../services/traces/tracing.ts';
import { formRequest } from '../../../support/form-body.ts';
import { TOY_PNG, type ToyServiceOptions, toyService, toyWav } from '../../../support/toy-service.ts';

const SPEECH = '/v1/audio/transcriptions';
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN_ID = '00f067aa0ba902b7';

async function traced(options: ToyServiceOptions = {}) {
  const exporter = new InMemorySpanExporter();
  const tracing = new OtelTracing(new SimpleSpanProcessor(exporter), '1.2.3');
  const { app } = await toyService({ ...options, parts: { ...options.parts, tracing } });
  const spans = () => exporter.getFinishedSpans();
  const server = () => spans().filter(({ kind }) => kind === SpanKind.SERVER);
  const stagesOf = (span: ReadableSpan) =>
    spans().filter(({ parentSpanContext }) => parentSpanContext?.spanId === span.spanContext().spanId);
  return { app, spans, server, stagesOf };
}

test('traces are wanted where the environment names an endpoint or the exporter, and not otherwise', () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' };
  assert.ok(!wantsTraces({}));
  assert.ok(!wantsTraces({ OTEL_EXPORTER_OTLP_ENDPOINT: ' ', OTEL_SERVICE_NAME: 'x' }));
  assert.ok(wantsTraces(endpoint));
  assert.ok(wantsTraces({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://localhost:4318/v1/traces' }));
  assert.ok(wantsTraces({ OTEL_TRACES_EXPORTER: 'otlp' }));
  assert.ok(!wantsTraces({ ...endpoint, OTEL_TRACES_EXPORTER: 'none' }));
  assert.ok(!wantsTraces({ ...endpoint, OTEL_SDK_DISABLED: 'true' }));
  const usage = (error: unknown) => error instanceof AppError && error.code === 'usage';
  assert.throws(() => wantsTraces({ OTEL_TRACES_EXPORTER: 'zipkin' }), usage);
  assert.throws(() => wantsTraces({ ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }), usage);
});

test('where they are not wanted, the one that does nothing is taken', async () => {
  assert.equal(await openTracing({}, '1.2.3'), noTracing);
});

test('a request is a server span, with its stages as children', async () => {
  const { app, spans, server, stagesOf } = await traced();
  const fields = { prompt: 'secret-prompt', language: 'en' };
  const headers = { 'x-request-id': 'mine-1' };
  assert.equal((await app.inject(formRequest(SPEECH, toyWav(2), fields, headers))).statusCode, 200);
  // An address with a query, which the speech routes do not take.
  assert.equal((await app.inject({ url: '/v1/models?q=secret', headers: { host: 'localhost' } })).statusCode, 200);
  await app.close();
  const [span, other, ...more] = server();
  assert.equal(more.length, 0);
  assert.equal(other!.attributes['http.route'], '/v1/models');
  assert.equal(span!.name, `POST ${SPEECH}`);
  assert.deepEqual(span!.attributes, {
    'http.request.method': 'POST',
    'url.scheme': 'http',
    'http.response.header.x-request-id': ['mine-1'],
    'http.route': SPEECH,
    'http.response.status_code': 200,
  });
  assert.equal(span!.parentSpanContext, undefined);
  assert.equal(span!.resource.attributes['service.version'], '1.2.3');
  const names = stagesOf(span!).map(({ name }) => name);
  assert.deepEqual(names.sort(), ['encode', 'llm', 'queue', 'recognize', 'upload', 'work']);
  assert.equal(spans().length, 2 + names.length);
  const all = JSON.stringify(spans().map(({ name, attributes, events }) => [name, attributes, events]));
  for (const text of ['secret', 'w0', 'a.wav']) assert.ok(!all.includes(text), text);
});

test('the figures and the trace have the same stages', async () => {
  const { app, server, stagesOf } = await traced();
  const headers = { host: 'localhost', 'content-type': 'image/png' };
  await app.inject({ method: 'POST', url: '/v1/documents', headers, payload: TOY_PNG });
  const figures = (await app.inject({ url: '/metrics', headers: { host: 'localhost' } })).payload;
  await app.close();
  const stages = stagesOf(server()[0]!);
  const counted = [...figures.matchAll(/^bytefuse_stage_seconds_count\{stage="(\w+)"\} (\d+)$/gm)];
  const names = ['upload', 'queue', 'work', 'write', 'decode', 'detect', 'orient', 'recognize', 'search', 'llm'];
  assert.deepEqual(counted.map(([, name]) => name).sort(), names.sort());
  for (const [, name, count] of counted) {
    assert.equal(stages.filter((stage) => stage.name === name).length, Number(count), name);
  }
});

test('the caller’s trace is gone on with, its decision not to sample as well; one that is malformed is not', async () => {
  const { app, server, spans } = await traced();
  const get = (traceparent: string) => app.inject({ url: '/healthz', headers: { host: 'localhost', traceparent } });
  await get(`00-${TRACE_ID}-${SPAN_ID}-01`);
  await get(`00-${TRACE_ID}-${SPAN_ID}-00`);
  await get(`00-${'0'.repeat(32)}-${SPAN_ID}-01`);
  await get('secret');
  await app.close();
  assert.equal(spans().length, 3);
  const [child, ...roots] = server();
  assert.equal(child!.spanContext().traceId, TRACE_ID);
  assert.equal(child!.parentSpanContext!.spanId, SPAN_ID);
  for (const root of roots) assert.equal(root.parentSpanContext, undefined);
});

test('failures of the service are errors of the span; refusals are only a status', async () => {
  const { app, server } = await traced({
    beforeUnit: () => {
      throw new AppError('peer_lost', 'secret');
    },
  });
  const headers = { host: 'localhost' };
  await app.inject({ url: '/secret/path', headers });
  await app.inject({ method: 'DELETE', url: '/healthz', headers });
  await app.inject(formRequest(SPEECH, toyWav(2), { beams: 'secret' }));
  await app.inject(formRequest(SPEECH, toyWav(2)));
  // The status was sent before it failed.
  await app.inject(formRequest(SPEECH, toyWav(2), { stream: 'true' }));
  await app.close();
  assert.deepEqual(
    server().map(({ name, attributes, status }) => [
      name,
      attributes['http.response.status_code'],
      attributes['error.type'],
      status.code,
    ]),
    [
      ['GET', 404, undefined, SpanStatusCode.UNSET],
      ['DELETE', 405, undefined, SpanStatusCode.UNSET],
      [`POST ${SPEECH}`, 400, undefined, SpanStatusCode.UNSET],
      [`POST ${SPEECH}`, 503, 'peer_lost', SpanStatusCode.ERROR],
      [`POST ${SPEECH}`, 200, 'peer_lost', SpanStatusCode.ERROR],
    ],
  );
  assert.ok(
    !JSON.stringify(server().map(({ attributes, events, status }) => [attributes, events, status])).includes('secret'),
  );
});

test('an address that no router can read is refused as ever', async () => {
  const { app } = await traced();
  const answer = await app.inject({ url: '/%zz', headers: { host: 'localhost' } });
  assert.equal(answer.statusCode, 400, answer.payload);
  assert.equal(answer.json().error.code, 'invalid_option');
  await app.close();
});
