import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cheapestAlignments } from '../../../../../services/eval/gec/alignment.ts';
import { charEdits, charEditType, charTokens } from '../../../../../services/eval/gec/char-edits.ts';
import { charKnowledge, NOTHING_KNOWN, substitutionCost } from '../../../../../services/eval/gec/char-similarity.ts';
import { TIED_ALIGNMENTS_MAX } from '../../../../../services/eval/gec/limits.ts';
import { SpanScorer } from '../../../../../services/eval/gec/span-scorer.ts';
import { readCases } from '../../../../support/case-file.ts';

type Row = [
  known: 0 | 1,
  source: string,
  targets: string[],
  edits: [start: number, end: number, type: string, correction: string][][][],
  byType: Record<string, [tp: number, fp: number, fn: number]>,
];

/** What ChERRANT says; see fixtures/golden/cherrant-edits.py. */
const PUBLISHED: {
  tables: { thesaurus: string; confusions: string; sounds: Record<string, string[]> };
  sums: [number, number, number][];
  rows: Row[];
} = JSON.parse(readFileSync(new URL('../../../../../../fixtures/golden/cherrant-edits.json', import.meta.url), 'utf8'));

test('edits of every alignment, and counts by type, equal those of ChERRANT, with and without its kind of tables', () => {
  const { thesaurus, confusions, sounds } = PUBLISHED.tables;
  const tables = charKnowledge({ thesaurus, confusions, sounds: new Map(Object.entries(sounds)) });
  const scorers = [new SpanScorer({ ignoreSpaces: true }), new SpanScorer({ ignoreSpaces: true })];
  let ties = 0;
  for (const [known, source, targets, published, byType] of PUBLISHED.rows) {
    const lists = targets.map((target) =>
      charEdits(source, target, { knowledge: known === 1 ? tables : NOTHING_KNOWN }),
    );
    const plain = lists.map((alignments) =>
      alignments.map((edits) => edits.map(({ start, end, type, corrections }) => [start, end, type, ...corrections])),
    );
    assert.deepEqual(plain, published, `${source} ${targets.join(' ')}`);
    ties += lists.filter((alignments) => alignments.length > 1).length;
    const [hypothesis, ...references] = lists.map((alignments) => alignments.flat());
    const { hits } = scorers[known]!.add(hypothesis!, references);
    assert.deepEqual(
      Object.fromEntries([...hits].map(([type, { tp, fp, fn }]) => [type, [tp, fp, fn]])),
      byType,
      `${source} ${targets.join(' ')}`,
    );
  }
  assert.ok(ties > 20, 'the sentences must hold ties, or nothing is said of them');
  assert.deepEqual(
    scorers.map(({ sum }) => [sum.tp, sum.fp, sum.fn]),
    PUBLISHED.sums,
  );
});

test('hand-written cases', () => {
  const cases = readCases('fixtures/cases/gec/zh-edits.cases.txt');
  assert.ok(cases.length >= 8);
  for (const { input, expected, where } of cases) {
    const [source, target] = input.split(' -> ');
    const edits = charEdits(source!, target!, { alignments: 'first' })[0]!;
    const shown = edits.map(({ start, end, type, corrections }) => {
      const before = charTokens(source!).slice(start, end).join('');
      return `${type} ${start}-${end} ${before || '_'} > ${corrections[0]!.replaceAll(' ', '') || '_'}`;
    });
    assert.equal(shown.join('; '), expected, where);
  }
});

test('equally cheap alignments each give a list of edits, and the first of them alone on demand', () => {
  const texts = (lists: ReturnType<typeof charEdits>) =>
    lists.map((edits) => edits.map(({ start, end, corrections }) => `${start} ${end} ${corrections[0]}`).join('; '));
  const both = texts(charEdits('昨天好。', '昨天。得好'));
  assert.deepEqual(both, ['2 3 ; 4 4 得 好', '2 2 。 得; 3 4 ']);
  assert.deepEqual(texts(charEdits('昨天好。', '昨天。得好', { alignments: 'first' })), both.slice(0, 1));
});

test('alignments are listed up to the limit, and only one where the lengths differ by more than ten', () => {
  // Two characters for one: either may be the one deleted, so each place doubles the alignments.
  const places = (count: number, before: string, after: string): [string[], string[]] => [
    [...before.repeat(count)],
    [...after.repeat(count)],
  ];
  const count = ([source, target]: [string[], string[]]) =>
    [...cheapestAlignments(source, target, { knowledge: NOTHING_KNOWN, alignments: 'all' })].length;
  const [from, to] = places(7, '甲乙，', '丙，');
  const [more, less] = places(7, '丁，', '戊己，');
  assert.equal(count([from, to]), 2 ** 7);
  assert.equal(
    count([
      [...from, ...more],
      [...to, ...less],
    ]),
    TIED_ALIGNMENTS_MAX,
  );
  assert.equal(
    count([
      [...from, ...more, '甲', '乙', '，'],
      [...to, ...less, '丙', '，'],
    ]),
    TIED_ALIGNMENTS_MAX,
  );
  assert.equal(count(places(10, '甲乙，', '丙，')), 2 ** 10);
  assert.equal(count(places(11, '甲乙，', '丙，')), 1);
});

test('a sentence of 500 characters, none of which is kept, is one edit', () => {
  const from = Array.from({ length: 500 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join('');
  const to = Array.from({ length: 500 }, (_, i) => String.fromCodePoint(0x6e00 + i)).join('');
  const edits = charEdits(from, to);
  assert.deepEqual(
    edits[0]!.map(({ start, end, type }) => [start, end, type]),
    [[0, 500, 'S']],
  );
  assert.throws(() => charEdits('甲'.repeat(5000), '乙'.repeat(5000)), RangeError);
});

test('substitutions are priced by meaning, sound, shape and kind', () => {
  const known = charKnowledge({
    thesaurus: 'Aa01A01= 做 作\nAa01B01= 坐\nBa01A01= 树\n',
    confusions: '末 未\n',
    sounds: new Map([
      ['做', ['zuo']],
      ['坐', ['zuo']],
    ]),
  });
  assert.equal(substitutionCost('做', '做', known), 0);
  assert.equal(substitutionCost('做', '作', known), 0.75);
  assert.equal(substitutionCost('做', '坐', known), 0.25);
  assert.equal(substitutionCost('树', '坐', known), 2 / 6 + 0.75);
  assert.equal(substitutionCost('未', '末', known), 4 / 6 + 0.25);
  assert.equal(substitutionCost('，', '、', known), 4 / 6 + 0.5);
  assert.equal(substitutionCost('，', '坐', known), 4 / 6 + 0.5 + 0.499);
});

test('white space is no token, and the mark for missing words is one', () => {
  assert.deepEqual(charTokens(' 我 𠮷\u3000[缺失成分]好 '), ['我', '𠮷', '[缺失成分]', '好']);
  assert.deepEqual(charEdits('我好', '我[缺失成分]好')[0], [
    { start: 1, end: 1, type: 'M', corrections: ['[缺失成分]'] },
  ]);
  assert.deepEqual(charEdits('我 好', '我好'), [[]]);
  assert.deepEqual(
    [charEditType('', '好'), charEditType('好', ''), charEditType('好很', '很 好'), charEditType('好', '很')],
    ['M', 'R', 'W', 'S'],
  );
});
