import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TimeRows } from '../../../../../services/eval/run/time-rows.ts';
import { toyResult } from '../../../../support/toy-evaluation.ts';

test('real-time factor over summed seconds, percentiles over items, rows of the language model', () => {
  const times = new TimeRows();
  for (let i = 1; i <= 2001; i++) {
    times.add(toyResult(`${i}`, 'a', { timings: { totalMs: i }, durationS: 2, llmRows: 3, llmRowsEager: 5 }));
  }
  times.add(toyResult('failed', 'a', { durationS: 1, error: { code: 'x', message: 'y' } }));
  const rows = new Map(times.rows().map(({ metric, value, items }) => [metric, [value, items]]));
  assert.deepEqual(rows.get('RTF'), [1001 / 1000 / 2, 2001]);
  assert.deepEqual(rows.get('latency p50 (ms)'), [1001, 2001]);
  assert.deepEqual(rows.get('latency p90 (ms)'), [1801, 2001]);
  assert.deepEqual(rows.get('latency p99 (ms)'), [1981, 2001]);
  assert.deepEqual(rows.get('LLM rows'), [6003, 2001]);
  assert.deepEqual(rows.get('LLM rows eager'), [10005, 2001]);
});

test('no rows for what was not measured', () => {
  const times = new TimeRows();
  assert.deepEqual(times.rows(), []);
  times.add(toyResult('1', 'a', { timings: { totalMs: 5 }, llmRows: 0, llmRowsEager: 0 }));
  assert.deepEqual(
    times.rows().map(({ metric }) => metric),
    ['latency p50 (ms)', 'latency p90 (ms)', 'latency p99 (ms)'],
  );
});
