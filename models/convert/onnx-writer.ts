import { open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../core/app-error.ts';
import type { Attribute, GraphBuilder, GraphNode, GraphValue, GraphWeight } from './graph-builder.ts';
import { ATTRIBUTE_TYPE, DATA_TYPE, EXTERNAL, ModelProto } from './onnx-proto.ts';

export interface WriteOptions {
  /** Told how many bytes of weights were written since the last call. */
  readonly onBytes?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/** Every tensor starts at a multiple of this many bytes: a memory page, so that a runtime may map it as it is. */
const ALIGNMENT_BYTES = 4096;
/** Small tensors are packed closer: a cache line. */
const ALIGNMENT_SMALL_BYTES = 64;
/** IR version 10 goes with operator sets 21 and 22. */
const IR_VERSION = 10;

/**
 * Writes `fileName` (the graph, small) and `fileName.data` (the weights, as a stream) into `dir`. Both appear under their
 * names only when complete: the data first, then the model, so a model file that exists is whole.
 * Errors: disk_full, output_unwritable, canceled.
 */
export async function writeModel(
  graph: GraphBuilder,
  dir: string,
  fileName: string,
  options: WriteOptions = {},
): Promise<void> {
  const modelPath = join(dir, fileName);
  const dataName = `${fileName}.data`;
  const dataPath = join(dir, dataName);
  const suffix = `.${process.pid}.partial`;
  try {
    const places = placeWeights(graph.weights);
    await writeWeights(graph.weights, places, dataPath + suffix, options);
    await writeFile(modelPath + suffix, encodeModel(graph, dataName, places));
    await rename(dataPath + suffix, dataPath);
    await rename(modelPath + suffix, modelPath);
  } catch (error) {
    await Promise.all([rm(dataPath + suffix, { force: true }), rm(modelPath + suffix, { force: true })]);
    throw writeError(error, modelPath, options.signal);
  }
}

/** Bytes of the external-data file that the graph needs. */
export function weightBytes(graph: GraphBuilder): number {
  const places = placeWeights(graph.weights);
  return graph.weights.reduce((end, weight, i) => Math.max(end, (places[i] ?? 0) + weight.source.byteLength), 0);
}

/** Offset of each weight in the data file; undefined for inline constants. */
function placeWeights(weights: readonly GraphWeight[]): (number | undefined)[] {
  let end = 0;
  return weights.map(({ inline, source }) => {
    if (inline !== undefined) return undefined;
    const alignment = source.byteLength < ALIGNMENT_BYTES ? ALIGNMENT_SMALL_BYTES : ALIGNMENT_BYTES;
    const offset = Math.ceil(end / alignment) * alignment;
    end = offset + source.byteLength;
    return offset;
  });
}

async function writeWeights(
  weights: readonly GraphWeight[],
  places: readonly (number | undefined)[],
  path: string,
  { onBytes, signal }: WriteOptions,
): Promise<void> {
  const handle = await open(path, 'w');
  try {
    for (const [i, weight] of weights.entries()) {
      const offset = places[i];
      if (offset === undefined) continue;
      let done = 0;
      for await (const chunk of weight.source.chunks()) {
        signal?.throwIfAborted();
        if (done + chunk.length > weight.source.byteLength) break;
        await writeFully(handle, chunk, offset + done);
        done += chunk.length;
        onBytes?.(chunk.length);
      }
      if (done !== weight.source.byteLength) {
        throw new Error(`Weight ${weight.name} gave ${done} bytes and promised ${weight.source.byteLength}`);
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeFully(
  handle: Awaited<ReturnType<typeof open>>,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

/** The model file's bytes. Exported for tests. */
export function encodeModel(
  graph: GraphBuilder,
  dataName: string,
  places: readonly (number | undefined)[] = placeWeights(graph.weights),
): Uint8Array {
  const domains = new Set(graph.nodes.map((node) => node.domain).filter((domain) => domain !== ''));
  const message = {
    irVersion: IR_VERSION,
    producerName: 'bytefuse',
    opsetImport: [{ domain: '', version: graph.opset }, ...[...domains].map((domain) => ({ domain, version: 1 }))],
    metadataProps: Object.entries(graph.metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: graph.name,
      node: graph.nodes.map(nodeMessage),
      initializer: graph.weights.map((weight, i) => weightMessage(weight, dataName, places[i])),
      input: graph.inputs.map(valueMessage),
      output: graph.outputs.map(valueMessage),
    },
  };
  return ModelProto.encode(ModelProto.fromObject(message)).finish();
}

function nodeMessage(node: GraphNode, index: number): object {
  return {
    name: `${node.opType}#${index}`,
    opType: node.opType,
    domain: node.domain,
    input: node.inputs,
    output: node.outputs,
    attribute: Object.entries(node.attributes).map(([name, value]) => attributeMessage(name, value)),
  };
}

function attributeMessage(name: string, value: Attribute): object {
  if (typeof value === 'string') return { name, type: ATTRIBUTE_TYPE.string, s: new TextEncoder().encode(value) };
  if (typeof value === 'bigint') return { name, type: ATTRIBUTE_TYPE.int, i: Number(value) };
  if (typeof value === 'number') {
    return Number.isInteger(value)
      ? { name, type: ATTRIBUTE_TYPE.int, i: value }
      : { name, type: ATTRIBUTE_TYPE.float, f: value };
  }
  if ('float' in value) return { name, type: ATTRIBUTE_TYPE.float, f: value.float };
  if ('floats' in value) return { name, type: ATTRIBUTE_TYPE.floats, floats: value.floats };
  return value.every(Number.isInteger)
    ? { name, type: ATTRIBUTE_TYPE.ints, ints: value }
    : { name, type: ATTRIBUTE_TYPE.floats, floats: value };
}

function weightMessage(weight: GraphWeight, dataName: string, offset: number | undefined): object {
  const tensor = { name: weight.name, dims: weight.dims, dataType: DATA_TYPE[weight.type] };
  if (weight.inline !== undefined) return { ...tensor, rawData: weight.inline };
  return {
    ...tensor,
    dataLocation: EXTERNAL,
    externalData: [
      { key: 'location', value: dataName },
      { key: 'offset', value: String(offset) },
      { key: 'length', value: String(weight.source.byteLength) },
    ],
  };
}

function valueMessage(value: GraphValue): object {
  const dim = value.dims.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d }));
  return { name: value.name, type: { tensorType: { elemType: DATA_TYPE[value.type], shape: { dim } } } };
}

/** What went wrong while `path` was written, as an AppError where the user can do something about it. */
export function writeError(error: unknown, path: string, signal: AbortSignal | undefined): unknown {
  if (error instanceof AppError) return error;
  if (signal?.aborted) return new AppError('canceled', `Writing ${path} was canceled`, { cause: error });
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError('disk_full', `The disk is full: ${path} could not be written`, { cause: error });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOENT' || code === 'ENOTDIR') {
    return new AppError('output_unwritable', `${path} cannot be written: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return error;
}
