import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContextCache } from '../../../../fusion/bytes/context-cache.ts';
import { LlmText } from '../../../../fusion/gfd/llm-text.ts';
import { type RankRoom, READINGS_JUDGED_MAX, rankReadings } from '../../../../fusion/gfd/rank-readings.ts';
import { byteLogProbs } from '../../../../fusion/gfd/search.ts';
import type { ByteVocab } from '../../../../models/core/byte-vocab.ts';
import { TOY_PIECES, ToyScorer, ToyVocab } from '../../../support/toy-model.ts';

const OPTIONS = { llmWeight: 0.4, preset: 'default', llmPrompt: '', hotwords: [], llmContextCharsMax: 100, nBest: 8 };

function room(languages: readonly string[] | null = null) {
  const vocab: ByteVocab = Object.assign(new ToyVocab(TOY_PIECES), { languages });
  const scorer = new ToyScorer(vocab);
  return { scorer, contexts: new ContextCache(scorer, 0), scriptTable: new Map() } satisfies RankRoom & {
    scorer: unknown;
  };
}

const list = (readings: readonly (readonly [text: string, logProb: number])[], language = 'en') => ({
  language,
  previousText: '',
  readings: readings.map(([text, logProb]) => ({ text, logProb })),
});

test('readings are ranked by (1 - r) recognizer + r (llm + bonus x bytes), each with its parts', async () => {
  const toy = room();
  const texts = ['abc ab', 'ca bc', 'é中', 'b a c'];
  const ranked = await rankReadings(toy, OPTIONS, list(texts.map((text, i) => [text, -1 - i / 10])));
  const llm = await byteLogProbs(toy.contexts, new LlmText(new Map(), { dropLeadingSpace: true }), [], texts);
  const expected = texts
    .map((text, i) => {
      const bytes = Buffer.byteLength(text);
      // 1 is the bonus of English.
      return { text, score: 0.6 * (-1 - i / 10) + 0.4 * (llm[i]! + 1 * bytes), llm: llm[i]!, bytes };
    })
    .sort((a, b) => b.score - a.score);
  assert.deepEqual(
    ranked.readings.map(({ text }) => text),
    expected.map(({ text }) => text),
  );
  for (const [i, { fused }] of ranked.readings.entries()) {
    assert.ok(Math.abs(fused!.score - expected[i]!.score) < 1e-9);
    assert.equal(fused!.llmLogProb, expected[i]!.llm);
    assert.equal(fused!.bytes, expected[i]!.bytes);
    assert.equal(fused!.llmWeight, 0.4);
  }
  assert.equal(ranked.judged, 4);
});

test('the choice is explained where it is not the recognizer’s first, and only there', async () => {
  const toy = room();
  const texts = ['abc', 'ca', 'b a', 'bc'];
  let changed = 0;
  for (const first of texts) {
    const readings = [first, ...texts.filter((text) => text !== first)].map((text, i) => [text, -1 - i / 100] as const);
    const { readings: ranked, changes } = await rankReadings(toy, OPTIONS, list(readings));
    assert.equal(changes.length > 0, ranked[0]!.text !== first);
    if (changes.length === 0) continue;
    changed++;
    assert.equal(changes[0]!.recognizedLogProb.recognizer, -1);
    assert.equal(changes[0]!.chosenLogProb.recognizer, ranked[0]!.recognizerLogProb);
  }
  assert.ok(changed > 0);
});

test('without a language model, at r = 0 and outside its vocabulary the recognizer’s order stands', async () => {
  const readings = list([
    ['bc', -2],
    ['ab', -1],
    ['ca', -3],
  ]);
  const order = ['ab', 'bc', 'ca'];
  const nothing = await rankReadings({ contexts: null, scriptTable: new Map() }, OPTIONS, readings);
  const zero = await rankReadings(room(), { ...OPTIONS, llmWeight: 0 }, readings);
  const uncovered = await rankReadings(room(['zh']), OPTIONS, readings);
  for (const ranked of [nothing, zero, uncovered]) {
    assert.deepEqual(
      ranked.readings.map(({ text }) => text),
      order,
    );
    assert.equal(ranked.readings[0]!.fused, undefined);
    assert.equal(ranked.judged, 0);
  }
  assert.deepEqual(
    uncovered.warnings.map(({ code }) => code),
    ['llm_language_uncovered'],
  );
});

test('equal texts count once, by their best; ties keep the order of the list; nBest cuts', async () => {
  const twice = await rankReadings(
    room(),
    { ...OPTIONS, llmWeight: 0 },
    list([
      ['ab', -3],
      ['bc', -2],
      ['ab', -1],
    ]),
  );
  assert.deepEqual(twice.readings, [
    { text: 'ab', recognizerLogProb: -1 },
    { text: 'bc', recognizerLogProb: -2 },
  ]);
  const ties = await rankReadings(
    room(),
    { ...OPTIONS, llmWeight: 0, nBest: 2 },
    list([
      ['ca', -1],
      ['ab', -1],
      ['bc', -1],
    ]),
  );
  assert.deepEqual(
    ties.readings.map(({ text }) => text),
    ['ca', 'ab'],
  );
});

test('impossible readings are ranked last and break nothing', async () => {
  const ranked = await rankReadings(
    room(),
    OPTIONS,
    list([
      ['ab', Number.NEGATIVE_INFINITY],
      ['bc', -1],
      ['ca', Number.NEGATIVE_INFINITY],
    ]),
  );
  assert.equal(ranked.readings[0]!.text, 'bc');
  assert.equal(ranked.readings.length, 3);
  const all = await rankReadings(room(), OPTIONS, list([['ab', Number.NEGATIVE_INFINITY]]));
  assert.equal(all.readings[0]!.text, 'ab');
});

test('32 readings are judged, the 33rd is not', async () => {
  const texts = Array.from({ length: READINGS_JUDGED_MAX + 1 }, (_, i) => 'abc'.repeat(1 + (i % 4)) + ' a'.repeat(i));
  const ranked = await rankReadings(room(), { ...OPTIONS, nBest: 100 }, list(texts.map((text, i) => [text, -1 - i])));
  assert.equal(ranked.judged, READINGS_JUDGED_MAX);
  assert.equal(
    ranked.readings.some(({ text }) => text === texts.at(-1)),
    false,
  );
});

test('nothing is left in the model afterwards', async () => {
  const toy = room();
  await rankReadings(
    toy,
    OPTIONS,
    list([
      ['abc', -1],
      ['ca', -2],
    ]),
  );
  assert.equal(toy.scorer.cached.size, 0);
});
