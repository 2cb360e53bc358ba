import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { ProcessMetrics } from '../../../../services/metrics/process-metrics.ts';

test('starts and crashes are counted by role, and memory is that of the process that lives', async () => {
  const registry = new Registry();
  const metrics = new ProcessMetrics(registry, async (pid) => pid * 1000);
  const exit = { code: null, signal: 'SIGKILL' } as const;
  metrics.take({ kind: 'spawned', role: 'speech', pid: 7 });
  metrics.take({ kind: 'spawned', role: 'combiner', pid: 8 });
  metrics.take({ kind: 'exited', role: 'speech', pid: 7, exit, crash: true });
  assert.doesNotMatch(await registry.metrics(), /resident_bytes\{role="speech"\}/);
  metrics.take({ kind: 'spawned', role: 'speech', pid: 9 });
  metrics.take({ kind: 'exited', role: 'combiner', pid: 8, exit, crash: false });
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('bytefuse_'));
  assert.deepEqual(lines.sort(), [
    'bytefuse_model_process_crashes_total{role="speech"} 1',
    'bytefuse_model_process_resident_bytes{role="speech"} 9000',
    'bytefuse_model_process_starts_total{role="combiner"} 1',
    'bytefuse_model_process_starts_total{role="speech"} 2',
  ]);
});
