import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { GraphBuilder } from '../../../../models/convert/graph-builder.ts';
import { ModelProto } from '../../../../models/convert/onnx-proto.ts';
import { weightBytes, writeModel } from '../../../../models/convert/onnx-writer.ts';
import { arraySource, joinedSource, type TensorSource } from '../../../../models/convert/weight-source.ts';

const BIG = Float32Array.from({ length: 2000 }, (_, i) => i);
const SMALL = Float32Array.of(1, 2, 3);

function toyGraph(): GraphBuilder {
  const graph = new GraphBuilder('toy');
  graph.metadata['origin'] = 'test';
  const x = graph.input('x', 'float32', ['N', 3]);
  const small = graph.weight('small', 'float32', [3], arraySource(SMALL));
  const big = graph.weight('big', 'float32', [2, 1000], joinedSource([arraySource(BIG), arraySource(BIG.slice(0, 0))]));
  const sum = graph.node('Add', [x, small]);
  graph.node('Toy', [sum, big, graph.ints([-1, 7])], {
    whole: -3,
    fraction: 0.5,
    text: 'né',
    list: [1, -2],
    mixed: [1, 2.5],
    one: { float: 1 },
    long: 5n,
  });
  graph.node('Other', [sum], {}, { domain: 'com.microsoft', outputs: ['y', ''] });
  graph.output('y', 'float32', ['N', 3]);
  return graph;
}

interface Parsed {
  readonly irVersion: number;
  readonly opsetImport: { domain: string; version: number }[];
  readonly metadataProps: { key: string; value: string }[];
  readonly graph: {
    readonly node: {
      input: string[];
      output: string[];
      opType: string;
      domain: string;
      attribute: Record<string, unknown>[];
    }[];
    readonly initializer: {
      name: string;
      dims: number[];
      dataType: number;
      rawData: Uint8Array;
      externalData: { key: string; value: string }[];
    }[];
    readonly input: { name: string; type: { tensorType: { elemType: number; shape: { dim: object[] } } } }[];
    readonly output: { name: string }[];
  };
}

async function parse(path: string): Promise<Parsed> {
  const message = ModelProto.decode(await readFile(path));
  return ModelProto.toObject(message, { longs: Number, defaults: true, arrays: true }) as Parsed;
}

describe('writeModel', () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'bytefuse-onnx-'));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it('writes a graph that reads back as it was built', async () => {
    await writeModel(toyGraph(), dir, 'toy.onnx');
    const { graph, opsetImport, metadataProps, irVersion } = await parse(join(dir, 'toy.onnx'));
    assert.equal(irVersion, 10);
    assert.deepEqual(opsetImport, [
      { domain: '', version: 21 },
      { domain: 'com.microsoft', version: 1 },
    ]);
    assert.deepEqual(metadataProps, [{ key: 'origin', value: 'test' }]);
    assert.deepEqual(
      graph.node.map((node) => `${node.domain}:${node.opType}`),
      [':Add', ':Toy', 'com.microsoft:Other'],
    );
    assert.deepEqual(graph.node[0]!.input, ['x', 'small']);
    assert.deepEqual(graph.node[2]!.output, ['y', '']);
    const attributes = Object.fromEntries(
      graph.node[1]!.attribute.map(({ name, type, i, f, s, ints, floats }) => {
        const byType: Record<number, unknown> = {
          1: f,
          2: i,
          3: Buffer.from(s as Uint8Array).toString(),
          6: floats,
          7: ints,
        };
        return [name, byType[type as number]];
      }),
    );
    const expected = { whole: -3, fraction: 0.5, text: 'né', list: [1, -2], mixed: [1, 2.5], one: 1, long: 5 };
    assert.deepEqual(attributes, expected);
    const input = graph.input[0]!;
    assert.equal(input.type.tensorType.elemType, 1);
    assert.deepEqual(
      input.type.tensorType.shape.dim.map((dim) => Object.values(dim)),
      [
        [0, 'N'],
        [3, ''],
      ],
    );
    assert.deepEqual(
      graph.output.map((output) => output.name),
      ['y'],
    );
  });

  it('puts weights into the data file where the model says, large ones on a page of their own', async () => {
    await writeModel(toyGraph(), dir, 'toy.onnx');
    const { graph } = await parse(join(dir, 'toy.onnx'));
    const data = await readFile(join(dir, 'toy.onnx.data'));
    assert.equal(data.length, weightBytes(toyGraph()));
    for (const [name, values] of [
      ['small', SMALL],
      ['big', BIG],
    ] as const) {
      const tensor = graph.initializer.find((initializer) => initializer.name === name)!;
      const place = Object.fromEntries(tensor.externalData.map(({ key, value }) => [key, value]));
      assert.equal(place['location'], 'toy.onnx.data');
      const [offset, length] = [Number(place['offset']), Number(place['length'])];
      assert.equal(offset % (name === 'big' ? 4096 : 64), 0);
      const found = data.subarray(offset, offset + length);
      assert.deepEqual(new Float32Array(new Uint8Array(found).buffer), values);
    }
    const constant = graph.initializer.find((initializer) => initializer.dataType === 7)!;
    assert.deepEqual([...new BigInt64Array(new Uint8Array(constant.rawData).buffer)], [-1n, 7n]);
  });

  it('reports the bytes of weights as they are written', async () => {
    let bytes = 0;
    await writeModel(toyGraph(), dir, 'toy.onnx', { onBytes: (more) => (bytes += more) });
    assert.equal(bytes, BIG.byteLength + SMALL.byteLength);
  });

  const failing = async (source: TensorSource, signal?: AbortSignal): Promise<unknown> => {
    const graph = new GraphBuilder('broken');
    graph.weight('first', 'float32', [3], arraySource(SMALL));
    graph.weight('w', 'uint8', [source.byteLength], source);
    const before = await readdir(dir);
    try {
      await writeModel(graph, dir, 'broken.onnx', { ...(signal && { signal }) });
    } catch (error) {
      assert.deepEqual(await readdir(dir), before, 'nothing is left behind');
      return error;
    }
    return assert.fail('it should have failed');
  };

  it('leaves nothing behind when a source fails, or gives another number of bytes than it promised', async () => {
    const broken = (chunks: () => Iterable<Uint8Array>): TensorSource => ({ byteLength: 10, chunks });
    assert.match(String(await failing(broken(() => [new Uint8Array(9)]))), /gave 9 bytes and promised 10/);
    assert.match(String(await failing(broken(() => [new Uint8Array(11)]))), /promised 10/);
    const error = await failing(
      broken(function* () {
        yield new Uint8Array(5);
        throw new Error('the disk caught fire');
      }),
    );
    assert.match(String(error), /caught fire/);
  });

  it('stops with "canceled" when the signal fires while it writes, and leaves nothing', async () => {
    const controller = new AbortController();
    const source: TensorSource = {
      byteLength: 10,
      *chunks() {
        yield new Uint8Array(5);
        controller.abort();
        yield new Uint8Array(5);
      },
    };
    assert.equal(((await failing(source, controller.signal)) as { code?: string }).code, 'canceled');
  });

  it('says that a folder which does not exist cannot be written to', async () => {
    await assert.rejects(writeModel(toyGraph(), join(dir, 'absent'), 'toy.onnx'), { code: 'output_unwritable' });
  });
});
