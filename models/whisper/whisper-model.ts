import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../core/app-error.ts';

/** Sizes of one Whisper model, as its weights have them. */
export interface WhisperDims {
  readonly nMels: number;
  readonly nVocab: number;
  readonly dModel: number;
  readonly heads: number;
  readonly encoderLayers: number;
  readonly decoderLayers: number;
  /** Encoder positions: 1500 frames of 20 ms. */
  readonly audioCtx: number;
  /** Decoder positions: 448. */
  readonly textCtx: number;
}

/** `model.json` of a converted model: what the graphs beside it need to be driven. */
export interface WhisperModelFile {
  readonly sourceSha256: string;
  readonly dims: WhisperDims;
  /** [layer, head] of the cross-attention heads that follow the audio, in the order of the graph's `align` output. */
  readonly alignmentHeads: ReadonlyArray<readonly [number, number]>;
  /** Never proposed. */
  readonly suppressIds: readonly number[];
  /** Never proposed as the first token: blank and end of text. */
  readonly suppressIdsBegin: readonly number[];
  readonly langIds: readonly number[];
}

const DIM_NAMES = [
  'nMels',
  'nVocab',
  'dModel',
  'heads',
  'encoderLayers',
  'decoderLayers',
  'audioCtx',
  'textCtx',
] as const satisfies readonly (keyof WhisperDims)[];

/** @throws AppError `model_corrupt` where the file is absent or does not describe a model */
export async function readWhisperModelFile(modelDir: string): Promise<WhisperModelFile> {
  const path = join(modelDir, 'model.json');
  const parsed = await readJson(path);
  const dims = (parsed['dims'] ?? {}) as Record<string, unknown>;
  for (const name of DIM_NAMES) {
    const value = dims[name];
    if (!Number.isInteger(value) || (value as number) < 1) {
      throw new AppError('model_corrupt', `${path}: dims.${name} is ${String(value)}, expected a whole number above 0`);
    }
  }
  return {
    sourceSha256: String(parsed['sourceSha256'] ?? ''),
    dims: dims as unknown as WhisperDims,
    alignmentHeads: (parsed['alignmentHeads'] ?? []) as [number, number][],
    suppressIds: (parsed['suppressIds'] ?? []) as number[],
    suppressIdsBegin: (parsed['suppressIdsBegin'] ?? []) as number[],
    langIds: (parsed['langIds'] ?? []) as number[],
  };
}

export async function readJson(path: string): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  } catch (error) {
    throw new AppError('model_corrupt', `${path} cannot be read as JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
