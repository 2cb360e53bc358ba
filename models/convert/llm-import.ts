import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../core/app-error.ts';
import { tokenizerJson } from '../tokenizer/tokenizer-json.ts';
import { buildVocab } from '../tokenizer/vocab-builder.ts';
import { decodeVocab, encodeVocab } from '../tokenizer/vocab-file.ts';
import { availableMemoryBytes } from './free-memory.ts';
import { type Gemma3Params, gemma3Params } from './gemma3-params.ts';
import { sentencePieceVocab } from './gemma3-vocab.ts';
import { GgufFile } from './gguf.ts';
import { gemma3StepGraph } from './llm-graph.ts';
import { weightBytes, writeModel } from './onnx-writer.ts';
import { TRIM_LANGUAGES, trimVocab } from './vocab-trim.ts';

/** Changes whenever the files that an import writes change: part of the key of the cache. */
export const LLM_CONVERTER_VERSION = 3;
/** Rows of the trimmed vocabulary; the measurement that chose it is in docs/benchmarks.md. */
export const VOCAB_SIZE_DEFAULT = 98_304;
/** Memory that an import needs beside the vocabulary's few lists: chunks and norms. */
const MEMORY_BYTES = 400 * 2 ** 20;
/** Room that a disk must keep beyond the files. */
const DISK_MARGIN_BYTES = 64 * 2 ** 20;

export interface LlmImportOptions {
  /** `full`, or the number of rows to keep; the default size where absent. */
  readonly vocab?: 'full' | number;
  /** Bytes of weights written so far, of all. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  readonly signal?: AbortSignal;
  /** See StepGraphOptions. */
  readonly exactSums?: boolean;
  /** SHA-256 (hex) of the source, where the caller knows it; computed otherwise. */
  readonly sourceSha256?: string;
}

/** What `model.json` of a converted language model says. */
export interface LlmModelInfo {
  readonly format: 'bytefuse-llm';
  readonly converterVersion: number;
  readonly architecture: 'gemma3';
  readonly name: string;
  readonly sourceSha256: string;
  readonly params: Gemma3Params;
  readonly vocab: {
    /** `full`, or the size asked for. */
    readonly trim: 'full' | number;
    /** Rows that have bytes. */
    readonly textRows: number;
    readonly controlRows: number;
    /** SHA-256 (hex) of the sorted vocabulary. */
    readonly hash: string;
  };
  readonly precision: 'int8-blocks-32';
  /** True where a node's numbers do not depend on how calls are grouped. */
  readonly exactSums: boolean;
}

/**
 * Converts a GGUF language model into a folder with `step.onnx`, `step.onnx.data`, `vocab.bin`, `model.json`, and for a
 * full vocabulary `tokenizer.json`. `model.json` is written last: a folder that has it is whole.
 * @throws AppError model_format, model_corrupt, file_*, disk_full, memory_low, output_unwritable, canceled
 */
export async function importLlm(
  ggufPath: string,
  outDir: string,
  options: LlmImportOptions = {},
): Promise<LlmModelInfo> {
  const { vocab: trim = VOCAB_SIZE_DEFAULT, exactSums = true, onProgress, signal } = options;
  const file = GgufFile.open(ggufPath);
  try {
    const params = gemma3Params(file);
    checkMemory(ggufPath);
    const source = sentencePieceVocab(file);
    const kept = trimVocab(source.tokens, trim);
    const arrays = buildVocab(kept);
    const controlIds = Int32Array.from(source.controls, (control) => control.sourceId);
    const graph = gemma3StepGraph(params, { textIds: arrays.sourceIds, controlIds }, file, { exactSums });
    const languages = trim === 'full' ? null : TRIM_LANGUAGES;
    const vocabBytes = encodeVocab(arrays, { controls: source.controls, trim, languages });
    const total = graph.weights.reduce((sum, weight) => sum + (weight.inline ? 0 : weight.source.byteLength), 0);
    await mkdir(outDir, { recursive: true }).catch((error: unknown) => {
      throw new AppError('output_unwritable', `The folder ${outDir} cannot be made`, { cause: error });
    });
    await checkDisk(outDir, weightBytes(graph) + vocabBytes.length);
    const sourceSha256 = options.sourceSha256 ?? (await sha256OfFile(ggufPath, signal));

    let done = 0;
    await writeModel(graph, outDir, 'step.onnx', {
      onBytes: (bytes) => {
        done += bytes;
        onProgress?.(done, total);
      },
      ...(signal === undefined ? {} : { signal }),
    });
    await replaceFile(join(outDir, 'vocab.bin'), vocabBytes);
    if (trim === 'full') {
      await replaceFile(join(outDir, 'tokenizer.json'), JSON.stringify(tokenizerJson(source.tokens)));
    }
    const info: LlmModelInfo = {
      format: 'bytefuse-llm',
      converterVersion: LLM_CONVERTER_VERSION,
      architecture: 'gemma3',
      name: file.metadata.has('general.name') ? file.text('general.name') : 'gemma3',
      sourceSha256,
      params,
      vocab: {
        trim,
        textRows: arrays.sourceIds.length,
        controlRows: controlIds.length,
        hash: decodeVocab(vocabBytes, outDir).sha256,
      },
      precision: 'int8-blocks-32',
      exactSums,
    };
    await replaceFile(join(outDir, 'model.json'), `${JSON.stringify(info, undefined, 2)}\n`);
    return info;
  } finally {
    file.close();
  }
}

async function sha256OfFile(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    if (signal?.aborted) throw new AppError('canceled', `The import of ${path} was canceled`);
    hash.update(chunk as Uint8Array);
  }
  return hash.digest('hex');
}

async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    await writeFile(partial, content);
    await rename(partial, path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code === 'ENOSPC' ? 'disk_full' : 'output_unwritable';
    throw new AppError(code, `${path} cannot be written`, { cause: error });
  }
}

function checkMemory(path: string): void {
  const free = availableMemoryBytes();
  if (free < MEMORY_BYTES) {
    const text = `Converting ${path} needs ${mebibytes(MEMORY_BYTES)} of memory, ${mebibytes(free)} are free`;
    throw new AppError('memory_low', text);
  }
}

async function checkDisk(dir: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  const needed = bytes + DISK_MARGIN_BYTES;
  if (bavail * bsize < needed) {
    const text = `The converted model needs ${mebibytes(needed)} in ${dir}, ${mebibytes(bavail * bsize)} are free`;
    throw new AppError('disk_full', text);
  }
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
