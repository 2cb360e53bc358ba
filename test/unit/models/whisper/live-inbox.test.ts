import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveInput } from '../../../../models/core/live.ts';
import { LiveInbox } from '../../../../models/whisper/live-inbox.ts';

async function* items(...all: readonly LiveInput[]): AsyncGenerator<LiveInput> {
  yield* all;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const samples = (...values: readonly number[]) => Float32Array.from(values);

test('samples that wait are taken together, up to the next mark', async () => {
  const arrived: number[] = [];
  const input = items(samples(1), samples(2, 3), 'commit', samples(4), 'clear', 'commit', samples(5));
  const inbox = new LiveInbox(input, (position) => arrived.push(position), 99);
  await turn();
  const taken: (string | number[])[] = [];
  for (let item = await inbox.take(); item !== null; item = await inbox.take()) {
    taken.push(typeof item === 'string' ? item : [...item]);
  }
  assert.deepEqual(taken, [[1, 2, 3], 'commit', [4], 'clear', 'commit', [5]]);
  assert.deepEqual(arrived, [1, 3, 4, 5]);
});

test('no more is read than may wait', async () => {
  let read = 0;
  async function* endless(): AsyncGenerator<LiveInput> {
    for (;;) {
      read++;
      yield new Float32Array(10);
    }
  }
  const inbox = new LiveInbox(endless(), () => undefined, 25);
  await turn();
  assert.equal(read, 3);
  assert.equal((await inbox.take())?.length, 30);
  await turn();
  assert.equal(read, 6);
});

test('what waits is taken before a failure of the source is heard of', async () => {
  async function* broken(): AsyncGenerator<LiveInput> {
    yield samples(1);
    throw new Error('pulled out');
  }
  const inbox = new LiveInbox(broken(), () => undefined, 99);
  await turn();
  assert.equal(inbox.drained, true);
  assert.deepEqual(await inbox.take(), samples(1));
  await assert.rejects(inbox.take(), /pulled out/);
});
