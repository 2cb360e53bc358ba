import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GraphBuilder } from '../../../../models/convert/graph-builder.ts';
import { arraySource } from '../../../../models/convert/weight-source.ts';

describe('GraphBuilder', () => {
  it('refuses an input that nothing has given yet', () => {
    const graph = new GraphBuilder('toy');
    assert.throws(() => graph.node('Relu', ['x']), /Relu wants x/);
    const x = graph.input('x', 'float32', ['N']);
    assert.equal(typeof graph.node('Clip', [x, '', '']), 'string');
  });

  it('refuses a name that exists already, and an output that nothing gives', () => {
    const graph = new GraphBuilder('toy');
    graph.input('x', 'float32', ['N']);
    assert.throws(() => graph.input('x', 'float32', ['N']), /x exists already/);
    assert.throws(() => graph.node('Relu', ['x'], {}, { outputs: ['x'] }), /x exists already/);
    assert.throws(() => graph.output('y', 'float32', ['N']), /nothing gives the output y/);
  });

  it('keeps equal constants once, by type, shape and value', () => {
    const graph = new GraphBuilder('toy');
    assert.equal(graph.ints([1, 2]), graph.ints([1n, 2n]));
    assert.notEqual(graph.ints([1, 2]), graph.ints([1, 2], [2, 1]));
    assert.notEqual(graph.ints([1]), graph.floats([1]));
    assert.equal(graph.scalar(0.5), graph.floats([0.5], []));
    assert.notEqual(graph.scalar(1), graph.floats([1]));
  });

  it('gives as many outputs as are asked for', () => {
    const graph = new GraphBuilder('toy');
    const x = graph.input('x', 'float32', [6]);
    const parts = graph.nodeOutputs('Split', [x], { axis: 0, num_outputs: 3 }, { count: 3 });
    assert.equal(new Set(parts).size, 3);
    for (const part of parts) graph.output(part, 'float32', [2]);
  });

  it('holds a weight to its shape and a quantized matrix to whole blocks', () => {
    const graph = new GraphBuilder('toy');
    const source = arraySource(new Float32Array(6));
    assert.throws(() => graph.weight('w', 'float32', [2, 4], source), /\[2, 4\] needs 32 bytes, its source has 24/);
    const x = graph.input('x', 'float32', ['N', 33]);
    const matrix = { rows: 1, cols: 33, q8: source, scales: source };
    assert.throws(() => graph.quantizedLinear(x, 'm', matrix), /33 columns/);
  });
});
