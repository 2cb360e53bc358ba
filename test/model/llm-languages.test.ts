import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ContextCache } from '../../fusion/bytes/context-cache.ts';
import { fusionSearch } from '../../fusion/gfd/search.ts';
import { LlmScorer } from '../../models/llm/llm-scorer.ts';
import { penalized } from '../../models/llm/row-distribution.ts';
import { ToyAlphabet, ToyRecognizer } from '../support/toy-model.ts';

const MODEL = process.env['BYTEFUSE_TEST_LLM'];
const skip = MODEL === undefined && 'BYTEFUSE_TEST_LLM names no folder with a converted language model';

/** Text of each language as a recognizer would spell it, in whole characters. */
const TEXTS = {
  ja: ['これは', '日本語', 'の', '文', 'です'],
  ru: ['Это', ' русский', ' текст', ' здесь'],
  fr: ["C'est", ' une', ' phrase', ' française'],
  tr: ['Bu', ' bir', ' Türkçe', ' cümle'],
  zh: ['这', '是', '中文', '句子'],
  en: ['This', ' is', ' English', ' text'],
} as const;

let scorer: LlmScorer;
before(async () => {
  if (MODEL !== undefined) scorer = await LlmScorer.open(MODEL);
});
after(async () => scorer?.dispose());

async function outcomeOf(language: keyof typeof TEXTS) {
  const alphabet = new ToyAlphabet(TEXTS[language]);
  const recognizer = new ToyRecognizer(alphabet.size);
  const source = Object.assign(recognizer, { unit: { ...recognizer.unit, language } });
  const contexts = new ContextCache(scorer, 0);
  const options = { beams: 2, nBest: 1, llmWeight: 0.3, preset: 'default', llmPrompt: '', hotwords: [] };
  const room = { contexts, alphabet, scriptTable: new Map<string, string>(), reshape: penalized };
  return fusionSearch(room, { ...options, llmContextCharsMax: 0, explain: false })(source);
}

test('languages outside the trimmed vocabulary are searched at r = 0, and the answer says so', { skip }, async () => {
  for (const language of ['ja', 'ru', 'fr'] as const) {
    const { warnings, stats, hypotheses } = await outcomeOf(language);
    assert.deepEqual(
      warnings?.map(({ code }) => code),
      ['llm_language_uncovered'],
      language,
    );
    assert.equal(stats.llmRows, 0, language);
    assert.equal(hypotheses[0]!.fused, undefined, language);
  }
});

test('languages of the vocabulary are fused, without a warning', { skip }, async () => {
  for (const language of ['zh', 'tr', 'en'] as const) {
    const { warnings, stats, hypotheses } = await outcomeOf(language);
    assert.equal(warnings, undefined, language);
    assert.ok(stats.llmRows > 0, language);
    assert.ok(Number.isFinite(hypotheses[0]!.fused!.llmLogProb), language);
  }
  assert.equal(scorer.cachedNodes, 0, 'every cached node is released at the end of a search');
});

test('text of any language is encoded and decoded unchanged, whether it is covered or not', { skip }, () => {
  for (const pieces of Object.values(TEXTS)) {
    const bytes = new TextEncoder().encode(pieces.join(''));
    assert.deepEqual(
      scorer.vocab.encode(bytes).flatMap((row) => [...scorer.vocab.bytesOf(row)]),
      [...bytes],
    );
  }
});
