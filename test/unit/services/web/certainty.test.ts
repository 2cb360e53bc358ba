import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certaintyStyle } from '../../../../services/web/page/certainty.ts';

test('a word has the style of its step, from the bound of it on', () => {
  const cases = [
    [1, ''],
    [0.85, ''],
    [0.849, 'sure-mostly'],
    [0.6, 'sure-mostly'],
    [0.599, 'sure-half'],
    [0.35, 'sure-half'],
    [0.349, 'sure-hardly'],
    [0, 'sure-hardly'],
    [undefined, ''],
  ] as const;
  for (const [probability, style] of cases) assert.equal(certaintyStyle(probability), style, String(probability));
});
