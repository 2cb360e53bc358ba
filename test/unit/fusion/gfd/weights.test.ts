import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuseLogProbs } from '../../../../fusion/gfd/weights.ts';

const lengths = { bytes: 12, llmTokens: 3, recognizerTokens: 4 };

test('the fused score is the weighted mean of both models, times the recognizer tokens', () => {
  const score = fuseLogProbs(-8, -24, lengths, { llmWeight: 0.25, lengthUnit: 'bytes', byteBonusNats: 0 });
  assert.equal(score / 4, 0.75 * (-8 / 4) + 0.25 * (-24 / 12));
  const byTokens = fuseLogProbs(-8, -24, lengths, { llmWeight: 0.25, lengthUnit: 'llmTokens', byteBonusNats: 0 });
  assert.equal(byTokens / 4, 0.75 * (-8 / 4) + 0.25 * (-24 / 3));
});

test('r = 0 leaves the recognizer as it is, even where the language model finds the text impossible', () => {
  const weights = { llmWeight: 0, lengthUnit: 'bytes', byteBonusNats: 0 } as const;
  assert.equal(fuseLogProbs(-8.1, Number.NEGATIVE_INFINITY, lengths, weights), -8.1);
});

test('N is at least 1: a hypothesis without bytes is not divided by zero', () => {
  const empty = { bytes: 0, llmTokens: 0, recognizerTokens: 1 };
  assert.equal(fuseLogProbs(-1, 0, empty, { llmWeight: 0.5, lengthUnit: 'bytes', byteBonusNats: 0 }), -0.5);
});
