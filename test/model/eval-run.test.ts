/** `bytefuse eval` with the real models, as a process: two recordings by two settings, killed half way and gone on with. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { LlmTextConfig } from '../../services/eval/rescore/llm-scorer-module.ts';
import { startScorerThread } from '../../services/eval/rescore/scorer-thread.ts';
import type { EvalResults, ItemResult } from '../../services/eval/results.ts';
import { runCli } from '../support/cli-process.ts';
import { PROJECT_ROOT } from '../support/project-files.ts';
import { cachedModel, pullHint } from '../support/ready-models.ts';
import { wavBytes } from '../support/wav-bytes.ts';

const llmDir = await cachedModel('gemma-3-270m');
const skip = ((await cachedModel('whisper-base')) === null || llmDir === null) && pullHint;

/** What the synthesizer was given (fixtures/audio/make-audio.ts). */
const SENTENCE = 'The weather is fine today, and the train leaves at nine.';

let folder = '';
let data = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bytefuse-eval-'));
  data = join(folder, 'manifest.jsonl');
  const audio = join(PROJECT_ROOT, 'fixtures', 'audio');
  await copyFile(join(audio, 'speech-en.ogg'), join(folder, 'speech.ogg'));
  await writeFile(join(folder, 'silence.wav'), wavBytes({ data: new Uint8Array(64_000) }));
  const rows = [
    { file: 'speech.ogg', lang: 'en', text: SENTENCE, set: 'speech' },
    { file: 'silence.wav', lang: 'en', text: 'nothing', set: 'silence' },
  ];
  await writeFile(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
});
after(() => rm(folder, { recursive: true, force: true }));

const SETTINGS = ['--ablate', 'r=0,default', '--draws', '100'];

/** Metrics that a clock or a memory gauge gives. */
const isMeasured = ({ metric }: { metric: string }) => /RTF|latency|\(ms\)|time/.test(metric);

function untimed({ command: _, startedAt: __, finishedAt: ___, ...results }: EvalResults) {
  const systems = results.systems.map(({ peakMemoryBytes: _, ...system }) => ({
    ...system,
    metrics: system.metrics.filter((row) => !isMeasured(row)),
  }));
  return { ...results, systems };
}

async function resultsOf(report: string): Promise<EvalResults> {
  return JSON.parse(await readFile(join(report, 'results.json'), 'utf8')) as EvalResults;
}

async function itemsOf(report: string): Promise<ItemResult[]> {
  const text = await readFile(join(report, 'items.jsonl'), 'utf8');
  return text.split('\n').flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as ItemResult] : []));
}

/** Starts the evaluation and kills it, without a chance to say anything, once its journal holds `lines` results. */
async function killAfter(lines: number, report: string): Promise<void> {
  const main = join(PROJECT_ROOT, 'dist', 'services', 'cli', 'main.js');
  const args = [main, 'eval', 'asr', '--data', data, '--report', report, ...SETTINGS];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('close', (_, signal) => resolve(signal)));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    // The line of a result is written before its progress is told.
    if (stderr.includes(`${lines} of 4 results`)) child.kill('SIGKILL');
  });
  assert.equal(await ended, 'SIGKILL', stderr);
}

test('killed half way, an evaluation goes on and ends with the results of one that was not', { skip }, async () => {
  const whole = join(folder, 'whole');
  const { status, stdout, stderr } = await runCli(['eval', 'asr', '--data', data, '--report', whole, ...SETTINGS]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /asr: 2 items of /);
  assert.match(stdout, /Against r=0:/);
  const expected = await resultsOf(whole);
  assert.deepEqual(
    expected.models.map(({ name, role }) => [name, role]),
    [
      ['whisper-base', 'recognizer'],
      ['silero-vad', 'voice activity'],
      ['gemma-3-270m', 'language model'],
    ],
  );
  for (const { sha256 } of expected.models) assert.match(sha256, /^[0-9a-f]{64}$/);
  const items = await itemsOf(whole);
  assert.deepEqual(
    items.map(({ id, system }) => `${id} ${system}`),
    ['speech.ogg r=0', 'speech.ogg default', 'silence.wav r=0', 'silence.wav default'],
  );
  const [alone, fused] = items;
  assert.match(fused!.rawHypothesis, /fine today/);
  assert.ok(fused!.llmRows! > 0 && alone!.llmRows === 0);
  assert.ok(fused!.timings!['llmMs']! > 0);
  assert.ok(Math.abs(fused!.durationS! - 6) < 0.5);
  assert.equal(items[2]!.rawHypothesis, '', 'nobody speaks');

  const killed = join(folder, 'killed');
  await killAfter(1, killed);
  const kept = await itemsOf(killed);
  assert.ok(kept.length >= 1 && kept.length < 4, `${kept.length} results were kept`);
  const again = await runCli(['eval', 'asr', '--data', data, '--report', killed, ...SETTINGS]);
  assert.equal(again.status, 0, again.stderr);
  assert.deepEqual((await itemsOf(killed)).slice(0, kept.length), kept, 'what was done is not done again');
  const timeless = (results: readonly ItemResult[]) => results.map(({ timings: _, ...rest }) => rest);
  assert.deepEqual(timeless(await itemsOf(killed)), timeless(items));
  assert.deepEqual(untimed(await resultsOf(killed)), untimed(expected));

  const other = await runCli(['eval', 'asr', '--data', data, '--report', killed, '--ablate', 'r=0']);
  assert.equal(other.status, 5);
  assert.match(other.stderr, /holds another run\. It differs in systems\.1.*\[run_mismatch\]/s);
});

test('a corrupt recording is listed and sets the status 7; given texts need no model', { skip }, async () => {
  await writeFile(join(folder, 'bad.wav'), (await readFile(join(folder, 'silence.wav'))).subarray(0, 1000));
  const bad = join(folder, 'bad.jsonl');
  await writeFile(bad, `${JSON.stringify({ file: 'bad.wav', lang: 'en', text: 'cut short' })}\n`);
  const { status, stdout } = await runCli([
    'eval',
    'asr',
    '--data',
    bad,
    '--ablate',
    'r=0',
    '--report',
    join(folder, 'b'),
  ]);
  assert.equal(status, 7);
  assert.match(stdout, /One result failed; it counts as empty:\n {2}bad\.wav by r=0: .*\[audio_truncated\]/);
  const texts = join(folder, 'texts.txt');
  await writeFile(texts, 'The weather is fine today and the train leaves at nine\nnothing at all\n');
  const args = ['eval', 'asr', '--data', data, '--hyp', texts, '--json', '--report', join(folder, 'given')];
  const given = await runCli(args, { env: { BYTEFUSE_HOME: join(folder, 'empty'), BYTEFUSE_OFFLINE: '1' } });
  assert.equal(given.status, 0, given.stderr);
  const { systems, models } = JSON.parse(given.stdout) as EvalResults;
  assert.deepEqual(models, []);
  const wer = systems[0]!.metrics.find(({ metric }) => metric === 'WER')!;
  assert.deepEqual(wer.counts, { refUnits: 12, hypUnits: 14, substitutions: 0, deletions: 0, insertions: 2 });
});

test('the scorer’s thread judges whole texts as the model does in the search', { skip }, async () => {
  const url = new URL('../../services/eval/rescore/llm-scorer-module.js', import.meta.url).href;
  const scorer = await startScorerThread({ url, config: { llmDir: llmDir! } satisfies LlmTextConfig });
  try {
    const texts = [SENTENCE, 'The weather is fined to day, and the trainer leaves that nine.', SENTENCE.slice(0, 11)];
    const query = { language: 'en', prompt: '', hotwords: [], texts };
    const { isCovered, scores } = await scorer.score(query);
    assert.ok(isCovered);
    assert.deepEqual(
      scores.map(({ bytes }) => bytes),
      texts.map((text) => Buffer.byteLength(text)),
    );
    assert.ok(scores[0]!.logProb > scores[1]!.logProb + 5, 'sense is likelier than nonsense');
    assert.ok(scores[2]!.logProb > scores[0]!.logProb, 'a beginning is likelier than the whole');
    const [first] = (await scorer.score({ ...query, texts: texts.slice(0, 1) })).scores;
    assert.equal(first!.logProb, scores[0]!.logProb, 'whoever is judged beside it');
    const zh = await scorer.score({ ...query, language: 'zh', texts: ['今天天气很好', '今天天氣很好'] });
    assert.equal(zh.scores[0]!.logProb, zh.scores[1]!.logProb, 'scripts are one to the model');
    assert.equal((await scorer.score({ ...query, language: 'sw' })).isCovered, false);
  } finally {
    await scorer.close();
  }
});
