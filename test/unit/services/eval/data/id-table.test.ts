import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdTable } from '../../../../../services/eval/data/id-table.ts';

test('an id that was seen gives the line it was first on', () => {
  const table = new IdTable();
  assert.equal(table.add('a', 3), 0);
  assert.equal(table.add('', 4), 0);
  assert.equal(table.add('b', 5), 0);
  assert.equal(table.add('a', 9), 3);
  assert.equal(table.add('', 9), 4);
  assert.equal(table.count, 3);
});

test('300,000 ids that differ in little are all new, then all known, in at most 36 bytes each', () => {
  const table = new IdTable();
  const id = (i: number) => (i % 2 === 0 ? `speaker/utt-${i}.wav` : `speaker/utt-${i}.waw`);
  const count = 300_000;
  for (let i = 0; i < count; i++) assert.equal(table.add(id(i), i + 1), 0);
  for (let i = 0; i < count; i += 7) assert.equal(table.add(id(i), 1), i + 1);
  assert.ok(table.bytes <= 36 * count, `${table.bytes} bytes`);
});

test('ids beyond the limit are refused', () => {
  const table = new IdTable(2);
  table.add('a', 1);
  table.add('b', 2);
  assert.throws(() => table.add('c', 3), /more than 2 ids/);
});
