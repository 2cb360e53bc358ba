import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphBuilder } from '../../models/convert/graph-builder.ts';
import { writeModel } from '../../models/convert/onnx-writer.ts';
import { arraySource } from '../../models/convert/weight-source.ts';
import { OnnxSession } from '../../models/session/onnx-session.ts';
import type { WhisperDims } from '../../models/whisper/whisper-model.ts';
import { SeededRandom } from '../../services/eval/random.ts';

/**
 * The projections of the encoder's states to cross-attention keys and values, of all decoder layers, with random weights:
 * the published decoder computes them anew in every call, since it passes no cache, while our encoder graph does it once.
 * Only its time is wanted.
 */
export class CrossProjection {
  readonly #session: OnnxSession;
  readonly #states: Float32Array;
  readonly #dims: readonly number[];
  readonly #fetches: Record<string, null> = {};

  private constructor(session: OnnxSession, dims: WhisperDims) {
    this.#session = session;
    this.#dims = [dims.audioCtx, dims.dModel];
    for (let i = 0; i < 2 * dims.decoderLayers; i++) this.#fetches[`projected.${i}`] = null;
    const random = new SeededRandom(1);
    this.#states = Float32Array.from({ length: dims.audioCtx * dims.dModel }, () => random.unit() - 0.5);
  }

  static async open(dims: WhisperDims, threads: number): Promise<CrossProjection> {
    const { audioCtx, dModel, decoderLayers } = dims;
    const graph = new GraphBuilder('cross-projection');
    const states = graph.input('states', 'float32', [audioCtx, dModel]);
    const random = new SeededRandom(2);
    for (let i = 0; i < 2 * decoderLayers; i++) {
      const values = Float32Array.from({ length: dModel * dModel }, () => (random.unit() - 0.5) / dModel);
      const weight = graph.weight(`w.${i}`, 'float32', [dModel, dModel], arraySource(values));
      graph.nodeOutputs('MatMul', [states, weight], {}, { outputs: [`projected.${i}`] });
      graph.output(`projected.${i}`, 'float32', [audioCtx, dModel]);
    }
    const folder = await mkdtemp(join(tmpdir(), 'bytefuse-bench-'));
    try {
      await writeModel(graph, folder, 'cross.onnx');
      return new CrossProjection(await OnnxSession.open(join(folder, 'cross.onnx'), { threads }), dims);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async run(): Promise<void> {
    await this.#session.run({ states: this.#session.tensor(this.#states, this.#dims) }, this.#fetches);
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}
