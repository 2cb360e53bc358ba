import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureText, resultText } from '../../../../services/cli/eval-table.ts';
import type { EvalResults } from '../../../../services/eval/results.ts';
import { toyResult } from '../../../support/toy-evaluation.ts';

const row = (metric: string, slice: string, value: number | null, more = {}) => ({
  metric,
  slice,
  value,
  items: 7,
  ...more,
});

const RESULTS: EvalResults = {
  format: 'bytefuse-eval',
  version: 1,
  task: 'asr',
  command: [],
  startedAt: '',
  finishedAt: '',
  commit: null,
  machine: { cpu: '', cores: 1, memoryBytes: 1, node: '' },
  models: [],
  settings: {},
  data: { location: 'clips', form: 'manifest', items: 7 },
  systems: [
    {
      name: '系统',
      settings: {},
      failed: 0,
      peakMemoryBytes: 3 * 2 ** 20,
      metrics: [
        row('WER', '', 0.125, { low: 0.1, high: 0.15 }),
        row('WER', 'lang=en', 0.125),
        row('RTF', '', 0.25),
        row('RTF', 'lang=en', 0.25),
        row('WER', 'set=a', 0.5),
        row('number recall', '', null),
      ],
    },
  ],
  comparisons: [],
  itemsFile: 'items.jsonl',
};

test('rows in columns, wide characters counted twice; slices of quality, no empty rows', () => {
  assert.equal(
    resultText(RESULTS, { all: false }),
    [
      'asr: 7 items of clips (manifest)',
      '',
      'system  metric       slice    value [95%]            items',
      '系统    WER                   12.50% [10.00, 15.00]  7',
      '系统    WER          lang=en  12.50%                 7',
      '系统    RTF                   0.25                   7',
      '系统    peak memory           3 MiB',
      '',
    ].join('\n'),
  );
});

test('all rows with every slice', () => {
  const text = resultText(RESULTS, { all: true });
  assert.match(text, /set=a +50\.00%/);
  assert.match(text, /number recall +– +7/);
});

test('failures: the first ones by name, the rest by number', () => {
  const failed = toyResult('x.wav', 'r=0', { error: { code: 'audio_corrupt', message: 'no frame' } });
  assert.equal(
    failureText([failed], 1),
    'One result failed; it counts as empty:\n  x.wav by r=0: no frame [audio_corrupt]\n',
  );
  assert.match(
    failureText([failed], 21),
    /^21 results failed; they count as empty:\n.*\n {2}and 20 more in items\.jsonl\n$/,
  );
});
