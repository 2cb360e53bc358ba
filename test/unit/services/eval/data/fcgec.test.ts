import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { references } from '../../../../../services/eval/data/fcgec.ts';
import { dataFolder, readAll } from './temporary-data.ts';

const expand = (operation: object) => references('ABCDE', [operation], 'f.json:1');

test('the operations do what the data set says of them', () => {
  assert.deepEqual(expand({ Switch: [0, 2, 1, 3, 4] }), ['ACBDE']);
  assert.deepEqual(expand({ Delete: [3] }), ['ABCE']);
  assert.deepEqual(expand({ Insert: [{ pos: 1, tag: 'INS_1', label: ['F'] }] }), ['ABFCDE']);
  assert.deepEqual(expand({ Modify: [{ pos: 2, tag: 'MOD_1', label: ['F'] }] }), ['ABFDE']);
  assert.deepEqual(expand({ Modify: [{ pos: 1, tag: 'MOD_3+DEL_1', label: 'xy' }] }), ['AxyE']);
  assert.deepEqual(expand({ Insert: [{ pos: -1, tag: 'INS_1', label: 'F' }] }), ['FABCDE']);
});

test('positions count in the reordered sentence', () => {
  assert.deepEqual(expand({ Switch: [4, 0, 1, 2, 3], Delete: [0] }), ['ABCD']);
});

test('alternatives of several labels multiply, and equal references are given once', () => {
  const insert = { pos: 0, tag: 'INS_1', label: ['x', 'y'] };
  const modify = { pos: 4, tag: 'MOD_1', label: ['1', '2', '1'] };
  assert.deepEqual(expand({ Insert: [insert], Modify: [modify] }), ['AxBCD1', 'AxBCD2', 'AyBCD1', 'AyBCD2']);
});

test('what is odd in the published file is read as meant', () => {
  const modify = { pos: 1, tag: 'MOD_1', label: 'x' };
  assert.deepEqual(expand({ Insert: [{ pos: 1, tag: 'INS_1', label: 'y' }], Modify: [modify] }), ['AxyCDE']);
  assert.deepEqual(expand({ Modify: [{ pos: 1, tag: 'INS_2', label: 'x' }] }), ['ABxCDE']);
  assert.deepEqual(expand({ Switch: [1, 0, 2] }), ['BACDE']);
});

test('labels that overlap, and more references than the limit, are refused', () => {
  const inside = { Modify: [{ pos: 1, tag: 'MOD_2', label: 'x' }], Insert: [{ pos: 2, tag: 'INS_1', label: 'y' }] };
  assert.throws(() => expand(inside), /f\.json:1: labels overlap/);
  const label = Array.from({ length: 17 }, (_, i) => `${i} `);
  const many = [0, 1].map((pos) => ({ pos, tag: 'INS_1', label }));
  assert.throws(() => expand({ Insert: many }), /more than 256 references/);
  const twice = [1, 1].map((pos) => ({ pos, tag: 'INS_1', label: 'x' }));
  assert.throws(() => expand({ Insert: twice }), /two labels of one kind/);
});

test('positions count characters, also those outside the basic plane', () => {
  assert.deepEqual(references('𠮷野家', [{ Delete: [1] }], 'f.json:1'), ['𠮷家']);
});

test('a file gives each sentence with its id and the line that it begins on', async () => {
  const folder = await dataFolder({
    'f.json': JSON.stringify(
      {
        one: { sentence: '天地', error_flag: 1, operation: JSON.stringify([{ Delete: [0] }, { Delete: [1] }]) },
        two: { sentence: '天', error_flag: 0, operation: '[]' },
      },
      null,
      2,
    ),
  });
  const { dataSet, items } = await readAll(join(folder, 'f.json'), { task: 'gec', language: 'zh' });
  assert.equal(dataSet.form, 'fcgec');
  assert.deepEqual(
    items.map(({ id, where, source, references: own }) => [id, where, source, own]),
    [
      ['one', 'f.json:2', '天地', ['地', '天']],
      ['two', 'f.json:7', '天', ['天']],
    ],
  );
});
