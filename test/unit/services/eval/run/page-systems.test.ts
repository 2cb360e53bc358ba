import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DocumentPage } from '../../../../../models/core/document.ts';
import type { Bytefuse, ReadRequest, ReadResult } from '../../../../../services/app/bytefuse.ts';
import { parsePageAblation } from '../../../../../services/eval/run/page-ablation.ts';
import { pageSystems } from '../../../../../services/eval/run/page-systems.ts';
import { toyBlock, toyDocumentPage, toyLine } from '../../../../support/toy-document.ts';
import { toyItem } from '../../../../support/toy-evaluation.ts';

const signal = new AbortController().signal;
const TIMINGS = { decodeMs: 1, detectMs: 2, orientMs: 3, recognizeMs: 4, searchMs: 5, llmMs: 4 };

function toyPage(number: number, texts: readonly string[], more: Partial<DocumentPage> = {}): DocumentPage {
  const page = toyDocumentPage(number, [toyBlock(...texts.map((text, i) => toyLine(text, 10, 40 * i)))]);
  const stats = { steps: 9, llmRows: 4, llmRowsEager: 7, llmRowsFloor: 0, llmCalls: 1, llmMs: 4 };
  return { ...page, stats, timings: TIMINGS, ...more };
}

function toyReader(pages: readonly DocumentPage[]) {
  const calls: { input: unknown; request: ReadRequest | undefined }[] = [];
  let closed = 0;
  const bytefuse: Bytefuse = {
    transcribe: () => assert.fail('nothing is transcribed here'),
    listen: () => assert.fail('nobody speaks here'),
    facts: { recognizer: null, pages: 'toy', llm: null, device: 'cpu', threads: 1 },
    async *read(input, request): AsyncGenerator<ReadResult, void> {
      calls.push({ input, request });
      for (const page of pages) yield { page, image: { width: 1, height: 1, rgb: new Uint8Array(3) } };
    },
    close: async () => {
      closed++;
    },
  };
  return { bytefuse, calls, closed: () => closed };
}

test('one reader for all settings; requests are base, overrides and the item’s language, PDFs recognized', async () => {
  const reader = toyReader([toyPage(1, ['ab cd'])]);
  let opened = 0;
  const open = async () => {
    opened++;
    return reader.bytefuse;
  };
  const settings = parsePageAblation('mode=greedy,lambda=0.5+text-layer=auto');
  const systems = pageSystems({ open, settings, base: { llmPrompt: 'about' } });
  assert.equal(opened, 0, 'nothing is loaded before the first item');
  for (const system of systems) await system.prepare!(signal);
  assert.equal(opened, 1);
  assert.deepEqual(
    reader.calls.map(({ request }) => [request?.language, request?.mode, request?.llmWeight]),
    [
      ['zh', 'greedy', undefined],
      ['zh', undefined, 0.5],
    ],
    'the warm-up reads with each setting',
  );
  reader.calls.length = 0;
  await systems[0]!.run(toyItem(1, { mediaPath: '/x.png', language: 'zh-TW' }), signal);
  await systems[1]!.run(toyItem(2, { mediaPath: '/y.pdf', language: 'mul' }), signal);
  assert.deepEqual(reader.calls, [
    { input: '/x.png', request: { textLayer: 'never', llmPrompt: 'about', mode: 'greedy', language: 'zh' } },
    { input: '/y.pdf', request: { textLayer: 'auto', llmPrompt: 'about', llmWeight: 0.5, language: 'auto' } },
  ]);
  for (const system of systems) await system.close!();
  assert.equal(reader.closed(), 1);
});

test('pages are joined by form feeds; times and rows are summed; words carry their confidence', async () => {
  const reader = toyReader([toyPage(1, ['ab cd', 'e']), toyPage(2, ['f'])]);
  const [system] = pageSystems({ open: async () => reader.bytefuse, settings: parsePageAblation('default'), base: {} });
  const output = await system!.run(toyItem(1, { mediaPath: '/x.pdf' }), signal);
  assert.equal(output.text, 'ab cd\ne\n\ff\n');
  assert.deepEqual(
    output.words!.map(({ text }) => text),
    ['ab', 'cd', 'e', 'f'],
  );
  for (const { confidence } of output.words!) assert.ok(Math.abs(confidence - 0.9) < 1e-9);
  assert.deepEqual(output.timings, Object.fromEntries(Object.entries(TIMINGS).map(([name, ms]) => [name, 2 * ms])));
  assert.deepEqual([output.llmRows, output.llmRowsEager], [8, 14]);
  assert.equal(output.lines, undefined, 'pixels of two pages do not compare');
});

test('boxes are told in pixels of the image as it came, whatever way the page was turned', async () => {
  // A line at 10..30, 0..20 of an upright page of 800 x 600; where its first corner was on the image as it came.
  for (const [turnedDegrees, first] of [
    [0, [10, 0]],
    [90, [0, 790]],
    [180, [790, 600]],
    [270, [600, 10]],
  ] as const) {
    const reader = toyReader([toyPage(1, ['ab'], { turnedDegrees })]);
    const settings = parsePageAblation('default');
    const [system] = pageSystems({ open: async () => reader.bytefuse, settings, base: {} });
    const { lines } = await system!.run(toyItem(1, { mediaPath: '/x.png' }), signal);
    assert.equal(lines![0]!.text, 'ab');
    assert.deepEqual(lines![0]!.quad.slice(0, 2), first, `${turnedDegrees}`);
  }
});

test('an item without a page is told by its place; closing what was never opened is nothing', async () => {
  const open = async () => toyReader([]).bytefuse;
  const [system] = pageSystems({ open, settings: parsePageAblation('default'), base: {} });
  await system!.close!();
  await assert.rejects(system!.run(toyItem(7), signal), { code: 'manifest_malformed', message: /^toy:7/ });
});
