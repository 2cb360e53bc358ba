import assert from 'node:assert/strict';
import test from 'node:test';
import { likeliestLanguage } from '../../../../models/whisper/language.ts';
import { TOY_MODEL, toyTokens } from '../../../support/toy-whisper.ts';

test('the language is chosen among language tokens alone', () => {
  const logits = new Float32Array(TOY_MODEL.dims.nVocab).fill(50);
  logits[toyTokens.languageId('en')] = 1;
  logits[toyTokens.languageId('zh')] = 1 + Math.log(3);
  const { language, probability } = likeliestLanguage(logits, toyTokens);
  assert.equal(language, 'zh');
  assert.ok(Math.abs(probability - 0.75) < 1e-6);
});
