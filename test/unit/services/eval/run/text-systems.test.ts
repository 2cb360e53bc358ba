import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstSystem, oracleSystem, sourceSystem } from '../../../../../services/eval/run/text-systems.ts';
import { toyItem } from '../../../../support/toy-evaluation.ts';

const signal = new AbortController().signal;
const normalizer = { script: 'hans', numerals: 'arabic' } as const;

test('the source as it is, the first of the list, the best of the list', async () => {
  const item = toyItem(1, {
    source: 'as it is',
    references: ['The cat sat.'],
    hypotheses: [{ text: 'the bat sat' }, { text: 'the cat sat' }, { text: 'The cat sat.' }],
  });
  assert.equal((await sourceSystem().run(item, signal)).text, 'as it is');
  assert.equal((await firstSystem().run(item, signal)).text, 'the bat sat');
  assert.equal((await oracleSystem(normalizer).run(item, signal)).text, 'the cat sat', 'the earlier one of two equals');
});

test('an item without what a system needs is told by its place', async () => {
  await assert.rejects(sourceSystem().run(toyItem(3), signal), { code: 'manifest_malformed', message: /^toy:3/ });
  await assert.rejects(firstSystem().run(toyItem(4, { hypotheses: [] }), signal), { message: /^toy:4/ });
});
