import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AppError } from '../../../../../models/core/app-error.ts';
import type { EvalItem, EvalTask } from '../../../../../services/eval/results.ts';
import { openHypotheses } from '../../../../../services/eval/run/hypothesis-file.ts';
import { type HypothesisForm, parseHypothesisSpec } from '../../../../../services/eval/run/hypothesis-form.ts';
import { temporaryFolder } from '../../../../support/model-cache.ts';
import { toyData, toyItem, toyItems } from '../../../../support/toy-evaluation.ts';

interface Case {
  readonly name: string;
  readonly text: string;
  readonly items?: readonly EvalItem[];
  readonly task?: EvalTask;
  readonly form?: HypothesisForm;
}

async function openCase(t: TestContext, { name, text, items = toyItems(3), task = 'asr', form }: Case) {
  const path = join(await temporaryFolder(t), name);
  await writeFile(path, text);
  const system = await openHypotheses({ path, form, task, items: () => toyData(items).items() });
  t.after(() => system.close!());
  return system;
}

async function textsOf(t: TestContext, given: Case): Promise<string[]> {
  const system = await openCase(t, given);
  const texts: string[] = [];
  for (const item of given.items ?? toyItems(3)) {
    texts.push((await system.run(item, new AbortController().signal)).text);
  }
  return texts;
}

const rejects = (t: TestContext, given: Case, message: RegExp) =>
  assert.rejects(openCase(t, given), (error: unknown) => {
    assert.ok(error instanceof AppError && error.code === 'hypotheses_malformed', String(error));
    assert.match(error.message, message);
    return true;
  });

test('lines: in the order of the data, an empty one is an empty hypothesis; line ends of any kind', async (t) => {
  assert.deepEqual(await textsOf(t, { name: 'a.txt', text: 'one\n\nthree words here\n' }), [
    'one',
    '',
    'three words here',
  ]);
  assert.deepEqual(await textsOf(t, { name: 'b.txt', text: '\ufeffone\r\n二\r\n三' }), ['one', '二', '三']);
});

test('lines that are too few or too many are told with the item or the line', async (t) => {
  await rejects(t, { name: 'a.txt', text: 'one\ntwo\n' }, /no hypothesis for item-3 \(toy:3\): it has 2 hypotheses/);
  await rejects(t, { name: 'a.txt', text: '1\n2\n3\n4\n' }, /a\.txt:4: the data set has only 3 items/);
});

test('jsonl: by id, in any order', async (t) => {
  const text = '{"id":"item-3","text":"c"}\n\n{"id":"item-1","text":"a"}\n{"id":"item-2","text":"b"}\n';
  assert.deepEqual(await textsOf(t, { name: 'a.jsonl', text }), ['a', 'b', 'c']);
});

test('jsonl: what is wrong is told with its line', async (t) => {
  const line = (id: string) => `{"id":"${id}","text":"x"}\n`;
  const all = line('item-1') + line('item-2') + line('item-3');
  await rejects(t, { name: 'a.jsonl', text: `${all}{"id":\n` }, /a\.jsonl:4: not a JSON object/);
  await rejects(t, { name: 'a.jsonl', text: `${all}{"id":"x"}\n` }, /:4: "text" is missing/);
  await rejects(t, { name: 'a.jsonl', text: `${all}${line('item-2')}` }, /:4: item-2 is there twice/);
  await rejects(t, { name: 'a.jsonl', text: `${line('item-9')}${all}` }, /:1: the data set has no item item-9/);
  await rejects(t, { name: 'a.jsonl', text: line('item-1') + line('item-3') }, /item-2 \(toy:2\): no line has its id/);
});

test('Kaldi text is told from lines by its name or by its first id', async (t) => {
  const text = 'item-2\titem two\nitem-1 the first\nitem-3\n';
  assert.deepEqual(await textsOf(t, { name: 'text', text }), ['the first', 'item two', '']);
  assert.deepEqual(await textsOf(t, { name: 'hyp.txt', text }), ['the first', 'item two', '']);
  assert.deepEqual(await textsOf(t, { name: 'hyp.txt', text, form: 'lines' }), text.trimEnd().split('\n'));
});

test('TSV: an id and a text, else three columns for gec', async (t) => {
  const text = 'item-1\ta\nitem-2\tb b\nitem-3\t\n';
  assert.deepEqual(await textsOf(t, { name: 'a.tsv', text }), ['a', 'b b', '']);
  await rejects(t, { name: 'a.tsv', text: 'item-1 a\n' }, /:1: 1 columns/);
  const items = [toyItem(1, { source: '他去学校。' }), toyItem(2, { source: 'a cat' })];
  const pairs = '他去学校。\t他去了学校。\na cat\tthe cat\n';
  assert.deepEqual(await textsOf(t, { name: 'a.tsv', text: pairs, task: 'gec', items }), ['他去了学校。', 'the cat']);
  const rows = 'item-2\ta cat\tthe cat\nitem-1\t他去学校。\t他去学校。\n';
  assert.deepEqual(await textsOf(t, { name: 'a.tsv', text: rows, task: 'gec', items }), ['他去学校。', 'the cat']);
  const shifted = 'a cat\tthe cat\n他去学校。\t他去学校。\n';
  await rejects(t, { name: 'a.tsv', text: shifted, task: 'gec', items }, /:1: the source is not that of item-1/);
});

test('M2: edits of the first annotator, from the right; deletions, insertions, noop, alternatives', async (t) => {
  const text = [
    'S He go to to school',
    'A 1 2|||R:VERB|||goes||went|||REQUIRED|||-NONE-|||0',
    'A 2 3|||U:PREP||||||REQUIRED|||-NONE-|||0',
    'A 5 5|||M:PUNCT|||.|||REQUIRED|||-NONE-|||0',
    'A 0 1|||R:PRON|||She|||REQUIRED|||-NONE-|||1',
    '',
    'S 他 去 学 校',
    'A 2 2|||M|||了|||REQUIRED|||-NONE-|||0',
    '',
    '',
    'S fine',
    'A -1 -1|||noop|||-NONE-|||REQUIRED|||-NONE-|||0',
    '',
  ].join('\n');
  const items = ['He go to to school', '他去学校', 'fine'].map((source, i) => toyItem(i + 1, { source }));
  assert.deepEqual(await textsOf(t, { name: 'a.m2', text, task: 'gec', items }), [
    'He goes to school .',
    '他去了学校',
    'fine',
  ]);
  const bad = text.replace('A 5 5', 'A 5 9');
  await rejects(t, { name: 'a.m2', text: bad, task: 'gec', items }, /a\.m2:1: edit 5 9 lies outside 5 tokens/);
  await rejects(t, { name: 'a.m2', text: text.replace('S fine', 'S bad'), task: 'gec', items }, /:11: the source/);
});

test('a form before the name is split off, other colons are part of the path', () => {
  assert.deepEqual(parseHypothesisSpec('kaldi:out/x.txt'), { path: 'out/x.txt', form: 'kaldi' });
  assert.deepEqual(parseHypothesisSpec('C:\\x.txt'), { path: 'C:\\x.txt' });
});

test('a file that is not there is file_not_found', async () => {
  const items = () => toyData(toyItems(1)).items();
  await assert.rejects(openHypotheses({ path: 'nowhere.txt', task: 'asr', items }), { code: 'file_not_found' });
});
