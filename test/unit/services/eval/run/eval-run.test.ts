import assert from 'node:assert/strict';
import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AppError } from '../../../../../models/core/app-error.ts';
import type { EvalResults, ItemResult } from '../../../../../services/eval/results.ts';
import type { EvalProgress } from '../../../../../services/eval/run/eval-run.ts';
import type { ItemJudge, Summarize } from '../../../../../services/eval/run/eval-system.ts';
import { temporaryFolder } from '../../../../support/model-cache.ts';
import {
  runToys,
  toyData,
  toyItem,
  toyItems,
  toyJudge,
  toySummarize,
  toySystem,
} from '../../../../support/toy-evaluation.ts';

/** What two runs of the same work may differ in: the clock. */
function untimed(results: EvalResults) {
  return { ...results, startedAt: '', finishedAt: '' };
}

const worse = (name: string) => toySystem(name, (item) => item.references[0]!.replace('word', 'bird'));

async function journal(folder: string): Promise<ItemResult[]> {
  const text = await readFile(join(folder, 'items.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ItemResult);
}

test('every system on an item before the next item; results, comparisons and files', async (t) => {
  const folder = await temporaryFolder(t);
  const results = await runToys({ data: toyData(toyItems(3)), systems: [worse('a'), toySystem('b')], folder });
  const lines = await journal(folder);
  assert.deepEqual(
    lines.map(({ id, system }) => `${id} ${system}`),
    ['item-1 a', 'item-1 b', 'item-2 a', 'item-2 b', 'item-3 a', 'item-3 b'],
  );
  assert.deepEqual(lines[1]!.changes, [{ from: 'bird', to: 'word' }], 'against the first system');
  assert.equal(lines[0]!.changes, undefined);
  assert.deepEqual(
    results.systems.map(({ name, failed, metrics }) => [name, failed, metrics[0]!.value]),
    [
      ['a', 0, 3],
      ['b', 0, 0],
    ],
  );
  const [comparison] = results.comparisons;
  assert.equal(comparison!.rateA, 1 / 3);
  assert.equal(comparison!.difference, -1 / 3);
  assert.equal(comparison!.betterShare, 1);
  assert.deepEqual(
    JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')),
    JSON.parse(JSON.stringify(results)),
  );
});

test('gec changes are against the source', async (t) => {
  const folder = await temporaryFolder(t);
  const items = toyItems(1, { source: 'wrod number 1' });
  await runToys({ task: 'gec', data: toyData(items), systems: [toySystem('a')], folder });
  const [line] = await journal(folder);
  assert.deepEqual(line!.changes, [{ from: 'wrod', to: 'word' }]);
  assert.equal(line!.source, 'wrod number 1');
});

test('interrupted between and within items, it goes on there and ends with the same results', async (t) => {
  const items = toyItems(7);
  const whole = await temporaryFolder(t);
  const expected = await runToys({ data: toyData(items), systems: [worse('a'), toySystem('b')], folder: whole });
  for (let stopAt = 1; stopAt <= 14; stopAt++) {
    const folder = await temporaryFolder(t);
    const controller = new AbortController();
    let runs = 0;
    const stop = async (text: string): Promise<string> => {
      if (++runs === stopAt) controller.abort(new AppError('canceled', 'Interrupted by a test.'));
      return text;
    };
    const stopping = [
      toySystem('a', (item) => stop(item.references[0]!.replace('word', 'bird'))),
      toySystem('b', (item) => stop(item.references[0]!)),
    ];
    const run = runToys({ data: toyData(items), systems: stopping, folder, signal: controller.signal });
    if (stopAt < 14) await assert.rejects(run, { code: 'canceled', message: 'Interrupted by a test.' });
    else await run.catch(() => undefined);
    const systems = [worse('a'), toySystem('b')];
    const results = await runToys({ data: toyData(items), systems, folder });
    assert.equal(systems[0]!.runs + systems[1]!.runs, 14 - stopAt, `stopped at ${stopAt}`);
    assert.deepEqual(untimed(results), untimed(expected));
    assert.deepEqual(
      (await journal(folder)).map(({ timings: _, ...rest }) => rest),
      (await journal(whole)).map(({ timings: _, ...rest }) => rest),
    );
  }
});

test('a torn last line is done again, and said', async (t) => {
  const folder = await temporaryFolder(t);
  const items = toyItems(4);
  const expected = await runToys({ data: toyData(items), systems: [worse('a')], folder });
  const path = join(folder, 'items.jsonl');
  const text = await readFile(path);
  await truncate(path, text.length - 25);
  const notices: string[] = [];
  const system = worse('a');
  const onNotice = (notice: string) => notices.push(notice);
  const results = await runToys({ data: toyData(items), systems: [system], folder, onNotice });
  assert.equal(system.runs, 1);
  assert.match(notices.join('\n'), /not whole/);
  assert.deepEqual(untimed(results), untimed(expected));
});

test('bytes after the last result are cut off, though nothing is to be done', async (t) => {
  const folder = await temporaryFolder(t);
  const data = toyData(toyItems(2));
  await runToys({ data, systems: [toySystem('a')], folder });
  const before = await readFile(join(folder, 'items.jsonl'), 'utf8');
  await appendFile(join(folder, 'items.jsonl'), '{"id":"item-3"');
  await runToys({ data, systems: [toySystem('a')], folder });
  assert.equal(await readFile(join(folder, 'items.jsonl'), 'utf8'), before);
});

test('a finished run is summarized again without running or preparing anything; seed and draws may change', async (t) => {
  const folder = await temporaryFolder(t);
  const data = toyData(toyItems(5));
  await runToys({ data, systems: [toySystem('a'), worse('b')], folder });
  const silent = { ...toySystem('a'), prepare: () => assert.fail('prepared'), run: () => assert.fail('run') };
  const results = await runToys({
    data,
    systems: [silent, { ...silent, name: 'b', settings: { toy: 'b' } }],
    folder,
    seed: 9,
  });
  assert.equal(results.settings['seed'], 9);
  assert.equal(results.systems[0]!.peakMemoryBytes, 1000, 'measured by the process that worked');
});

test('another run in the folder is refused, with what differs; --restart begins anew', async (t) => {
  const folder = await temporaryFolder(t);
  const data = toyData(toyItems(2));
  await runToys({ data, systems: [toySystem('a')], folder, settings: { limit: 2 } });
  const other = () => ({ data, systems: [toySystem('a'), toySystem('b')], folder, settings: { limit: 3 } });
  await assert.rejects(runToys(other()), (error: unknown) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, 'run_mismatch');
    assert.match(error.message, /systems\.1: nothing there, \{"name":"b"/);
    assert.match(error.message, /settings\.limit: 2 there, 3 now/);
    return true;
  });
  const results = await runToys({ ...other(), restart: true });
  assert.equal(results.systems.length, 2);
  assert.equal((await journal(folder)).length, 4);
});

test('a journal without a record, and one of other items, are refused', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'items.jsonl'), '');
  const run = () => runToys({ data: toyData(toyItems(2)), systems: [toySystem('a')], folder });
  await assert.rejects(run(), { code: 'run_mismatch' });
  const foreign = await temporaryFolder(t);
  await runToys({ data: toyData([toyItem(1), toyItem(3)]), systems: [toySystem('a')], folder: foreign });
  await assert.rejects(runToys({ data: toyData(toyItems(3)), systems: [toySystem('a')], folder: foreign }), {
    code: 'run_mismatch',
    message: 'items.jsonl: line 2 is item-3 by a, where item-2 by a is due.',
  });
  await assert.rejects(runToys({ data: toyData([toyItem(1)]), systems: [toySystem('a')], folder: foreign }), {
    code: 'run_mismatch',
    message: 'items.jsonl: line 2 lies beyond the end of the data set.',
  });
});

test('an item that fails counts as an empty hypothesis and is told; the run goes on', async (t) => {
  const folder = await temporaryFolder(t);
  const failing = toySystem('a', (item) => {
    if (item.id === 'item-2') throw new AppError('audio_corrupt', 'no frame');
    if (item.id === 'item-3') throw new TypeError('a bug');
    return item.references[0]!;
  });
  const results = await runToys({ data: toyData(toyItems(4)), systems: [failing, toySystem('b')], folder });
  assert.equal(results.systems[0]!.failed, 2);
  assert.equal(results.systems[0]!.metrics[0]!.value, 6, 'three words of each are missing');
  const lines = await journal(folder);
  assert.deepEqual(lines[2]!.error, { code: 'audio_corrupt', message: 'no frame' });
  assert.deepEqual(lines[4]!.error, { code: 'internal', message: 'a bug' });
  assert.equal(lines[2]!.rawHypothesis, '');
  assert.equal(lines[3]!.changes, undefined, 'nothing to compare with');
});

test('a failure that is not the item’s ends the run, which can go on', async (t) => {
  const folder = await temporaryFolder(t);
  const data = toyData(toyItems(3));
  const losing = toySystem('a', (item) => {
    if (item.id === 'item-2') throw new AppError('peer_lost', 'the worker is gone');
    return item.references[0]!;
  });
  await assert.rejects(runToys({ data, systems: [losing], folder }), { code: 'peer_lost' });
  assert.equal((await journal(folder)).length, 1);
  const system = toySystem('a');
  await runToys({ data, systems: [system], folder });
  assert.equal(system.runs, 2);
  const late = toySystem('a', () => {
    throw new AppError('deadline_exceeded', 'too slow');
  });
  const results = await runToys({ data, systems: [late], folder: await temporaryFolder(t) });
  assert.equal(results.systems[0]!.failed, 3, 'a deadline is the item’s own');
});

test('systems are prepared once, before their first item and outside of its time', async (t) => {
  let nowMs = 0;
  let prepared = 0;
  const system = {
    ...toySystem('a', (item) => {
      nowMs += 10;
      return item.references[0]!;
    }),
    prepare: async () => {
      prepared++;
      nowMs += 1000;
    },
  };
  const progress: EvalProgress[] = [];
  const folder = await temporaryFolder(t);
  await runToys({
    data: toyData(toyItems(3, { durationS: 2 })),
    systems: [system],
    folder,
    nowMs: () => nowMs,
    onProgress: (one) => progress.push(one),
  });
  assert.equal(prepared, 1);
  const lines = await journal(folder);
  assert.deepEqual(
    lines.map(({ timings, durationS }) => [timings, durationS]),
    [1, 2, 3].map(() => [{ totalMs: 10 }, 2]),
  );
  assert.deepEqual(
    progress.map(({ phase, done, total, leftMs }) => [phase, done, total, leftMs]),
    [
      ['loading', 0, 3, null],
      ['running', 1, 3, 20],
      ['running', 2, 3, 10],
      ['running', 3, 3, 0],
      ['summarizing', 3, 3, 0],
    ],
  );
});

test('the estimate counts seconds of audio, and not what an earlier process did', async (t) => {
  const folder = await temporaryFolder(t);
  const items = [1, 2, 30].map((durationS, i) => toyItem(i + 1, { durationS }));
  let nowMs = 0;
  const timed = () =>
    toySystem('a', (item) => {
      nowMs += 100 * item.durationS!;
      return '';
    });
  const controller = new AbortController();
  const onProgress = ({ done }: EvalProgress) => done === 1 && controller.abort(new AppError('canceled', 'stop'));
  const shared = { data: toyData(items), folder, nowMs: () => nowMs };
  const { signal } = controller;
  await assert.rejects(runToys({ ...shared, systems: [timed()], signal, onProgress }), { code: 'canceled' });
  const left: (number | null)[] = [];
  await runToys({
    ...shared,
    systems: [timed()],
    onProgress: ({ leftMs, phase }) => phase === 'running' && left.push(leftMs),
  });
  assert.deepEqual(left, [null, 3000, 0]);
});

/** Bytes that are alive, garbage taken away first. */
function liveBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

test('a hundred thousand items: memory does not grow with them', async (t) => {
  const folder = await temporaryFolder(t);
  const count = 100_000;
  const data = toyData(function* () {
    for (let i = 1; i <= count; i++) yield toyItem(i, { references: ['a'], group: `speaker-${i % 500}` });
  });
  const filler = 'x'.repeat(200);
  const live: number[] = [];
  const system = toySystem('a', (item) => {
    if (item.id === 'item-1000' || item.id === 'item-100000') live.push(liveBytes());
    return filler + item.id;
  });
  const summarize: Summarize = (items, options) => {
    async function* watched() {
      let at = 0;
      for await (const item of items) {
        if (++at === count) live.push(liveBytes());
        yield item;
      }
    }
    return toySummarize(watched(), options);
  };
  const results = await runToys({ data, systems: [system], folder, draws: 10, summarize });
  assert.equal(results.data.items, count);
  assert.equal(results.systems[0]!.metrics[0]!.items, count);
  assert.equal(live.length, 3);
  // The journal is 60 MB; ids alone would be 6 MB.
  for (const bytes of live) assert.ok(bytes - live[0]! < 3e6, `${((bytes - live[0]!) / 1e6).toFixed(1)} MB more`);
});

test('--unit puts its rate first, counted where the judge has none; the comparison is by it', async (t) => {
  const folder = await temporaryFolder(t);
  const systems = [toySystem('a', () => 'word'), toySystem('b')];
  const results = await runToys({ data: toyData(toyItems(2)), systems, folder, mainRate: 'CER' });
  const [line] = await journal(folder);
  assert.deepEqual(Object.keys(line!.rates), ['CER', 'WER']);
  assert.equal(line!.rates.CER!.refUnits, 'word number 1'.length);
  assert.equal(results.comparisons[0]!.metric, 'CER');
});

test('a judge that remembers is told of what an earlier process judged, in order', async (t) => {
  const folder = await temporaryFolder(t);
  const data = toyData(toyItems(3));
  const told: string[] = [];
  const judge: ItemJudge = {
    judge: (item, output, options) => {
      told.push(`judged ${item.id} of ${options.system}`);
      return toyJudge.judge(item, output, options);
    },
    recall: (item, { system }) => told.push(`recalled ${item.id} of ${system}`),
  };
  await runToys({ data, systems: [toySystem('a')], folder, judge });
  const path = join(folder, 'items.jsonl');
  await truncate(path, (await readFile(path)).length - 1);
  told.length = 0;
  await runToys({ data, systems: [toySystem('a')], folder, judge });
  assert.deepEqual(told, ['recalled item-1 of a', 'recalled item-2 of a', 'judged item-3 of a']);
});
