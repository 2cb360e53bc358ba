import assert from 'node:assert/strict';
import test from 'node:test';
import type { EncodedWindow } from '../../../../models/whisper/encoder.ts';
import { type DecoderSession, StepDecoder } from '../../../../models/whisper/step-decoder.ts';
import { TOY_MODEL } from '../../../support/toy-whisper.ts';

interface Value {
  readonly data: Float32Array | BigInt64Array;
  readonly dims: readonly number[];
}

const { dModel, heads, nVocab } = TOY_MODEL.dims;
const D_HEAD = dModel / heads;
const WINDOW = {
  frames: 3,
  realFrames: 2,
  crossKeys: [{}],
  crossValues: [{}],
  crossBias: Float32Array.of(0, 0, 2),
  exact: false,
} as unknown as EncodedWindow;

/** A session that keeps what it is fed, and answers a token's id as its key, its position as its value. */
function recording() {
  const calls: Record<string, Value>[] = [];
  const session = {
    tensor: (data: Value['data'], dims: readonly number[]) => ({ data, dims }),
    run: async (feeds: Record<string, Value>, fetches: Record<string, Value | null>) => {
      const kept = Object.entries(feeds).map(([name, value]) => [name, { ...value, data: value.data?.slice() }]);
      calls.push(Object.fromEntries(kept));
      const count = feeds['token']!.dims[0]!;
      const spread = (name: string) => {
        const values = feeds[name]!.data as BigInt64Array;
        return {
          data: Float32Array.from({ length: count * D_HEAD }, (_, i) => Number(values[Math.floor(i / D_HEAD)])),
        };
      };
      const rows = feeds['row']!.data as BigInt64Array;
      rows.forEach((row, i) => {
        const logits = fetches['logits']!.data as Float32Array;
        logits[i * nVocab] = Number((feeds['token']!.data as BigInt64Array)[Number(row)]);
      });
      return {
        'new_k.0': spread('token'),
        'new_v.0': spread('position'),
        align: { data: new Float32Array(count * 3) },
      };
    },
    dispose: async () => {},
  } as unknown as DecoderSession;
  return { calls, decoder: new StepDecoder(session, TOY_MODEL.dims) };
}

/** For each new token, the tokens that it sees: of the pool by their keys, of the call by their ids. */
function visible(call: Record<string, Value>): number[][] {
  const [count, width] = call['mask']!.dims as [number, number];
  const slots = width - count;
  const keys = call['k.0']!.data as Float32Array;
  return Array.from({ length: count }, (_, i) => {
    const row = (call['mask']!.data as Float32Array).subarray(i * width, (i + 1) * width);
    const seen: number[] = [];
    row.forEach((value, column) => {
      if (value !== 0) return;
      const id =
        column < slots ? keys[column * D_HEAD]! : Number((call['token']!.data as BigInt64Array)[column - slots]);
      seen.push(id);
    });
    return seen.sort((a, b) => a - b);
  });
}

test('a token sees its own path and itself, cached or of the same call', async () => {
  const { calls, decoder } = recording();
  const tree = decoder.tree(WINDOW);
  const chain = [0, 1, 2].map((i) => ({ token: 10 + i, parent: i === 0 ? null : i - 1 }));
  const { nodes } = await tree.evaluate(chain, [2]);
  assert.deepEqual(visible(calls[0]!), [[10], [10, 11], [10, 11, 12]]);
  const { nodes: beams } = await tree.evaluate(
    [
      { token: 20, parent: nodes[2]! },
      { token: 21, parent: nodes[1]! },
    ],
    [0, 1],
  );
  assert.deepEqual(visible(calls[1]!), [
    [10, 11, 12, 20],
    [10, 11, 21],
  ]);
  assert.deepEqual([...(calls[1]!['position']!.data as BigInt64Array)], [3n, 2n]);
  await tree.evaluate([{ token: 30, parent: beams[1]! }], [0]);
  assert.deepEqual(visible(calls[2]!), [[10, 11, 21, 30]]);
});

test('each new token is biased toward the frames as the window says', async () => {
  const { calls, decoder } = recording();
  await decoder.tree(WINDOW).evaluate(
    [
      { token: 1, parent: null },
      { token: 2, parent: 0 },
    ],
    [1],
  );
  assert.deepEqual([...(calls[0]!['cross_mask']!.data as Float32Array)], [0, 0, 2, 0, 0, 2]);
});

test('slots come back when nothing below needs them, and pools when a tree is done', async () => {
  const { calls, decoder } = recording();
  const tree = decoder.tree(WINDOW);
  const root = (await tree.evaluate([{ token: 1, parent: null }], [0])).nodes[0]!;
  const [left, right] = (
    await tree.evaluate(
      [
        { token: 2, parent: root },
        { token: 3, parent: root },
      ],
      [0, 1],
    )
  ).nodes;
  tree.release(root);
  assert.equal(tree.size, 3);
  tree.release(left!);
  assert.equal(tree.size, 2);
  const reused = (await tree.evaluate([{ token: 4, parent: right! }], [0])).nodes[0]!;
  assert.equal(reused.slot, left!.slot);
  assert.deepEqual(visible(calls[2]!), [[1, 3, 4]]);
  tree.release(right!);
  tree.release(reused);
  assert.equal(tree.size, 0);
  tree.dispose();
  await assert.rejects(tree.evaluate([{ token: 1, parent: null }], [0]), /released/);
});

test('a window gives the same calls whatever ran before it', async () => {
  const { calls, decoder } = recording();
  const long = decoder.tree(WINDOW);
  const chain = Array.from({ length: 200 }, (_, i) => ({ token: i, parent: i === 0 ? null : i - 1 }));
  await long.evaluate(chain, [199]);
  long.dispose();
  await decoder.tree(WINDOW).evaluate([{ token: 1, parent: null }], [0]);
  assert.deepEqual(calls[1]!['k.0']!.dims, [heads, 64, D_HEAD]);
});

test('logits are those of the rows wanted', async () => {
  const { decoder } = recording();
  const { logits } = await decoder.tree(WINDOW).evaluate(
    [
      { token: 7, parent: null },
      { token: 8, parent: 0 },
    ],
    [1, 0],
  );
  assert.deepEqual([logits[0], logits[nVocab], logits.length], [8, 7, 2 * nVocab]);
});
