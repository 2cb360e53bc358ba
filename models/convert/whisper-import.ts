import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../core/app-error.ts';
import { hashFile } from '../manifest/content-hash.ts';
import { freeBytesAt, megabytes, SPACE_MARGIN_BYTES } from '../manifest/disk-space.ts';
import type { WhisperDims } from '../whisper/whisper-model.ts';
import { CTranslate2File } from './ctranslate2.ts';
import { availableMemoryBytes } from './free-memory.ts';
import type { GraphBuilder } from './graph-builder.ts';
import { weightBytes, writeError, writeModel } from './onnx-writer.ts';
import { decoderGraph, encoderGraph } from './whisper-graph.ts';
import { readJsonObject, readSpecialIds, readWhisperConfig } from './whisper-metadata.ts';
import { type DecoderPrecision, readWhisperDims, type WhisperPrecision } from './whisper-weights.ts';

/** Raised whenever the graphs that come out change: part of the cache's key. */
export const WHISPER_CONVERTER_VERSION = 1;

/** Files of a CTranslate2 Whisper folder, by path. */
export interface WhisperSource {
  readonly modelBin: string;
  readonly config: string;
  readonly tokenizer: string;
}

export interface WhisperImportOptions {
  readonly encoderPrecision?: WhisperPrecision;
  readonly decoderPrecision?: DecoderPrecision;
  /** SHA-256 of modelBin where it is known already; hashed here where absent. */
  readonly sourceSha256?: string;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * The encoder computes up to 1,500 rows at a time, for which 8-bit block products were no faster than f32 ones; the
 * decoder computes a few, where reading the weights is what costs: 8 bits take two thirds of the time of f32 at five rows,
 * and half at one. They change a log-probability by 0.07 on average (of tokens above 1e-4), and by as much with the
 * grouping of rows into calls; `mixed` keeps the latter below 0.01. Error rates on the
 * development clips are level with f32 (docs/benchmarks.md).
 */
export const DEFAULT_PRECISION = { encoder: 'f32', decoder: 'q8' } as const;

/** Files of a converted model; `model.json` is written last, so a folder that has it is complete. */
const OUTPUTS = [
  'encoder.onnx',
  'encoder.onnx.data',
  'decoder.onnx',
  'decoder.onnx.data',
  'tokenizer.json',
  'model.json',
] as const;

/** Chunks, biases, the two graphs and the runtime around them; matrices are streamed. Measured: see docs/benchmarks.md. */
const MEMORY_NEEDED_BYTES = 200 << 20;

/**
 * Converts a CTranslate2 Whisper model into encoder.onnx, decoder.onnx, model.json and tokenizer.json in `outDir`, which
 * is made where absent. Room on the disk and memory are checked first; after a failure nothing is left behind.
 * Errors: those of CTranslate2File.open and of the readers of its companions, disk_full, memory_low, output_unwritable,
 * canceled.
 */
export async function importWhisper(
  source: WhisperSource,
  outDir: string,
  options: WhisperImportOptions = {},
): Promise<void> {
  const encoderPrecision = options.encoderPrecision ?? DEFAULT_PRECISION.encoder;
  const decoderPrecision = options.decoderPrecision ?? DEFAULT_PRECISION.decoder;
  const file = await CTranslate2File.open(source.modelBin);
  try {
    const dims = await readWhisperDims(file);
    const config = await readWhisperConfig(source.config, dims);
    const tokenizer = await readJsonObject(source.tokenizer);
    const tokens = readSpecialIds(source.tokenizer, tokenizer.value, dims);
    const encoder = await encoderGraph(file, dims, encoderPrecision);
    const decoder = await decoderGraph(file, dims, decoderPrecision, config.alignmentHeads);
    const weights = weightBytes(encoder) + weightBytes(decoder);
    await checkRoom(outDir, weights);
    const sourceSha256 = options.sourceSha256 ?? (await hashFile(source.modelBin, { signal: options.signal })).sha256;
    const description = {
      format: 'bytefuse-whisper',
      converterVersion: WHISPER_CONVERTER_VERSION,
      sourceSha256,
      dims,
      tokens,
      alignmentHeads: config.alignmentHeads.map(({ layer, head }) => [layer, head]),
      suppressIds: config.suppressIds,
      suppressIdsBegin: config.suppressIdsBegin,
      langIds: config.langIds.length > 0 ? config.langIds : Object.values(tokens.languages),
      precision: { encoder: encoderPrecision, decoder: decoderPrecision },
    };
    await writeAll(outDir, { encoder, decoder }, weights, tokenizer.text, description, options);
  } finally {
    await file.close();
  }
}

async function writeAll(
  outDir: string,
  graphs: { readonly encoder: GraphBuilder; readonly decoder: GraphBuilder },
  totalBytes: number,
  tokenizer: string,
  description: object,
  { onProgress, signal }: WhisperImportOptions,
): Promise<void> {
  let doneBytes = 0;
  const onBytes = (bytes: number): void => {
    doneBytes += bytes;
    onProgress?.(doneBytes, totalBytes);
  };
  const writing = { onBytes, ...(signal && { signal }) };
  try {
    await mkdir(outDir, { recursive: true });
    // A folder that is written again is incomplete from here on.
    await rm(join(outDir, 'model.json'), { force: true });
    await writeModel(graphs.encoder, outDir, 'encoder.onnx', writing);
    await writeModel(graphs.decoder, outDir, 'decoder.onnx', writing);
    await writeWhole(join(outDir, 'tokenizer.json'), tokenizer);
    await writeWhole(join(outDir, 'model.json'), `${JSON.stringify(description)}\n`);
  } catch (error) {
    await Promise.all(OUTPUTS.map((name) => rm(join(outDir, name), { force: true }).catch(() => undefined)));
    throw writeError(error, outDir, signal);
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    await writeFile(partial, text);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function checkRoom(outDir: string, weights: number): Promise<void> {
  const needed = weights + SPACE_MARGIN_BYTES;
  const free = await freeBytesAt(outDir);
  if (free < needed) {
    const found = `it needs ${megabytes(needed)} and ${megabytes(free)} are free at ${outDir}`;
    throw new AppError('disk_full', `The conversion was not started: ${found}`);
  }
  const memory = availableMemoryBytes();
  if (memory < MEMORY_NEEDED_BYTES) {
    const found = `it needs ${megabytes(MEMORY_NEEDED_BYTES)} of memory and ${megabytes(memory)} are free`;
    throw new AppError('memory_low', `The conversion was not started: ${found}`);
  }
}

export type { WhisperDims };
