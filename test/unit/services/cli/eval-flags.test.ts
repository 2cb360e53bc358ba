import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { AppError } from '../../../../models/core/app-error.ts';
import {
  addEvalFlags,
  defaultReportFolder,
  type EvalFlags,
  evalRequestOf,
} from '../../../../services/cli/eval-flags.ts';
import type { EvalTask } from '../../../../services/eval/results.ts';

function parse(task: EvalTask, line: string) {
  const command = addEvalFlags(new Command(task).exitOverride().configureOutput({ outputError: () => {} }), task);
  const args = line.split(' ');
  const flags = command.parse(args, { from: 'user' }).opts<EvalFlags>();
  return evalRequestOf(task, flags, { folder: 'out', args: ['eval', task, ...args] });
}

test('the defaults: product decoding, usual units, seed 1, 2,000 draws', () => {
  const request = parse('asr', '--data clips');
  assert.equal(request.location, 'clips');
  assert.deepEqual(request.filters, {});
  assert.deepEqual(
    [request.ablation, request.hypotheses, request.mainRate, request.restart],
    [null, [], undefined, false],
  );
  assert.deepEqual([request.seed, request.draws], [1, 2000]);
  assert.deepEqual(request.normalizer, {}, 'the judge has its own for each task');
  assert.deepEqual(request.engine.open, {});
  assert.equal(request.engine.decoding.beams, 5);
  assert.deepEqual(request.command, ['bytefuse', 'eval', 'asr', '--data', 'clips']);
});

test('every option reaches the request', () => {
  const request = parse(
    'asr',
    '--data d --form kaldi -l tr --ablate r=0,default --hyp a.txt kaldi:b --hyp c.jsonl --limit 5 --set A,B --lang zh,en ' +
      '--restart --seed 7 --draws 100 --script keep --numerals keep --unit mixed --json ' +
      '-m whisper-small --llm none --device cpu --threads 3 --beams 2 --exact --no-vad --preset gfd-paper --deadline 60',
  );
  assert.deepEqual(request.filters, {
    form: 'kaldi',
    language: 'tr',
    limit: 5,
    sets: ['A', 'B'],
    languages: ['zh', 'en'],
  });
  assert.deepEqual(request.hypotheses, [{ path: 'a.txt' }, { path: 'b', form: 'kaldi' }, { path: 'c.jsonl' }]);
  assert.deepEqual(
    request.ablation!.map(({ label }) => label),
    ['r=0', 'default'],
  );
  assert.deepEqual([request.seed, request.draws, request.mainRate, request.restart], [7, 100, 'MER', true]);
  assert.deepEqual(request.normalizer, { script: 'keep', numerals: 'keep' });
  assert.deepEqual(request.engine.open, { model: 'whisper-small', device: 'cpu', threads: 3, llm: null });
  const { beams, exact, vad, preset } = request.engine.decoding;
  assert.deepEqual([beams, exact, vad, preset, request.engine.deadlineS], [2, true, false, 'gfd-paper', 60]);
});

test('darag takes what its language model needs; gec takes no engine options', () => {
  const { decoding, open } = parse(
    'darag',
    '--data d --llm x --preset gfd-paper --llm-prompt about --hotwords a,b',
  ).engine;
  assert.deepEqual(decoding, { preset: 'gfd-paper', llmPrompt: 'about', hotwords: ['a', 'b'] });
  assert.deepEqual(open, { llm: 'x' });
  assert.deepEqual(parse('gec', '--data d --target x y').filters, { targets: ['x', 'y'] });
  for (const line of ['--data d --beams 3', '--data d --ablate r=0']) {
    assert.throws(() => parse('gec', line), { code: 'commander.unknownOption' });
  }
});

test('ocr has settings of its own, and takes what concerns its models', () => {
  const request = parse('ocr', '--data d --ablate mode=greedy,lambda=0.5 --llm-prompt about --threads 2 --deadline 9');
  assert.deepEqual(
    request.pageAblation!.map(({ overrides }) => overrides),
    [{ mode: 'greedy' }, { llmWeight: 0.5 }],
  );
  assert.equal(request.ablation, null);
  assert.deepEqual(request.engine.reading, { llmPrompt: 'about' });
  assert.deepEqual([request.engine.open, request.engine.deadlineS], [{ threads: 2 }, 9]);
  assert.equal(parse('ocr', '--data d').pageAblation, null);
  assert.throws(() => parse('ocr', '--data d --beams 3'), { code: 'commander.unknownOption' });
  assert.throws(() => parse('ocr', '--data d --ablate r=0'), { code: 'invalid_option' });
});

test('values out of range are told with the option', () => {
  for (const [line, message] of [
    ['--data d --limit 0', /--limit is "0"/],
    ['--data d --draws 200000', /--draws is "200000"; it must be a whole number from 1 to 100000/],
    ['--data d --unit line', /--unit is "line"/],
    ['--data d --ablate r=3', /--ablate has "r=3"/],
    ['--data d --set A,,B', /"A,,B" must be names/],
  ] as const) {
    assert.throws(
      () => parse('asr', line),
      (error: unknown) => error instanceof AppError && error.code === 'invalid_option' && message.test(error.message),
    );
  }
  assert.throws(() => parse('asr', '--limit 3'), { code: 'commander.missingMandatoryOptionValue' });
});

test('the default report folder carries task and time', () => {
  const folder = defaultReportFolder('gec', new Date(2026, 0, 9, 7, 5, 3), '/here');
  assert.equal(folder.replaceAll('\\', '/').replace(/^[A-Z]:/, ''), '/here/reports/eval-gec-2026-01-09-070503');
});
