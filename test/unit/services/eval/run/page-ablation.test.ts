import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../../models/core/app-error.ts';
import {
  DEFAULT_PAGE_ABLATION,
  parsePageAblation,
  readsAlone,
} from '../../../../../services/eval/run/page-ablation.ts';

test('settings of pages: modes, lambda and what decides how a page is looked at', () => {
  assert.deepEqual(parsePageAblation('mode=faithful+beams=16, lambda=0.5,default,line=yes+orient=false+dpi=150'), [
    { label: 'mode=faithful+beams=16', overrides: { mode: 'faithful', beams: 16 } },
    { label: 'lambda=0.5', overrides: { llmWeight: 0.5 } },
    { label: 'default', overrides: {} },
    { label: 'line=yes+orient=false+dpi=150', overrides: { singleLine: 'yes', orient: false, dpi: 150 } },
  ]);
});

test('the language model is left out where no setting asks it', () => {
  const asks = (text: string) => parsePageAblation(text).map((setting) => !readsAlone(setting));
  assert.deepEqual(asks('mode=greedy,mode=alone,lambda=0,mode=fused+lambda=0'), [false, false, false, false]);
  assert.deepEqual(asks(`${DEFAULT_PAGE_ABLATION},mode=faithful,lambda=1`), [false, true, true, true]);
});

test('what a setting cannot be is told, with the setting', () => {
  for (const [text, message] of [
    ['mode=best', /"mode=best": mode is one of greedy, alone, fused, faithful/],
    ['lambda=11', /number from 0 to 10/],
    ['beams=65', /number from 1 to 64/],
    ['dpi=20', /number from 72 to 1200/],
    ['r=0.1', /one of default, mode=, lambda=, beams=/],
    ['deskew=no', /true or false/],
  ] as const) {
    assert.throws(
      () => parsePageAblation(text),
      (error: unknown) => error instanceof AppError && error.code === 'invalid_option' && message.test(error.message),
      text,
    );
  }
});
