import { arraySource, type TensorSource } from './weight-source.ts';

export type ElementType = 'float32' | 'float16' | 'int32' | 'int64' | 'uint8' | 'int8' | 'bool';

/** A number, or the name of a size that is known only when the graph runs. */
export type Dim = number | string;

/** Whole numbers become ints and fractions floats; write `{ float: 1 }` for a float that happens to be whole. */
export type Attribute =
  | number
  | bigint
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] };

export interface GraphValue {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly Dim[];
}

export interface GraphNode {
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface GraphWeight {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly source: TensorSource;
  /** Small constants live in the model file itself; weights in the external-data file. */
  readonly inline: Uint8Array | undefined;
}

export interface NodeOptions {
  /** Names of the outputs; made up where absent. An empty string leaves an optional output out. */
  readonly outputs?: readonly string[];
  readonly domain?: string;
  /** How many outputs to make up names for; 1 where absent. */
  readonly count?: number;
}

/** A matrix in 8-bit blocks: value = (byte - 128) * scale. */
export interface QuantizedMatrix {
  /** Output features. */
  readonly rows: number;
  /** Input features, a multiple of 32. */
  readonly cols: number;
  /** uint8 [rows, cols / 32, 32] */
  readonly q8: TensorSource;
  /** f32 [rows, cols / 32] */
  readonly scales: TensorSource;
}

export const ELEMENT_BYTES: Record<ElementType, number> = {
  float32: 4,
  float16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  int8: 1,
  bool: 1,
};

/** Values in a block that shares one scale. */
export const BLOCK_SIZE = 32;

/**
 * Builds an ONNX graph node by node; `writeModel` puts it on disk. Nodes must be added in an order in which every input
 * exists already, as ONNX wants it; the builder checks that at once, where the mistake is.
 */
export class GraphBuilder {
  readonly name: string;
  /** Version of the default operator set. */
  readonly opset: number;
  readonly inputs: GraphValue[] = [];
  readonly outputs: GraphValue[] = [];
  readonly nodes: GraphNode[] = [];
  readonly weights: GraphWeight[] = [];
  readonly metadata: Record<string, string> = {};
  readonly #known = new Set<string>();
  readonly #constants = new Map<string, string>();
  #nextId = 0;

  constructor(name: string, options: { opset?: number } = {}) {
    this.name = name;
    this.opset = options.opset ?? 21;
  }

  input(name: string, type: ElementType, dims: readonly Dim[]): string {
    this.inputs.push({ name, type, dims });
    return this.#define(name);
  }

  /** Declares a value that some node already gives as an output of the graph. */
  output(name: string, type: ElementType, dims: readonly Dim[]): void {
    if (!this.#known.has(name)) throw new Error(`Graph ${this.name}: nothing gives the output ${name}`);
    this.outputs.push({ name, type, dims });
  }

  /** Adds a node and returns its first output. Attributes that are `undefined` do not exist here: leave them out. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute> = {},
    options: NodeOptions = {},
  ): string {
    return this.nodeOutputs(opType, inputs, attributes, options)[0]!;
  }

  /** Adds a node and returns all its outputs (`options.outputs` or `options.count`). */
  nodeOutputs(
    opType: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute> = {},
    options: NodeOptions = {},
  ): string[] {
    for (const input of inputs) {
      if (input !== '' && !this.#known.has(input)) {
        throw new Error(`Graph ${this.name}: ${opType} wants ${input}, which nothing has given yet`);
      }
    }
    const outputs = options.outputs ?? Array.from({ length: options.count ?? 1 }, () => this.#fresh(opType));
    for (const output of outputs) if (output !== '') this.#define(output);
    this.nodes.push({ opType, domain: options.domain ?? '', inputs, outputs, attributes });
    return [...outputs];
  }

  /** An int64 constant; a vector where `dims` is absent. Equal constants are kept once. */
  ints(values: readonly (number | bigint)[], dims: readonly number[] = [values.length]): string {
    return this.#constant('int64', BigInt64Array.from(values, BigInt), dims, values.join());
  }

  /** A float32 constant; a vector where `dims` is absent. */
  floats(values: ArrayLike<number>, dims: readonly number[] = [values.length]): string {
    const array = Float32Array.from(values);
    return this.#constant('float32', array, dims, array.length <= 16 ? array.join() : undefined);
  }

  /** A float32 scalar. */
  scalar(value: number): string {
    return this.floats([value], []);
  }

  /** A large constant in the external-data file. Its bytes are read when the model is written. */
  weight(name: string, type: ElementType, dims: readonly number[], source: TensorSource): string {
    const expected = dims.reduce((size, dim) => size * dim, ELEMENT_BYTES[type]);
    if (source.byteLength !== expected) {
      throw new Error(
        `Weight ${name} [${dims.join(', ')}] needs ${expected} bytes, its source has ${source.byteLength}`,
      );
    }
    this.weights.push({ name, type, dims, source, inline: undefined });
    return this.#define(name);
  }

  /**
   * `x` [..., cols] times the matrix's transpose, plus bias: [..., rows]. Products are of 8-bit integers (the activations
   * are quantized in blocks of 32 as well), which com.microsoft MatMulNBits calls accuracy level 4.
   */
  quantizedLinear(x: string, name: string, matrix: QuantizedMatrix, bias?: string, options: NodeOptions = {}): string {
    const [q8, scales] = this.quantizedWeight(name, matrix);
    return this.matMulBlocks(x, q8, scales, matrix, bias, options);
  }

  /** The two initializers of a quantized matrix, for graphs that use one matrix several times. */
  quantizedWeight(name: string, matrix: QuantizedMatrix): [q8: string, scales: string] {
    const { rows, cols } = matrix;
    if (cols % BLOCK_SIZE !== 0) throw new Error(`Matrix ${name}: ${cols} columns are not a multiple of ${BLOCK_SIZE}`);
    const blocks = cols / BLOCK_SIZE;
    return [
      this.weight(`${name}.q8`, 'uint8', [rows, blocks, BLOCK_SIZE], matrix.q8),
      this.weight(`${name}.scales`, 'float32', [rows, blocks], matrix.scales),
    ];
  }

  /** MatMulNBits over initializers that `quantizedWeight` made. */
  matMulBlocks(
    x: string,
    q8: string,
    scales: string,
    size: { readonly rows: number; readonly cols: number },
    bias?: string,
    options: NodeOptions = {},
  ): string {
    const inputs = bias === undefined ? [x, q8, scales] : [x, q8, scales, '', '', bias];
    const attributes = { K: size.cols, N: size.rows, bits: 8, block_size: BLOCK_SIZE, accuracy_level: 4 };
    return this.node('MatMulNBits', inputs, attributes, { ...options, domain: 'com.microsoft' });
  }

  #constant(type: ElementType, array: ArrayBufferView, dims: readonly number[], values: string | undefined): string {
    const key = values === undefined ? undefined : `${type}[${dims.join()}]${values}`;
    const known = key === undefined ? undefined : this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.#define(this.#fresh('const'));
    const source = arraySource(array);
    const inline = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    this.weights.push({ name, type, dims, source, inline });
    if (key !== undefined) this.#constants.set(key, name);
    return name;
  }

  #define(name: string): string {
    if (this.#known.has(name)) throw new Error(`Graph ${this.name}: ${name} exists already`);
    this.#known.add(name);
    return name;
  }

  #fresh(opType: string): string {
    return `${opType}_${this.#nextId++}`;
  }
}
