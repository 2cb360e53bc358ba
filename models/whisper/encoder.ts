import { join } from 'node:path';
import type { Tensor } from 'onnxruntime-node';
import { type Device, OnnxSession } from '../session/onnx-session.ts';
import type { FramePlan } from './merged-padding.ts';
import type { WhisperDims } from './whisper-model.ts';

/** A window as the decoder sees it. F kept frames. */
export interface EncodedWindow {
  /** F. */
  readonly frames: number;
  /** The first so many frames hold real audio; frame i begins at i * 20 ms. */
  readonly realFrames: number;
  /** Per decoder layer `[heads, F, dHead]`. */
  readonly crossKeys: readonly Tensor[];
  readonly crossValues: readonly Tensor[];
  /** `[F]`: log of the number of frames that each stands for. */
  readonly crossBias: Float32Array;
  readonly exact: boolean;
}

/** Mel frames of a window, padded to its full length: `[nMels, frames]`. */
export interface WindowMel {
  readonly mel: Float32Array;
  /** Frames of the array, 3000. */
  readonly frames: number;
  readonly realFrames: number;
}

export class WhisperEncoder {
  readonly #session: OnnxSession;
  readonly #dims: WhisperDims;

  private constructor(session: OnnxSession, dims: WhisperDims) {
    this.#session = session;
    this.#dims = dims;
  }

  static async open(
    modelDir: string,
    dims: WhisperDims,
    options: { readonly threads?: number; readonly device?: Device },
  ): Promise<WhisperEncoder> {
    return new WhisperEncoder(await OnnxSession.open(join(modelDir, 'encoder.onnx'), options), dims);
  }

  async encode(window: WindowMel, plan: FramePlan): Promise<EncodedWindow> {
    const { nMels, decoderLayers } = this.#dims;
    const session = this.#session;
    const mel = cropFrames(window.mel, nMels, window.frames, plan.melFrames);
    const count = plan.keep.length;
    const fetches: Record<string, null> = {};
    for (let layer = 0; layer < decoderLayers; layer++) {
      fetches[`cross_k.${layer}`] = null;
      fetches[`cross_v.${layer}`] = null;
    }
    const outputs = await session.run(
      {
        mel: session.tensor(mel, [1, nMels, plan.melFrames]),
        keep: session.tensor(plan.keep, [count]),
        position: session.tensor(plan.position, [count]),
        bias: session.tensor(plan.bias, [count]),
      },
      fetches,
    );
    const layers = Array.from({ length: decoderLayers }, (_, layer) => layer);
    return {
      frames: count,
      realFrames: plan.realFrames,
      crossKeys: layers.map((layer) => outputs[`cross_k.${layer}`]!),
      crossValues: layers.map((layer) => outputs[`cross_v.${layer}`]!),
      crossBias: plan.bias,
      exact: plan.exact,
    };
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}

/** The first `wanted` of `frames` columns of `[rows, frames]`. */
function cropFrames(mel: Float32Array, rows: number, frames: number, wanted: number): Float32Array {
  if (wanted === frames) return mel;
  const out = new Float32Array(rows * wanted);
  for (let row = 0; row < rows; row++) {
    out.set(mel.subarray(row * frames, row * frames + wanted), row * wanted);
  }
  return out;
}
