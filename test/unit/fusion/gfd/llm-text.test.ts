import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LlmText } from '../../../../fusion/gfd/llm-text.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const table = new Map([['體', '体']]);

test('finished characters are mapped, unfinished ones wait', () => {
  const text = new LlmText(table, { dropLeadingSpace: false });
  assert.deepEqual(text.view(bytes('身體')), bytes('身体'));
  assert.deepEqual(text.view(bytes('身體').subarray(0, 5)), bytes('身體').subarray(0, 5));
});

test('the space before the first word is dropped only when asked, and only the first', () => {
  assert.deepEqual(new LlmText(new Map(), { dropLeadingSpace: true }).view(bytes('  a')), bytes(' a'));
  assert.deepEqual(new LlmText(new Map(), { dropLeadingSpace: false }).view(bytes(' a')), bytes(' a'));
});
