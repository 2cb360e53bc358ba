import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bytefuse, TranscribeInput, TranscribeRequest } from '../../../../../services/app/bytefuse.ts';
import { parseAblation } from '../../../../../services/eval/run/ablation.ts';
import { speechSystems } from '../../../../../services/eval/run/speech-systems.ts';
import { toyItem } from '../../../../support/toy-evaluation.ts';
import { segment, spreadWords, transcript, unit } from '../../../../support/toy-transcript.ts';

const signal = new AbortController().signal;

function toyEngine() {
  const calls: { input: TranscribeInput; request: TranscribeRequest | undefined }[] = [];
  let closed = 0;
  const bytefuse: Bytefuse = {
    read: () => assert.fail('no pages are read here'),
    listen: () => assert.fail('nobody speaks here'),
    facts: { recognizer: 'toy', pages: null, llm: null, device: 'cpu', threads: 1 },
    transcribe: async (input, request) => {
      calls.push({ input, request });
      const said = segment(0, 1, ' hello there', { words: spreadWords(0, 1, [' hello', ' there']) });
      return transcript([said], { duration: 1.5, units: [unit([said]), unit([])] });
    },
    close: async () => {
      closed++;
    },
  };
  return { bytefuse, calls, closed: () => closed };
}

test('one engine for all settings; requests are base, overrides, words and the item’s language', async () => {
  const engine = toyEngine();
  let opened = 0;
  const open = async () => {
    opened++;
    return engine.bytefuse;
  };
  const systems = speechSystems({
    open,
    settings: parseAblation('r=0,preset=gfd-paper+beams=2'),
    base: { beams: 5, vad: true },
  });
  assert.equal(opened, 0, 'nothing is loaded before the first item');
  for (const system of systems) await system.prepare!(signal);
  assert.equal(opened, 1);
  assert.deepEqual(
    engine.calls.map(({ request }) => [request?.language, request?.vad, request?.llmWeight]),
    [
      ['zh', false, 0],
      ['zh', false, undefined],
    ],
    'the warm-up decodes with each setting',
  );
  engine.calls.length = 0;
  const output = await systems[1]!.run(toyItem(1, { mediaPath: '/x.wav', language: 'zh-TW' }), signal);
  await systems[0]!.run(toyItem(2, { mediaPath: '/y.wav', language: 'und' }), signal);
  assert.deepEqual(engine.calls, [
    { input: '/x.wav', request: { beams: 2, vad: true, preset: 'gfd-paper', timestamps: 'word', language: 'zh' } },
    { input: '/y.wav', request: { beams: 5, vad: true, llmWeight: 0, timestamps: 'word', language: 'auto' } },
  ]);
  assert.equal(output.text, 'hello there');
  assert.equal(output.durationS, 1.5);
  assert.deepEqual(output.words, [
    { text: ' hello', confidence: 0.9 },
    { text: ' there', confidence: 0.9 },
  ]);
  assert.deepEqual([output.llmRows, output.llmRowsEager], [4, 10]);
  for (const system of systems) await system.close!();
  assert.equal(engine.closed(), 1);
});

test('an item without a recording is told by its place; closing what was never opened is nothing', async () => {
  const [system] = speechSystems({ open: async () => toyEngine().bytefuse, settings: parseAblation('r=0'), base: {} });
  await system!.close!();
  await assert.rejects(system!.run(toyItem(7), signal), { code: 'manifest_malformed', message: /^toy:7/ });
});
