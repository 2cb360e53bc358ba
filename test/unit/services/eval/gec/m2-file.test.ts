import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANNOTATOR_ID_MAX, ANNOTATORS_MAX } from '../../../../../services/eval/gec/limits.ts';
import { goldEditsOf, readM2, writeM2 } from '../../../../../services/eval/gec/m2-file.ts';

const TEXT = `S This are a sentence .
A 1 2|||SVA|||is||was|||REQUIRED|||-NONE-|||0
A 4 5|||U:PUNCT|||-NONE-|||REQUIRED|||-NONE-|||0
A 3 3|||M:ADJ|||short|||REQUIRED|||-NONE-|||2
A -1 -1|||noop|||-NONE-|||REQUIRED|||-NONE-|||1

S Fine .

`;

test('sentences, edits of several annotators, alternatives, deletions and noops are read', () => {
  const [first, second, ...more] = readM2(TEXT);
  assert.equal(more.length, 0);
  assert.equal(first!.source, 'This are a sentence .');
  assert.deepEqual(first!.annotations, [
    {
      annotator: 0,
      edits: [
        { start: 1, end: 2, type: 'SVA', corrections: ['is', 'was'] },
        { start: 4, end: 5, type: 'U:PUNCT', corrections: [''] },
      ],
    },
    { annotator: 1, edits: [] },
    { annotator: 2, edits: [{ start: 3, end: 3, type: 'M:ADJ', corrections: ['short'] }] },
  ]);
  assert.equal(goldEditsOf(first!).length, 3);
  assert.deepEqual(goldEditsOf(second!), [[]]);
});

test('what is written is read back the same, whatever the line ends, and lines of other tools are read over', () => {
  const entries = readM2(TEXT);
  assert.deepEqual(readM2(writeM2(entries)), entries);
  assert.deepEqual(readM2(`\uFEFF${TEXT.replaceAll('\n', '\r\n')}`), entries);
  assert.deepEqual(readM2(TEXT.replace('\nA 1', '\nT0-A0 This is .\nI whatever\nA 1')), entries);
});

test('what is no M2 is refused with file and line', () => {
  const edit = 'A 0 1|||x|||y|||REQUIRED|||-NONE-|||0';
  const cases: [text: string, message: RegExp][] = [
    ['A 0 1|||x|||y|||REQUIRED|||-NONE-|||0', /gold\.m2:1: a block begins/u],
    [`S a\n\nS b\n${edit}\nB`, /gold\.m2:5: not a line of an M2 file/u],
    ['S a\nS b', /gold\.m2:2: a second sentence/u],
    ['S a\nA 0 1|||x|||y', /gold\.m2:2: 3 fields/u],
    ['S a\nA 0|||x|||y|||REQUIRED|||-NONE-|||0', /gold\.m2:2: "0" is not a start and an end/u],
    ['S a\nA 0 2|||x|||y|||REQUIRED|||-NONE-|||0', /gold\.m2:2: the edit covers tokens 0 to 2, .* has 1/u],
    ['S a\nA 1 0|||x|||y|||REQUIRED|||-NONE-|||0', /gold\.m2:2: the edit covers tokens 1 to 0/u],
    ['S a\nA 0 1|||x|||y|||REQUIRED|||-NONE-|||me', /gold\.m2:2: annotator "me"/u],
    [`S a\n${edit.slice(0, -1)}${ANNOTATOR_ID_MAX + 1}`, /gold\.m2:2: annotator "10000"/u],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => readM2(text, 'gold.m2'), { code: 'm2_malformed', message }, text);
  }
  assert.equal(readM2(`S a\n${edit.slice(0, -1)}${ANNOTATOR_ID_MAX}`).length, 1);
});

test('annotators are counted up to the limit', () => {
  const annotators = (count: number) =>
    `S a\n${Array.from({ length: count }, (_, id) => `A 0 1|||x|||y|||REQUIRED|||-NONE-|||${id}`).join('\n')}`;
  assert.equal(readM2(annotators(ANNOTATORS_MAX))[0]!.annotations.length, ANNOTATORS_MAX);
  assert.throws(() => readM2(annotators(ANNOTATORS_MAX + 1)), { code: 'm2_malformed' });
});

test('text that the format cannot hold is not written', () => {
  const entry = (source: string, correction: string) => ({
    source,
    annotations: [{ annotator: 0, edits: [{ start: 0, end: 1, type: 'x', corrections: [correction] }] }],
  });
  assert.throws(() => writeM2([entry('a\nb', 'c')]), RangeError);
  for (const correction of ['a||b', '|a', 'a|', 'a\nb']) {
    assert.throws(() => writeM2([entry('a b', correction)]), RangeError);
  }
  assert.deepEqual(readM2(writeM2([entry('a', 'b|c')])), [entry('a', 'b|c')]);
});
