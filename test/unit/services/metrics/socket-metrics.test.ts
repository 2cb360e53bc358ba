import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { SocketMetrics } from '../../../../services/metrics/socket-metrics.ts';

test('peers that close with any number make the figures grow by one label', async () => {
  const registry = new Registry();
  const metrics = new SocketMetrics(registry);
  for (let code = 3000; code < 3100; code++) {
    metrics.opened('/v1/stream');
    metrics.closed('/v1/stream', code);
  }
  const text = await registry.metrics();
  assert.match(text, /^bytefuse_socket_closes_total\{route="\/v1\/stream",close_code="other"\} 100$/m);
  assert.equal(text.match(/^bytefuse_socket_closes_total\{/gm)?.length, 1);
  assert.match(text, /^bytefuse_sockets_open\{route="\/v1\/stream"\} 0$/m);
});
