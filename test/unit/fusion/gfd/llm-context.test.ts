import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextText } from '../../../../fusion/gfd/llm-context.ts';

const parts = { prompt: '', hotwords: [] as string[], previousText: '', previousCharsMax: 40 };

test('prompt, hotwords and previous text stand on lines of their own', () => {
  assert.equal(contextText(parts), '');
  assert.equal(contextText({ ...parts, prompt: ' A lecture. ' }), 'A lecture.\n');
  assert.equal(contextText({ ...parts, hotwords: ['Ankara', 'İzmir'], previousText: ' So.' }), 'Ankara, İzmir\nSo.');
});

test('previous text stays within its limit, and its beginning moves in jumps, so that caches stay valid', () => {
  const words = Array.from({ length: 60 }, (_, i) => `w${i}`);
  const starts = new Set<string>();
  for (let n = 1; n <= words.length; n++) {
    const shown = contextText({ ...parts, previousText: words.slice(0, n).join(' ') });
    assert.ok(shown.length <= 40);
    assert.ok(shown.endsWith(words[n - 1]!), 'the newest text is always shown');
    starts.add(shown.split(' ')[0]!);
  }
  assert.ok(starts.size <= 12, `the beginning moved ${starts.size} times in 60 words`);
});
