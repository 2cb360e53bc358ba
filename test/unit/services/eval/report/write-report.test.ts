import assert from 'node:assert/strict';
import { createWriteStream } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type TestContext, test } from 'node:test';
import { readReport, writeReport } from '../../../../../services/eval/report/write-report.ts';
import type { EvalResults, ItemResult, MetricRow } from '../../../../../services/eval/results.ts';
import { evaluationFolder, toyItem, toyResults } from '../../../../support/toy-report.ts';
import { toneBytes, wavBytes } from '../../../../support/wav-bytes.ts';

const metric = (name: string, value: number, more: Partial<MetricRow> = {}): MetricRow => ({
  metric: name,
  slice: '',
  value,
  items: 3,
  ...more,
});

async function pageOf(t: TestContext, results: EvalResults, items: readonly ItemResult[]): Promise<string> {
  return readFile(await writeReport(await evaluationFolder(t, results, items)), 'utf8');
}

/** As assert.match, without printing the page. */
function assertHas(page: string, pattern: RegExp): void {
  assert.ok(pattern.test(page), `the page lacks ${pattern}`);
}

function assertLacks(page: string, pattern: RegExp): void {
  const found = pattern.exec(page);
  assert.ok(!found, `the page has ${found?.[0]}`);
}

const TWO = ['r=0', 'r=0.2'];

test('the worst items come first, the most changed ones say by how much', async (t) => {
  const items = [
    toyItem({ id: 'good' }),
    toyItem({ id: 'good', system: 'r=0.2' }),
    toyItem({ id: 'bad', hypothesis: 'one' }),
    toyItem({ id: 'bad', system: 'r=0.2', hypothesis: 'one two three' }),
    toyItem({ id: 'worse', hypothesis: 'one two three' }),
    toyItem({ id: 'worse', system: 'r=0.2', hypothesis: 'x y z' }),
  ];
  const folder = await evaluationFolder(t, toyResults({}, TWO), items);
  const { cards } = await readReport(folder);
  const reasons = cards.map(({ item }) => [
    item.id,
    ...item.reasons.map(({ kind, system, change }) => `${kind} ${system} ${change}`).sort(),
  ]);
  assert.deepEqual(reasons, [
    ['bad', 'better 1 -2', 'errors 0 0', 'errors 1 0', 'rate 0 0', 'rate 1 0'],
    ['worse', 'errors 0 0', 'errors 1 0', 'rate 0 0', 'rate 1 0', 'worse 1 3'],
  ]);
  const page = await readFile(await writeReport(folder), 'utf8');
  assertHas(page, /better than r=0: r=0\.2 \(\u22122\)/);
  assertHas(page, /worse than r=0: r=0\.2 \(\+3\)/);
  assertLacks(page, /data-item="good"/);
});

test('the order of the lines does not matter', async (t) => {
  const items = [0, 1, 2, 3].flatMap((i) =>
    TWO.map((system, s) =>
      toyItem({ id: `u${i}`, system, hypothesis: 'one two three four'.slice(0, 4 * ((i * 3 + s) % 5)) }),
    ),
  );
  const shown = async (lines: readonly ItemResult[]) => {
    const { cards } = await readReport(await evaluationFolder(t, toyResults({}, TWO), lines));
    return cards.map(({ item }) => `${item.id} ${item.reasons.map(({ kind, system }) => kind + system).sort()}`).sort();
  };
  assert.deepEqual(await shown([...items].reverse()), await shown(items));
});

test('figures stand in the table with their intervals and paired differences', async (t) => {
  const counts = { refUnits: 100, hypUnits: 99, substitutions: 7, deletions: 2, insertions: 1 };
  const results = toyResults(
    {
      systems: [
        { name: 'r=0', settings: {}, failed: 0, metrics: [metric('WER', 0.1, { low: 0.08, high: 0.12, counts })] },
        { name: 'r=0.2', settings: {}, failed: 0, metrics: [metric('WER', 0.07, { low: 0.05, high: 0.09, counts })] },
      ],
      comparisons: [
        {
          a: 'r=0',
          b: 'r=0.2',
          metric: 'WER',
          slice: '',
          rateA: 0.1,
          rateB: 0.07,
          difference: -0.03,
          differenceInterval: { low: -0.04, high: -0.01 },
          relative: -0.3,
          relativeInterval: { low: -0.4, high: -0.1 },
          betterShare: 1,
        },
      ],
    },
    TWO,
  );
  const page = await pageOf(t, results, [toyItem({ id: 'a' })]);
  const row = /<th scope="row" class="name">r=0\.2<\/th>(.*?)<\/tr>/.exec(page)![1]!;
  const cells = [...row.matchAll(/<td[^>]*>(.*?)<\/td>/g)].map((match) => match[1]);
  assert.deepEqual(cells, [
    '7.00%',
    '[5.00, 9.00]',
    '\u22123.00',
    '[\u22124.00, \u22121.00]',
    'better',
    '7',
    '2',
    '1',
    '3',
  ]);
});

test('each plot appears where there is data for it, and what is missing is named', async (t) => {
  const bare = await pageOf(t, toyResults(), [toyItem({ id: 'a' })]);
  assertHas(bare, /Not drawn: error by r .*; time per stage .*; latency .*; confidence /);
  const weights = [0, 0.1, 0.3].map((llmWeight) => ({
    name: `w${llmWeight}`,
    settings: { llmWeight },
    failed: 0,
    metrics: [
      metric('WER', 0.1 + llmWeight),
      metric('WER', 0.2, { slice: 'lang=en' }),
      metric('CER', 0.2, { slice: 'lang=en' }),
    ],
  }));
  const items = weights.map(({ name }) =>
    toyItem({
      id: 'a',
      system: name,
      hypothesis: 'one',
      confidences: [[0.9, 1]],
      timings: { melMs: 3, totalMs: 10 },
      durationS: 1,
    }),
  );
  const full = await pageOf(t, toyResults({ systems: weights }), items);
  assertLacks(full, /Not drawn/);
  for (const title of [
    'Error by r',
    'WER by length',
    'WER by type of error',
    'Time per stage',
    'Latency',
    'Confidence: w0.3',
  ]) {
    assertHas(full, new RegExp(`<figure><h3>${title}</h3><svg`));
  }
  assertHas(full, /WER, lang=en/);
  assertLacks(full, /CER, lang=en/);
});

test('gec has precision, recall and F0.5 for each type of edit', async (t) => {
  const hits = (tp: number, fp: number, fn: number) => ({ tp, fp, fn });
  const edits = { all: hits(3, 1, 1), S: hits(2, 1, 0), M: hits(1, 0, 1) };
  const item = toyItem({
    id: 'a',
    rates: {},
    edits,
    source: 'one tow',
    clean: { sourceCorrect: false, changed: true },
  });
  const page = await pageOf(t, toyResults({ task: 'gec' }), [item]);
  assertHas(page, /S \(2 gold\): precision 66\.67%, recall 100\.00%, F0\.5 71\.43%\./);
  assertHas(page, /M \(2 gold\): precision 100\.00%, recall 50\.00%, F0\.5 83\.33%\./);
  assertHas(page, /<b>source<\/b><\/dt><dd><div class="text" lang="en" dir="auto">one tow/);
});

test('data cannot become markup, wherever it stands', async (t) => {
  const hostile = `"'></script><script>globalThis.pwned=1</script><img src=x onerror=pwned>`;
  const item = toyItem({
    id: hostile,
    system: hostile,
    language: hostile,
    set: hostile,
    group: hostile,
    hypothesis: `one ${hostile}`,
    mediaPath: hostile,
    changes: [{ from: hostile, to: hostile }],
    timings: { [hostile]: 1, totalMs: 2 },
    error: { code: hostile, message: hostile },
    source: hostile,
    edits: { all: { tp: 1, fp: 1, fn: 1 }, [hostile]: { tp: 1, fp: 1, fn: 1 } },
  });
  const results = toyResults({
    command: [hostile],
    commit: hostile,
    finishedAt: hostile,
    machine: { cpu: hostile, cores: 1, memoryBytes: 1, node: hostile },
    models: [{ name: hostile, role: hostile, sha256: hostile }],
    settings: { [hostile]: hostile },
    data: { location: hostile, form: hostile, items: 1 },
    systems: [
      {
        name: hostile,
        settings: { [hostile]: hostile },
        failed: 1,
        metrics: [metric(hostile, 1, { slice: hostile, low: 0, high: 1 })],
      },
    ],
  });
  const page = await pageOf(t, results, [item]);
  assert.equal([...page.matchAll(/<script/g)].length, 1, 'only the script of the page');
  assert.equal([...page.matchAll(/<img/g)].length, 0);
  assertLacks(page, /\son\w+=(?!pwned)/);
  // Every attribute ends where it should: no quote of the data stands as it is.
  assertLacks(page.replace(/<(script|style)>[\s\S]*?<\/\1>/g, ''), /"'>/);
});

test('the policy of the page names its style sheet and script and nothing else that could be loaded', async (t) => {
  const page = await pageOf(t, toyResults(), [toyItem({ id: 'a', hypothesis: 'x' })]);
  const policy = /Content-Security-Policy" content="([^"]+)"/.exec(page)![1]!;
  assert.match(
    policy,
    /^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; script-src 'sha256-[\w+/=]{44}'; img-src data:; media-src data:; base-uri 'none'; form-action 'none'$/,
  );
  assert.ok(page.indexOf('Content-Security-Policy') < page.indexOf('<style>'));
  assertLacks(page, /(src|href)="(?!data:|#)/);
  assertLacks(page, /url\(|@import|<link/);
});

test('recordings are embedded, or the page says why not', async (t) => {
  const folder = await evaluationFolder(t, toyResults(), [
    toyItem({ id: 'a', hypothesis: 'one', mediaPath: 'a.wav' }),
    toyItem({ id: 'b', hypothesis: 'two', mediaPath: 'gone.wav' }),
  ]);
  await writeFile(join(folder, 'a.wav'), wavBytes({ data: toneBytes(0.1) }));
  const page = await readFile(await writeReport(folder), 'utf8');
  assertHas(page, /<audio controls preload="none" src="data:audio\/wav;base64,[\w+/=]+" aria-label="Recording of a">/);
  assertHas(page, /Not embedded: <code>gone\.wav<\/code>, the file is gone\./);
  assertLacks(await readFile(await writeReport(folder, { media: false }), 'utf8'), /<audio|Not embedded/);
  assert.deepEqual(
    (await readdir(folder)).sort(),
    ['a.wav', 'items.jsonl', 'report.html', 'results.json'],
    'nothing is left',
  );
});

test('failed items, missing ones and those judged twice are said at the top', async (t) => {
  const failed = { code: 'audio_corrupt', message: 'no header' };
  const { warnings } = await readReport(
    await evaluationFolder(t, toyResults({ data: { location: 'x', form: 'y', items: 5 } }), [
      toyItem({ id: 'a', hypothesis: '', error: failed }),
      toyItem({ id: 'b' }),
      toyItem({ id: 'b' }),
    ]),
  );
  assert.match(warnings.join('\n'), /r=0: 1 of 3 items failed/);
  assert.match(warnings.join('\n'), /items\.jsonl has 3 items, results\.json speaks of 5/);
  assert.match(warnings.join('\n'), /1 items were judged twice/);
});

test('an item of a system that results.json does not know is refused with its line', async (t) => {
  const folder = await evaluationFolder(t, toyResults(), [toyItem({ id: 'a' }), toyItem({ id: 'a', system: 'other' })]);
  await assert.rejects(writeReport(folder), { code: 'results_malformed', message: /items\.jsonl:2: .*"other"/ });
});

test('an evaluation without items or without errors is a page too', async (t) => {
  assertHas(await pageOf(t, toyResults(), []), /No item has an error\./);
  assertHas(await pageOf(t, toyResults(), [toyItem({ id: 'a' })]), /No item has an error\./);
});

test('the number of shown items has bounds', async (t) => {
  const items = Array.from({ length: 300 }, (_, i) => toyItem({ id: `u${i}`, hypothesis: 'x' }));
  const folder = await evaluationFolder(t, toyResults(), items);
  assert.equal((await readReport(folder, { shownItems: 200 })).cards.length, 200);
  assert.equal((await readReport(folder, { shownItems: 0 })).cards.length, 0);
  for (const shownItems of [201, -1, 1.5]) {
    await assert.rejects(readReport(folder, { shownItems }), { code: 'invalid_option' });
  }
});

test('memory does not grow with the texts of 200,000 lines', async (t) => {
  const folder = await evaluationFolder(t, toyResults({ data: { location: 'x', form: 'y', items: 200_000 } }), []);
  const filler = 'word '.repeat(60);
  const line = (i: number) =>
    `${JSON.stringify(toyItem({ id: `speaker-${i % 500}/utterance-${i}`, rawHypothesis: filler, rates: { WER: { refUnits: 10, hypUnits: 10, substitutions: i % 11, deletions: 0, insertions: 0 } } }))}\n`;
  function* lines() {
    for (let i = 0; i < 200_000; i += 500) yield Array.from({ length: 500 }, (_, k) => line(i + k)).join('');
  }
  await pipeline(Readable.from(lines()), createWriteStream(join(folder, 'items.jsonl')));
  const before = process.memoryUsage();
  const input = await readReport(folder);
  const after = process.memoryUsage();
  assert.equal(input.bins[0]!.items, 200_000);
  assert.equal(input.cards.length, 12);
  // The file has 130 MB; the index 9. The rest is what the collector has not yet taken.
  const grownBytes = after.heapUsed + after.external - before.heapUsed - before.external;
  assert.ok(grownBytes < 80e6, `grown by ${grownBytes} bytes`);
});

test('a page has at most 400 cards, taken from every list alike, and says how many were left out', async (t) => {
  const systems = ['a', 'b', 'c'];
  const items = systems.flatMap((system, s) =>
    Array.from({ length: 600 }, (_, i) =>
      toyItem({ id: `u${i}`, system, ...(i % 3 === s ? { hypothesis: 'one two' } : {}) }),
    ),
  );
  const results = toyResults({ data: { location: 'x', form: 'y', items: 600 } }, systems);
  const { cards, warnings } = await readReport(await evaluationFolder(t, results, items), { shownItems: 200 });
  assert.equal(cards.length, 400);
  assert.deepEqual(warnings, ['200 more items were chosen to be shown and did not fit on the page.']);
  for (const system of [0, 1, 2]) {
    const chosen = cards.filter(({ item }) => item.reasons.some((reason) => reason.system === system));
    assert.ok(chosen.length >= 130, `${chosen.length} of system ${system}`);
  }
});
