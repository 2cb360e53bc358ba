import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../../models/core/app-error.ts';
import { parseAblation } from '../../../../../services/eval/run/ablation.ts';

test('settings with commas, overrides with plus signs, labels as written', () => {
  assert.deepEqual(parseAblation('r=0, r=0.25,default,preset=gfd-paper,exact=true+beams=3+r=0.1'), [
    { label: 'r=0', overrides: { llmWeight: 0 } },
    { label: 'r=0.25', overrides: { llmWeight: 0.25 } },
    { label: 'default', overrides: {} },
    { label: 'preset=gfd-paper', overrides: { preset: 'gfd-paper' } },
    { label: 'exact=true+beams=3+r=0.1', overrides: { exact: true, beams: 3, llmWeight: 0.1 } },
  ]);
});

test('what a setting cannot be is told, with the setting', () => {
  const cases: [string, RegExp][] = [
    ['r=2', /"r=2": the value must be a number from 0 to 1/],
    ['r=', /number from 0 to 1/],
    ['r', /one of default, r=, preset=/],
    ['speed=1', /one of default, r=/],
    ['r=0,,r=1', /"": a setting is empty/],
    ['preset=best', /preset is one of default, gfd-paper/],
    ['exact=yes', /true or false/],
    ['beams=2.5', /whole number/],
    ['r=0.1+r=0.2', /r stands there twice/],
    ['r=0.1,r=0.10', /same setting as "r=0.1"/],
    ['default,default', /same setting as "default"/],
    [Array.from({ length: 65 }, (_, i) => `r=${i / 100}`).join(','), /names 65 settings; at most 64/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => parseAblation(text),
      (error: unknown) => error instanceof AppError && error.code === 'invalid_option' && message.test(error.message),
      text,
    );
  }
  assert.equal(parseAblation(Array.from({ length: 64 }, (_, i) => `r=${i / 100}`).join(',')).length, 64);
});
