import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../../../services/eval/random.ts';
import { hashText, ItemIndex } from '../../../../../services/eval/report/item-index.ts';
import { TopList } from '../../../../../services/eval/report/top-list.ts';

const entry = (id: string, system: number, errors = 0, offset = 0) => ({
  id: hashText(id),
  system,
  offset,
  lengthBytes: 10,
  lineNumber: 1,
  errors,
  units: 5,
});

test('rows are found by id and system, through every growth', () => {
  const index = new ItemIndex();
  for (let i = 0; i < 5000; i++) {
    for (const system of [0, 1, 7]) index.add(entry(`utt-${i}`, system, i, i * 2 ** 21 + system));
  }
  assert.equal(index.size, 15_000);
  for (let i = 0; i < 5000; i += 13) {
    const row = index.find(hashText(`utt-${i}`), 7);
    assert.equal(index.place(row).offset, i * 2 ** 21 + 7, 'offsets beyond 4 GiB are kept');
    assert.equal(index.system(index.sibling(row, 1)), 1);
    assert.equal(index.errors(row), i);
    assert.equal(index.sibling(row, 2), -1);
  }
  assert.equal(index.find(hashText('utt-5000'), 0), -1);
});

test('what is judged twice is kept once, as it came last, and counted', () => {
  const index = new ItemIndex();
  index.add(entry('a', 0, 1));
  index.add(entry('b', 0, 2));
  index.add(entry('a', 0, 3));
  assert.deepEqual([index.size, index.duplicates, index.errors(index.find(hashText('a'), 0))], [2, 1, 3]);
});

test('hashes of ids that differ in one place differ in both halves', () => {
  const seen = new Set<string>();
  const lows = new Set<number>();
  for (let i = 0; i < 100_000; i++) {
    const { high, low } = hashText(`corpus/part-${i % 100}/utterance-${i}.wav`);
    seen.add(`${high}:${low}`);
    lows.add(low);
  }
  assert.equal(seen.size, 100_000);
  // 100,000 of 2^32: about one pair is expected to collide.
  assert.ok(lows.size > 99_990, `${lows.size} different low halves`);
});

test('a top list holds the same as sorting everything', () => {
  const random = new SeededRandom(3);
  for (const capacity of [0, 1, 2, 7, 50]) {
    const values = Array.from({ length: 200 }, () => random.below(1000));
    const list = new TopList<number>(capacity, (a, b) => b - a);
    for (const value of values) list.add(value);
    const sorted = [...values].sort((a, b) => b - a).slice(0, capacity);
    assert.deepEqual(list.sorted(), sorted);
  }
});
