/** Traces of a whole service: what reaches a collector, and that nothing is loaded or sent where they are off. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { WebSocket } from 'ws';
import { OtelTracing } from '../../services/traces/otel-tracing.ts';
import { socketRoutes } from '../../services/ws/socket-routes.ts';
import { otlpCollector } from '../support/otlp-collector.ts';
import { toyServer, toyServerProcess } from '../support/toy-server.ts';
import { toyWav } from '../support/toy-service.ts';

const CALLER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

async function transcribe(port: number): Promise<Response> {
  const body = new FormData();
  body.set('file', new Blob([toyWav(1)]), 'secret-name.wav');
  body.set('prompt', 'secret-prompt');
  const headers = { traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01`, 'x-request-id': 'call-7' };
  return fetch(`http://127.0.0.1:${port}/v1/audio/transcriptions`, { method: 'POST', body, headers });
}

/** Node's flags under which every import of OpenTelemetry fails. */
function withoutOpenTelemetry(): string[] {
  const dataUrl = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`;
  const hooks = dataUrl(`export async function resolve(name, context, next) {
    if (name.startsWith('@opentelemetry/')) throw new Error('not to be loaded: ' + name);
    return next(name, context);
  }`);
  return ['--import', dataUrl(`import { register } from 'node:module'; register(${JSON.stringify(hooks)});`)];
}

test('a collector gets the spans of a request at the latest when the service ends', async (t) => {
  const collector = await otlpCollector(t);
  const { child, ended, port } = await toyServerProcess(t, {
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=toys',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      // Only the end sends them.
      OTEL_BSP_SCHEDULE_DELAY: '600000',
    },
  });
  const answer = await transcribe(port);
  assert.equal(answer.status, 200, await answer.text());
  // An address with a query, which the speech routes do not take.
  assert.equal((await fetch(`http://127.0.0.1:${port}/v1/models?q=secret-query`)).status, 200);
  assert.equal(collector.requests.length, 0);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [143, null]);
  const [{ path, headers } = assert.fail('nothing was sent')] = collector.requests;
  assert.deepEqual(
    [path, headers['content-type'], headers['x-tenant']],
    ['/v1/traces', 'application/x-protobuf', 'toys'],
  );
  const { spans } = collector;
  const server =
    spans.find(({ kind, traceId }) => kind === 2 && traceId === CALLER.traceId) ?? assert.fail('no server span');
  assert.equal(server.name, 'POST /v1/audio/transcriptions');
  assert.deepEqual([server.traceId, server.parentSpanId], [CALLER.traceId, CALLER.spanId]);
  assert.equal(server.attributes['http.response.status_code'], 200);
  assert.deepEqual(server.attributes['http.response.header.x-request-id'], ['call-7']);
  assert.equal(server.resource['service.name'], 'bytefuse');
  assert.equal(server.resource['deployment.environment.name'], 'test');
  const stages = spans.filter(({ parentSpanId }) => parentSpanId === server.spanId);
  assert.deepEqual(stages.map(({ name }) => name).sort(), ['encode', 'llm', 'queue', 'recognize', 'upload', 'work']);
  const bytes = Buffer.concat(collector.requests.map(({ body }) => body)).toString('latin1');
  for (const secret of ['secret', 'w0']) assert.ok(!bytes.includes(secret), `the trace holds ${secret}`);
});

test('a collector that never answers does not keep the service from ending', async (t) => {
  const collector = await otlpCollector(t, false);
  const env = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/traces` };
  const { child, ended, port } = await toyServerProcess(t, { env });
  assert.equal((await transcribe(port)).status, 200);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [143, null]);
  assert.equal(collector.requests[0]?.path, '/traces');
});

test('off: nothing of OpenTelemetry is loaded, nothing is sent', async (t) => {
  const collector = await otlpCollector(t);
  const nodeArgs = withoutOpenTelemetry();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  const off = await toyServerProcess(t, { nodeArgs, env: { ...env, OTEL_TRACES_EXPORTER: 'none' } });
  assert.equal((await transcribe(off.port)).status, 200);
  off.child.kill('SIGTERM');
  assert.deepEqual(await off.ended, [143, null]);
  assert.equal(collector.requests.length, 0);
  // The same flags do stop a service that wants traces.
  await assert.rejects(toyServerProcess(t, { nodeArgs, env, quiet: true }), /ended before it was ready/);
});

test('a socket is one span from its upgrade to its end, and so is one that was refused', async (t) => {
  const exporter = new InMemorySpanExporter();
  const tracing = new OtelTracing(new SimpleSpanProcessor(exporter), '0.0.0');
  const { app, port } = await toyServer(t, {
    parts: { tracing, routes: (scope, context) => void socketRoutes(scope, context) },
  });
  const traceparent = `00-${CALLER.traceId}-${CALLER.spanId}-01`;
  const dial = (path: string, headers: Record<string, string>) =>
    new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
  const open = dial('/v1/realtime', { traceparent, 'x-request-id': 'talk-1' });
  const [response] = await once(open, 'upgrade');
  assert.equal(response.headers['x-request-id'], 'talk-1');
  assert.equal(exporter.getFinishedSpans().length, 0);
  open.close();
  await once(open, 'close');
  const refused = dial('/v1/realtime?odd=secret', {});
  refused.on('error', () => {});
  const [, answer] = await once(refused, 'unexpected-response');
  answer.resume();
  const ended = dial('/v1/realtime', {});
  await once(ended, 'open');
  const told = once(ended, 'close');
  await app.close();
  await told;
  const spans = exporter.getFinishedSpans();
  const seen = spans.map(({ name, attributes, status }) => [
    name,
    attributes['http.response.status_code'],
    attributes['error.type'],
    status.code,
  ]);
  assert.deepEqual(seen, [
    ['GET /v1/realtime', 101, undefined, 0],
    ['GET /v1/realtime', 400, undefined, 0],
    ['GET /v1/realtime', 101, 'shutting_down', 2],
  ]);
  assert.equal(spans[0]!.spanContext().traceId, CALLER.traceId);
  assert.deepEqual(spans[0]!.attributes['http.response.header.x-request-id'], ['talk-1']);
  assert.deepEqual(spans[1]!.attributes['http.response.header.x-request-id'], [answer.headers['x-request-id']]);
  assert.ok(!JSON.stringify(spans.map(({ attributes }) => attributes)).includes('secret'));
});
