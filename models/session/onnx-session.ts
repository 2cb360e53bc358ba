import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { AppError } from '../core/app-error.ts';
import { refuseTelemetry } from './runtime-telemetry.ts';
import { threadBudget } from './thread-budget.ts';

export type Device = 'cpu' | 'webgpu' | 'cuda';
/** Data of a tensor: what our graphs take and give. */
export type TensorData = Float32Array | BigInt64Array | Uint8Array | Int32Array;

/** ONNX Runtime's execution providers for a device, first choice first: what one cannot run falls to the next. */
export function executionProviders(device: Device): readonly Device[] {
  return device === 'cpu' ? ['cpu'] : [device, 'cpu'];
}

export interface OnnxSessionOptions {
  readonly device?: Device;
  /** Threads inside one operator; the shared budget by default. */
  readonly threads?: number;
  /**
   * True: waiting threads spin until the next operator (fast while nothing else wants the cores). They stop when a run
   * ends, so another model's turn finds the cores free.
   */
  readonly spinning?: boolean;
}

/** A tensor to feed: data (read in place, no copy) and dimensions. */
export interface TensorValue {
  readonly data: TensorData;
  readonly dims: readonly number[];
}

type OrtModule = typeof import('onnxruntime-node');
let ort: OrtModule | undefined;

/** Loads the native library once, and late: a process that runs no model never loads it. */
async function loadOrt(): Promise<OrtModule> {
  if (ort === undefined) {
    refuseTelemetry();
    const module = (await import('onnxruntime-node')) as OrtModule & { default?: OrtModule };
    ort = module.InferenceSession === undefined ? module.default! : module;
  }
  return ort;
}

const TYPE_NAMES: ReadonlyArray<
  readonly [new (length: number) => TensorData, 'float32' | 'int64' | 'uint8' | 'int32']
> = [
  [Float32Array, 'float32'],
  [BigInt64Array, 'int64'],
  [Uint8Array, 'uint8'],
  [Int32Array, 'int32'],
];

/**
 * One ONNX Runtime session. `run` blocks the thread that it runs on, so sessions live in worker threads. Create a session
 * once and keep it: creating and releasing again and again leaks native memory (microsoft/onnxruntime#25325).
 */
export class OnnxSession {
  readonly device: Device;
  readonly path: string;
  readonly threads: number;
  readonly #ort: OrtModule;
  readonly #session: InferenceSession;

  private constructor(module: OrtModule, session: InferenceSession, path: string, device: Device, threads: number) {
    this.#ort = module;
    this.#session = session;
    this.path = path;
    this.device = device;
    this.threads = threads;
  }

  /**
   * Opens a graph file (external data beside it).
   * @throws AppError `device_unavailable` where the provider is absent, `model_corrupt` where the graph cannot be loaded
   */
  static async open(path: string, options: OnnxSessionOptions = {}): Promise<OnnxSession> {
    const module = await loadOrt();
    const device = options.device ?? 'cpu';
    const threads = options.threads ?? threadBudget();
    const spinning = options.spinning ?? true;
    try {
      const session = await module.InferenceSession.create(path, {
        executionProviders: [...executionProviders(device)],
        graphOptimizationLevel: 'all',
        executionMode: 'sequential',
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        enableMemPattern: false,
        logSeverityLevel: 3,
        extra: {
          session: {
            intra_op: { allow_spinning: spinning ? '1' : '0' },
            inter_op: { allow_spinning: '0' },
            force_spinning_stop: '1',
          },
        },
      });
      return new OnnxSession(module, session, path, device, threads);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (device !== 'cpu' && !/protobuf|external data|no such file|deserialize/i.test(reason)) {
        throw new AppError('device_unavailable', `Device "${device}" cannot run ${path}: ${reason}`, { cause: error });
      }
      throw new AppError('model_corrupt', `The graph ${path} cannot be loaded: ${reason}`, { cause: error });
    }
  }

  get inputNames(): readonly string[] {
    return this.#session.inputNames;
  }

  get outputNames(): readonly string[] {
    return this.#session.outputNames;
  }

  /** Wraps data as a tensor without a copy; keep it to feed the same array again. */
  tensor(data: TensorData, dims: readonly number[]): Tensor {
    const type = TYPE_NAMES.find(([arrayType]) => data instanceof arrayType)![1];
    return new this.#ort.Tensor(type, data as Float32Array, dims) as Tensor;
  }

  /**
   * Runs the graph. Only the outputs named in `fetches` come back: where an array is given (its length must be that of the
   * output), the result is written into it; `null` lets the runtime allocate.
   */
  async run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: Readonly<Record<string, Tensor | null>>,
  ): Promise<Readonly<Record<string, Tensor>>> {
    return this.#session.run(feeds, fetches);
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }
}
