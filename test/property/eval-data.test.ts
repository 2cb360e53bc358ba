import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../models/core/app-error.ts';
import { openDataSet } from '../../services/eval/data/data-set.ts';
import { readRows } from '../../services/eval/data/delimited-rows.ts';
import { DATA_FORMS, type DataForm } from '../../services/eval/data/detect.ts';
import { references } from '../../services/eval/data/fcgec.ts';
import { readElements } from '../../services/eval/data/json-elements.ts';
import type { EvalTask } from '../../services/eval/results.ts';

const SEED = 20261125;
let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bytefuse-eval-data-'));
});
after(() => rm(folder, { recursive: true, force: true }));

/** Pieces that the forms are made of, so that random files get past the first character. */
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\t',
  '\n',
  '\r\n',
  '\\',
  '|||',
  '|',
  '||',
  ' ',
  'S ',
  'A ',
  '0 1',
  '-1 -1',
  'noop',
  '-NONE-',
  '"file"',
  '"text"',
  '"source"',
  '"target"',
  '"gt_file"',
  '"input"',
  '"output"',
  '"entities"',
  '"sentence"',
  '"operation"',
  '"id"',
  '"scores"',
  '{"a":{"sentence":"ab","operation":[',
  '"Switch"',
  '"Delete"',
  '"Insert"',
  '"Modify"',
  '"pos"',
  '"tag"',
  '"label"',
  '"MOD_1"',
  'null',
  '1',
  '-1',
  '1e999',
  'x',
  'a.wav',
  '..',
  'path,text',
  'source\ttarget',
  'utt1 a.wav',
  '天',
  '\u0000',
  '\uFEFF',
  '没有错误',
];
const content = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => Buffer.from(pieces.join(''))),
);
const TASKS: readonly EvalTask[] = ['asr', 'ocr', 'gec', 'darag', 'ner'];
const NAMES = ['manifest.jsonl', 'data.json', 'data.csv', 'data.tsv', 'data.m2', 'data.txt', 'wav.scp', 'x.src'];

test('whatever the bytes are, items or an AppError come out', async () => {
  await fc.assert(
    fc.asyncProperty(
      content,
      content,
      fc.constantFrom(...TASKS),
      fc.constantFrom(...NAMES),
      fc.option(fc.constantFrom<DataForm>(...DATA_FORMS), { nil: undefined }),
      async (list, beside, task, name, form) => {
        await Promise.all(NAMES.map((other) => rm(join(folder, other), { force: true })));
        for (const other of ['text', 'x.tgt', 'a.wav']) await writeFile(join(folder, other), beside);
        await writeFile(join(folder, name), list);
        try {
          const dataSet = await openDataSet(join(folder, name), { task, ...(form && { form }) });
          let count = 0;
          for await (const item of dataSet.items()) {
            count++;
            assert.ok(item.references.length > 0 && item.references.every((text) => text.trim() !== ''));
          }
          assert.equal(count, dataSet.count);
        } catch (error) {
          assert.ok(error instanceof AppError, (error as Error).stack);
          assert.notEqual(error.code, 'internal');
        }
      },
    ),
    { seed: SEED, numRuns: 1500 },
  );
});

test('an array is divided as JSON.parse divides it, however it is laid out', async () => {
  const path = join(folder, 'layout.json');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.jsonValue(), { maxLength: 8 }),
      fc.constantFrom(0, 1, '\t'),
      async (values, indent) => {
        const text = JSON.stringify(values, null, indent);
        await writeFile(path, text);
        const found: unknown[] = [];
        for await (const { value } of readElements({ path, name: 'f' })) found.push(value);
        assert.deepEqual(found, JSON.parse(text));
      },
    ),
    { seed: SEED, numRuns: 200 },
  );
});

test('rows that are written as RFC 4180 says are read back, with the line that each begins on', async () => {
  const path = join(folder, 'rows.csv');
  const cell = fc
    .array(fc.constantFrom('a', '"', ',', '\n', ' ', '天'), { maxLength: 6 })
    .map((chars) => chars.join(''));
  const rows = fc.array(fc.array(cell, { minLength: 2, maxLength: 3 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(rows, async (expected) => {
      const written = expected.map((cells) => cells.map((text) => `"${text.replaceAll('"', '""')}"`).join(','));
      await writeFile(path, `${written.join('\r\n')}\r\n`);
      const found: (readonly string[])[] = [];
      let line = 1;
      for await (const { cells, number } of readRows({ path, name: 'f' }, ',')) {
        assert.equal(number, line);
        line += written[found.length]!.split('\n').length;
        found.push(cells);
      }
      assert.deepEqual(found, expected);
    }),
    { seed: SEED, numRuns: 200 },
  );
});

test('FCGEC: reordering and deleting keep the characters that are not deleted', () => {
  const sentence = 'ABCDEFGH';
  const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(order, fc.subarray([0, 1, 2, 3, 4, 5, 6, 7]), (Switch, Delete) => {
      const expected = Switch.filter((_, at) => !Delete.includes(at)).map((index) => sentence[index]);
      assert.deepEqual(references(sentence, [{ Switch, Delete }], 'f:1'), [expected.join('')]);
    }),
    { seed: SEED, numRuns: 200 },
  );
});
