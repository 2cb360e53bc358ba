import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readElements } from '../../../../../services/eval/data/json-elements.ts';
import { RECORD_BYTES_MAX } from '../../../../../services/eval/data/limits.ts';
import { dataFolder } from './temporary-data.ts';

async function elementsOf(content: string): Promise<[string, unknown][]> {
  const folder = await dataFolder({ f: content });
  const found: [string, unknown][] = [];
  for await (const { where, value } of readElements({ path: join(folder, 'f'), name: 'f' })) found.push([where, value]);
  return found;
}

test('brackets, commas and quotes inside strings divide nothing', async () => {
  const values = ['a,b', '[{', '}\\"]', { '"': [1, { x: '\\' }] }, 3, null, [[], {}], 'é天'];
  const found = await elementsOf(JSON.stringify(values));
  assert.deepEqual(
    found.map(([, value]) => value),
    values,
  );
});

test('an element is named by the line it begins on, and by its place where it is not the first there', async () => {
  assert.deepEqual(await elementsOf('\uFEFF\n[ 1, 2,\n\n {"a":\n 3} ]\n'), [
    ['f:2', 1],
    ['f:2 (element 2)', 2],
    ['f:4', { a: 3 }],
  ]);
});

test('of an object each entry comes apart', async () => {
  assert.deepEqual(await elementsOf('{"a": {"x": 1},\n"b": 2}'), [
    ['f:1', { a: { x: 1 } }],
    ['f:2', { b: 2 }],
  ]);
  assert.deepEqual(await elementsOf('{}'), []);
  assert.deepEqual(await elementsOf(' [ ] '), []);
});

test('elements across blocks stay whole, and one over the limit is refused', async () => {
  const values = Array.from({ length: 40 }, (_, i) => `${i}${'天,'.repeat(20_000)}`);
  const found = await elementsOf(JSON.stringify(values));
  assert.ok(found.every(([, value], i) => value === values[i]));
  assert.equal(found.length, values.length);
  const fits = 'x'.repeat(RECORD_BYTES_MAX - 2);
  assert.equal((await elementsOf(JSON.stringify([fits]))).length, 1);
  await assert.rejects(elementsOf(JSON.stringify([1, `${fits}x`])), /f:1: the element is longer than 4194304 bytes/);
});

test('what is no JSON container, or none that ends, is refused', async () => {
  for (const [content, message] of [
    ['', /f:1: the file holds no JSON/],
    ['"a"', /f:1: neither a JSON array nor an object/],
    ['[1', /f:1: the JSON ends in the middle/],
    ['[1,\n', /f:2: the JSON ends in the middle/],
    ['["a', /f:1: the JSON ends in the middle/],
    ['[,1]', /f:1: a comma without an element/],
    ['[1,,2]', /f:1: a comma without an element/],
    ['[1}', /f:1: a bracket that does not fit/],
    ['[[1}]', /f:1: not valid JSON/],
    ['{"a" 1}', /f:1: not valid JSON/],
    ['[1][2]', /f:1: text after the end/],
  ] as const) {
    await assert.rejects(elementsOf(content), message, content);
  }
});
