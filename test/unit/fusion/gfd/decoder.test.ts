import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContextCache } from '../../../../fusion/bytes/context-cache.ts';
import { FusionSearch } from '../../../../fusion/gfd/decoder.ts';
import { LlmText } from '../../../../fusion/gfd/llm-text.ts';
import { TOY_PIECES, ToyAlphabet, ToyScorer, ToyVocab } from '../../../support/toy-model.ts';
import { TableSource } from '../../../support/toy-whisper.ts';

/** Token 0 spells `abc `. */
const alphabet = new ToyAlphabet(['abc ', 'b', 'c']);
/** Bytes earn far more than a language model to which all is equally likely takes for them: 4 nats against 1.4. */
const GENEROUS = { llmWeight: 0.5, lengthUnit: 'none', byteBonusNats: 4 } as const;

/** Says token 0 once, is `end` sure that it is over then, and would say the same again; r as given. */
async function said(endProb: number, llmWeight: number): Promise<readonly number[]> {
  const [none, rest] = [Math.log(1e-6), Math.log(1 - endProb)];
  const source = new TableSource(20, (path) => {
    if (path.length % 4 === 1) return [rest, none, none, Math.log(endProb)];
    return path.length === 0 ? [0, none, none, none] : [0, none, none, none];
  });
  const search = new FusionSearch(
    {
      contexts: new ContextCache(new ToyScorer(new ToyVocab(TOY_PIECES), 1, 0), 0),
      alphabet,
      text: new LlmText(new Map(), { dropLeadingSpace: true }),
    },
    {
      beams: 2,
      width: 3,
      nBest: 1,
      weights: { ...GENEROUS, llmWeight },
      asking: 'lazy',
      contextTokens: [],
      mergeEqual: true,
    },
  );
  return (await search.search(source)).hypotheses[0]!.tokens;
}

test('what a byte earns pays for no text after the end that the recognizer heard', async () => {
  assert.deepEqual(await said(0.96, 0), [0]);
  assert.deepEqual(await said(0.96, 0.5), [0]);
  assert.deepEqual(await said(0.55, 0.5), [0]);
});

test('where the recognizer would rather go on, so does the search', async () => {
  assert.ok((await said(0.3, 0.5)).length > 1);
});

test('which number was said is the beam’s to find, though the language model sees any as the same', async () => {
  const digits = new ToyAlphabet(['19', '96', '90', 'x']);
  const row = (...probs: number[]) => probs.map((prob) => Math.log(prob));
  // 96 is likelier at first; what follows tells that it was 90.
  const source = new TableSource(5, (path) => {
    if (path.length === 0) return row(0.97, 0.01, 0.01, 0.01, 1e-6);
    if (path.length === 1) return row(0.01, 0.55, 0.43, 0.01, 1e-6);
    return path[1] === 2 ? row(0.01, 0.01, 0.01, 0.01, 0.96) : row(0.3, 0.3, 0.1, 0.2, 0.1);
  });
  const vocab = new ToyVocab(['0', '1', '2', '6', '9', 'x']);
  const parts = {
    contexts: new ContextCache(new ToyScorer(vocab, 1, 0), 0),
    alphabet: digits,
    text: new LlmText(new Map(), { dropLeadingSpace: false, hideNumbers: true }),
  };
  const weights = { llmWeight: 0.1, lengthUnit: 'none', byteBonusNats: 1 } as const;
  const options = { beams: 3, width: 4, nBest: 1, asking: 'lazy', contextTokens: [], mergeEqual: true } as const;
  const { hypotheses } = await new FusionSearch(parts, { ...options, weights }).search(source);
  assert.deepEqual(hypotheses[0]!.tokens, [0, 2]);
});
