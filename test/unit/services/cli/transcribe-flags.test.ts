import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { AppError, type ErrorCode } from '../../../../models/core/app-error.ts';
import { defaultTranscribeOptions } from '../../../../models/whisper/transcribe-defaults.ts';
import {
  addTranscribeFlags,
  checkFlags,
  openOptionsOf,
  requestOf,
  type TranscribeFlags,
} from '../../../../services/cli/transcribe-flags.ts';

function parse(...args: string[]): TranscribeFlags {
  const command = addTranscribeFlags(new Command('transcribe').argument('[file...]').exitOverride());
  return command.parse(args, { from: 'user' }).opts<TranscribeFlags>();
}

const note = (): void => {};

const throwsCode = (work: () => unknown, code: ErrorCode) =>
  assert.throws(work, (error: unknown) => error instanceof AppError && error.code === code);

test('without options a request has the defaults of the models room', () => {
  const { llmWeight, compressionRatioMax, avgLogProbMin, noSpeechProbMax, conditionOnPreviousText, ...defaults } =
    defaultTranscribeOptions;
  const { llmContextCharsMax: _, ...shown } = defaults;
  assert.deepEqual(requestOf(parse()), { ...shown, allowTruncated: false });
});

test('every option reaches the request', () => {
  const args =
    '-l ZH --task translate --beams 3 --n-best 2 --temperature 0,0.5 --prompt p --hotwords a,b --llm-prompt d ' +
    '--word-timestamps --script hant --exact --no-vad --allow-truncated --max-seconds 60 --explain --seed 9 ' +
    '--llm-weight 0.25 --preset gfd-paper';
  assert.deepEqual(requestOf(parse(...args.split(' '))), {
    language: 'zh',
    task: 'translate',
    beams: 3,
    nBest: 2,
    temperatures: [0, 0.5],
    prompt: 'p',
    hotwords: ['a', 'b'],
    llmPrompt: 'd',
    timestamps: 'word',
    script: 'hant',
    exact: true,
    vad: false,
    allowTruncated: true,
    secondsMax: 60,
    explain: true,
    seed: 9,
    llmWeight: 0.25,
    preset: 'gfd-paper',
  });
});

test('models, device and threads go to the opening', () => {
  assert.deepEqual(openOptionsOf(parse(), note), {});
  assert.deepEqual(
    openOptionsOf(parse('-m', 'whisper-tiny', '--llm', 'x', '--device', 'cuda', '--threads', '3'), note),
    {
      model: 'whisper-tiny',
      llm: 'x',
      device: 'cuda',
      threads: 3,
    },
  );
});

test('no language model is loaded where none can take part', () => {
  assert.equal(openOptionsOf(parse('--llm', 'none'), note).llm, null);
  assert.equal(openOptionsOf(parse('--llm-weight', '0'), note).llm, null);
});

test('values out of range are invalid options', () => {
  const bad = [
    ['--beams', '0'],
    ['--beams', '17'],
    ['--n-best', '0'],
    ['--llm-weight', '1.1'],
    ['--temperature', '2'],
    ['--seed', '-1'],
    ['--threads', '0'],
    ['--jobs', '0'],
    ['--jobs', '99'],
    ['--deadline', '0'],
    ['--max-seconds', '0'],
    ['--max-seconds', '43201'],
    ['--task', 'sing'],
    ['--script', 'latin'],
    ['--device', 'tpu'],
    ['--preset', 'best'],
    ['--format', 'docx'],
    ['--format', ''],
  ];
  for (const args of bad) throwsCode(() => parse(...args), 'invalid_option');
});

test('options that exclude each other are told', () => {
  const check = (files: string[], ...args: string[]) => checkFlags(parse(...args), files);
  throwsCode(() => check(['a'], '-f', 'text,srt'), 'usage');
  throwsCode(() => check(['a', 'b'], '-f', 'srt'), 'usage');
  throwsCode(() => check(['a'], '--overwrite'), 'usage');
  throwsCode(() => check(['a', 'a']), 'usage');
  throwsCode(() => check(['a'], '--explain', '--quiet'), 'usage');
  throwsCode(() => check(['a'], '--recognizer', 'ws://x:1', '--recognizer-listen', '1'), 'usage');
  throwsCode(() => check(['a'], '--recognizer', 'x:1'), 'usage');
  throwsCode(() => check(['a'], '--recognizer-listen', 'x:y'), 'usage');
  throwsCode(() => check(['a'], '--beams', '2', '--n-best', '3'), 'invalid_option');
  check(['a', 'b'], '-f', 'json');
  check(['a', 'b'], '-f', 'srt,text', '-o', 'out');
});
