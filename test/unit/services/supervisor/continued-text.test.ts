import assert from 'node:assert/strict';
import { test } from 'node:test';
import { continuedText } from '../../../../services/supervisor/continued-text.ts';

test('text that was committed stays, and what follows it goes on behind it', () => {
  const cases = [
    ['', 'any text', 'any text'],
    ['call me', 'call me ishmael', 'call me ishmael'],
    ['call me ishmael', 'call me', 'call me ishmael'],
    ['call me c', 'call me kaptain', 'call me captain'],
    ['call him ', 'call me ishmael', 'call him ishmael'],
    ['some years ago ', 'some ears ago never', 'some years ago never'],
    ['nothing alike', 'zzz', 'nothing alike'],
    ['今天天气很', '今天天汽很好', '今天天气很好'],
    ['smile 😀 ', 'smile 😁 now', 'smile 😀 now'],
  ] as const;
  for (const [committed, text, wanted] of cases) assert.equal(continuedText(committed, text), wanted);
});
