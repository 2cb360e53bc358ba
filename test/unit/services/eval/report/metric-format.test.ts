import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatBytes,
  formatDifference,
  formatInterval,
  formatMetric,
  formatMs,
  higherIsBetter,
  verdict,
} from '../../../../../services/eval/report/metric-format.ts';

test('a metric is written in its unit', () => {
  assert.equal(formatMetric('WER', 0.12345), '12.35%');
  assert.equal(formatMetric('entity recall', 1), '100.00%');
  assert.equal(formatMetric('1-NED', 0.987), '98.70%');
  assert.equal(formatMetric('RTF', 0.41234), '0.412');
  assert.equal(formatMetric('LLM rows', 123456), '123,456');
  assert.equal(formatMetric('latency p95 ms', 2912.3), '2.91 s');
  assert.equal(formatMetric('peak memory', 2 ** 30), '1 GiB');
  assert.equal(formatMetric('WER', null), '–');
  assert.equal(formatMetric('WER', Number.NaN), '–');
});

test('times and sizes pass from unit to unit without a gap', () => {
  assert.deepEqual([0, 0.5, 999.4, 999.6, 61_000].map(formatMs), ['0 ms', '0.5 ms', '999 ms', '1 s', '61 s']);
  assert.deepEqual([119_949, 119_960, 3_600_000, 5_460_000].map(formatMs), [
    '120 s',
    '2 min 0 s',
    '1 h 0 min',
    '1 h 31 min',
  ]);
  assert.deepEqual([0, 1023, 1024, 1.5 * 2 ** 40].map(formatBytes), ['0 B', '1020 B', '1 KiB', '1.5 TiB']);
});

test('differences have a sign, and none where nothing changed', () => {
  assert.equal(formatDifference('WER', -0.0123), '\u22121.23');
  assert.equal(formatDifference('WER', 0.5), '+50.00');
  assert.equal(formatDifference('WER', -0.000001), '±0.00');
  assert.equal(formatDifference('RTF', 0.1), '+0.1');
  assert.equal(formatInterval('WER', -0.01, 0.02), '[\u22121.00, 2.00]');
  assert.equal(formatInterval('WER', null, 0.02), '');
});

test('a verdict needs an interval without 0, and knows which way is good', () => {
  assert.ok(higherIsBetter('F0.5') && higherIsBetter('entity recall') && higherIsBetter('1-NED'));
  assert.ok(!higherIsBetter('WER') && !higherIsBetter('over-correction') && !higherIsBetter('RTF'));
  assert.equal(verdict('WER', { low: -0.2, high: -0.1 }), 'better');
  assert.equal(verdict('WER', { low: 0.1, high: 0.2 }), 'worse');
  assert.equal(verdict('F0.5', { low: 0.1, high: 0.2 }), 'better');
  assert.equal(verdict('WER', { low: -0.1, high: 0 }), 'unclear');
  assert.equal(verdict('WER', { low: null, high: 0.2 }), 'unclear');
});
