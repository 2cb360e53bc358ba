import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { visible } from '../../services/eval/report/page/html.ts';
import { textDiff } from '../../services/eval/report/page/text-diff.ts';

/** Short enough that nothing is folded; scripts with and without spaces, marks and pairs of surrogates. */
const word = fc.constantFrom('one', 'two', 'İki', '你', '好吗', 'w你x', '🙂', 'é', 'ไทย');
const text = fc.array(word, { maxLength: 12 }).map((words) => words.join(' '));
const bare = (joined: string) => joined.replace(/\s/gu, '');

test('a diff holds the whole reference and the whole reading, in order', () => {
  fc.assert(
    fc.property(text, text, (reference, hypothesis) => {
      const { parts } = textDiff(reference, hypothesis);
      const side = (key: 'removed' | 'added') =>
        parts.map((part) => (part.kind === 'same' ? part.text : part.kind === 'changed' ? part[key] : '')).join('');
      assert.equal(bare(side('removed')), bare(reference));
      assert.equal(bare(side('added')), bare(hypothesis));
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('equal texts have no change, and visible text gives itself back', () => {
  fc.assert(
    fc.property(text, fc.string({ unit: 'binary' }), (reference, any) => {
      assert.ok(textDiff(reference, reference).parts.every(({ kind }) => kind === 'same'));
      const shown = visible(any)
        .text.replace(/<span class="code">U\+([0-9A-F]+)<\/span>/g, (_, code) =>
          String.fromCodePoint(Number.parseInt(code, 16)),
        )
        .replace(
          /&(lt|gt|quot|#39|amp);/g,
          (_, name) => ({ lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' })[name as string]!,
        );
      // Tabs become spaces in an escaped text; everything else comes back.
      assert.equal(shown, any.replaceAll('\t', ' '));
      assert.doesNotMatch(visible(any).text.replaceAll('<span class="code">', '').replaceAll('</span>', ''), /[<>"']/);
    }),
    { seed: 2, numRuns: 1000 },
  );
});
