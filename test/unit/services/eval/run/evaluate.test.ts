import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { EvalTask } from '../../../../../services/eval/results.ts';
import { parseAblation } from '../../../../../services/eval/run/ablation.ts';
import { EVAL_PARTS } from '../../../../../services/eval/run/compose-eval.ts';
import { evaluate } from '../../../../../services/eval/run/evaluate.ts';
import { parsePageAblation } from '../../../../../services/eval/run/page-ablation.ts';
import { modelHash } from '../../../../../services/eval/run/surroundings.ts';
import { temporaryFolder } from '../../../../support/model-cache.ts';
import { toyItem, toyItems, toyParts, toyRequest, toySystem } from '../../../../support/toy-evaluation.ts';

const calls = { signal: new AbortController().signal };

test('given hypotheses stand before the engine, and pair with the whole data set under a limit', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'hyp.txt');
  await writeFile(path, 'word number 1\nbird number 2\nword\n');
  const out = join(folder, 'out');
  const parts = toyParts(toyItems(3), [toySystem('ours')]);
  const request = toyRequest('asr', folder, out, { hypotheses: [{ path }], filters: { limit: 2 } });
  const { results, reportPath } = await evaluate(request, parts, calls);
  assert.deepEqual(
    results.systems.map(({ name, metrics }) => [name, metrics[0]!.value, metrics[0]!.items]),
    [
      [`hyp:${path}`, 1, 2],
      ['ours', 0, 2],
    ],
  );
  assert.equal(reportPath, `${out}/report.html`);
  assert.equal(results.systems[0]!.peakMemoryBytes, undefined, 'given texts took no memory');
  assert.ok(results.systems[1]!.peakMemoryBytes! > 1e6);
  assert.equal(results.machine.node, process.version);
});

test('faults of the data and of hypotheses end the run before any system is prepared', async (t) => {
  const folder = await temporaryFolder(t);
  const prepare = () => assert.fail('a model was loaded');
  const run = (items: readonly ReturnType<typeof toyItem>[], task: EvalTask = 'asr', more = {}) =>
    evaluate(
      toyRequest(task, folder, join(folder, 'out'), more),
      toyParts(items, [{ ...toySystem('a'), prepare }]),
      calls,
    );
  await assert.rejects(run([]), { code: 'manifest_malformed', message: /no item is left/ });
  await assert.rejects(run([toyItem(1), toyItem(2, { references: [] })]), {
    message: 'toy:2: item-2 has no reference',
  });
  await assert.rejects(run([toyItem(1)], 'gec'), { message: 'toy:1: item-1 has no source text' });
  await assert.rejects(run([toyItem(1)], 'darag'), { message: 'toy:1: item-1 has no list of hypotheses' });
  const hypotheses = [{ path: join(folder, 'hyp.txt') }];
  await writeFile(hypotheses[0]!.path, 'one\ntwo\n');
  await assert.rejects(run([toyItem(1)], 'asr', { hypotheses }), {
    code: 'hypotheses_malformed',
    message: /hyp\.txt:2/,
  });
});

test('what a task cannot do is told at once', () => {
  const check = (task: EvalTask, more = {}) => EVAL_PARTS.checkRequest(toyRequest(task, 'data', 'out', more));
  const usage = (message: RegExp) => ({ code: 'usage', message });
  check('ocr');
  assert.throws(() => check('gec', { ablation: parseAblation('r=0') }), usage(/leave out --ablate/));
  check('gec');
  check('asr', { ablation: parseAblation('r=0') });
});

test('floors and bounds of each task, and no engine beside given hypotheses', async () => {
  const names = async (task: EvalTask, more = {}) => {
    const request = toyRequest(task, 'data', 'out', { hypotheses: [{ path: 'x' }], ...more });
    const { before, after, models } = await EVAL_PARTS.gatherSystems(request, calls);
    return [before.map(({ name }) => name), after.map(({ name }) => name), models.map(({ role }) => role)];
  };
  assert.deepEqual(await names('asr'), [[], [], []]);
  assert.deepEqual(await names('gec'), [['source'], [], []]);
  assert.deepEqual(await names('darag'), [['first', 'oracle (bound)'], [], []]);
  const ablation = parseAblation('r=0,r=0.2');
  const llm = 'language model';
  const pageAblation = parsePageAblation('mode=greedy,default');
  assert.deepEqual(await names('ocr'), [[], [], []]);
  assert.deepEqual(await names('ocr', { pageAblation }), [[], ['mode=greedy', 'default'], ['recognizer', llm]]);
  assert.deepEqual(await names('ocr', { pageAblation: pageAblation.slice(0, 1) }), [
    [],
    ['mode=greedy'],
    ['recognizer'],
  ]);
  assert.deepEqual(await names('asr', { ablation }), [[], ['r=0', 'r=0.2'], ['recognizer', 'voice activity', llm]]);
  const alone = parseAblation('r=0');
  assert.deepEqual((await names('asr', { ablation: alone }))[2], ['recognizer', 'voice activity'], 'r = 0 needs none');
  assert.deepEqual(await names('darag', { ablation }), [['first', 'oracle (bound)'], ['llm r=0', 'llm r=0.2'], [llm]]);
  const engine = { open: { llm: null }, decoding: {}, deadlineS: undefined };
  await assert.rejects(names('asr', { ablation, engine }), {
    code: 'usage',
    message: /--llm none and --ablate r=0\.2/,
  });
});

test('the hash of a model: a file’s own, or that of what sha256sum prints', () => {
  const file = (path: string, digit: string) => ({ path, sizeBytes: 1, sha256: digit.repeat(64) });
  assert.equal(modelHash([file('a.gguf', '1')]), '1'.repeat(64));
  const two = modelHash([file('b', '2'), file('a', '1')]);
  assert.equal(two, '7365ea48c8a3989cf164ca67f5d934c9a11269a628308b0fe529b6e4bc1c694d');
  assert.notEqual(two, modelHash([file('a', '2'), file('b', '1')]));
});
