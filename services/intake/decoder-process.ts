import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { AppError, ERRORS } from '../../models/core/app-error.ts';
import { abortError } from './abort.ts';
import {
  type DecoderAnswer,
  type DecoderRequest,
  type Frame,
  FrameReader,
  TEXT_LAYER_CHAR_BYTES,
  writeFrame,
} from './decoder-frames.ts';
import {
  DECODER_HEAP_MEGABYTES_MAX,
  MEMORY_CHECK_MS,
  PDF_HEAP_SHARE_MAX,
  START_MS_MAX,
  TEXT_LAYER_CHARS_MAX,
} from './limits.ts';
import { residentBytes } from './process-memory.ts';

export interface DecoderSettings {
  /** Resident memory at which the process is ended. */
  readonly memoryBytesMax: number;
  /** Largest page that it may send. */
  readonly pixelsMax: number;
}

export interface DecoderCall {
  /** What is being done, as a message begins: "Page 3 of scan.pdf". */
  readonly what: string;
  readonly msMax: number;
  readonly signal?: AbortSignal | undefined;
  readonly payload?: readonly Uint8Array[];
}

const ENTRY = fileURLToPath(new URL('./decoder-main.js', import.meta.url));
/** The last words of a process that breaks down; only looked at for signs of want of memory. */
const STDERR_CHARS_MAX = 4000;
/**
 * Linux also refuses memory beyond this multiple of the bound, between two looks at it: private pages count that are not
 * resident yet, such as the stacks of threads, so it has to be well above.
 */
const HARD_BOUND_FACTOR = 2;
/** Looking through `ps` costs a process each time, so elsewhere than on Linux it happens this many times less often. */
const SLOW_CHECK_FACTOR = 20;

/**
 * A process that decodes documents, one at a time. Whatever a file does to it (hang, grow, crash), the process is ended, the
 * call gets an AppError, and nothing else is affected.
 */
export class DecoderProcess {
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>;
  /** Documents that it has opened. */
  documents = 0;
  readonly #child: ChildProcess;
  readonly #socket: Duplex;
  readonly #memoryBytesMax: number;
  #pending: { resolve(frame: Frame<DecoderAnswer>): void; reject(error: AppError): void } | null = null;
  #ended = false;
  #killedFor: AppError | null = null;
  #broken = false;
  #stderr = '';
  #peakBytes = 0;

  /** Starts a process and waits until it listens. Throws AppError internal, canceled. */
  static async start(settings: DecoderSettings, signal?: AbortSignal): Promise<DecoderProcess> {
    const decoder = new DecoderProcess(settings);
    await decoder.#answer(null, { what: 'Starting a decoder', msMax: START_MS_MAX, signal });
    return decoder;
  }

  private constructor({ memoryBytesMax, pixelsMax }: DecoderSettings) {
    this.#memoryBytesMax = memoryBytesMax;
    this.#child = spawnDecoder(memoryBytesMax);
    // The fourth descriptor is a socket both ways, as asked for in `spawnDecoder`.
    this.#socket = this.#child.stdio[3] as Duplex;
    const payloadBytesMax = pixelsMax * 3 + TEXT_LAYER_CHARS_MAX * TEXT_LAYER_CHAR_BYTES;
    const frames = new FrameReader<DecoderAnswer>(payloadBytesMax, (frame) => this.#settle(frame));
    this.#socket.on('data', (chunk: Uint8Array) => {
      try {
        frames.push(chunk);
      } catch (error) {
        // The process says what it never should: it is not itself any more.
        this.#killFor(new AppError('document_crashed', `A decoder sent ${(error as Error).message}`, { cause: error }));
      }
    });
    // What goes wrong with the socket shows as the end of the process.
    this.#socket.on('error', () => {});
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARS_MAX);
    });
    this.exited = new Promise<void>((resolve) => {
      // A process that cannot be started never exits.
      this.#child.once('error', () => resolve());
      this.#child.once('exit', () => resolve());
    }).then(() => {
      this.#ended = true;
      this.#pending?.reject(this.#killedFor ?? this.#crash());
    });
  }

  /** True while it can take another document. */
  get healthy(): boolean {
    return !this.#ended && !this.#broken && this.#killedFor === null && this.#pending === null;
  }

  get busy(): boolean {
    return this.#pending !== null;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Most resident bytes that were seen while it worked. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  /**
   * One request and its answer. Throws AppError: what the decoder says of the document, document_timeout,
   * document_too_heavy, document_crashed; canceled when the signal aborts. After the last four the process is gone.
   */
  request(message: DecoderRequest, call: DecoderCall): Promise<Frame<DecoderAnswer>> {
    if (this.#pending !== null) throw new Error('a decoder takes one request at a time');
    if (message.kind === 'open') this.documents++;
    return this.#answer(message, call);
  }

  /** At rest it does not keep the owner's process alive. */
  rest(): void {
    this.#child.unref();
    this.#handles().forEach((handle) => void handle.unref?.());
  }

  wake(): void {
    this.#child.ref();
    this.#handles().forEach((handle) => void handle.ref?.());
  }

  async residentBytes(): Promise<number> {
    return this.#child.pid === undefined ? 0 : residentBytes(this.#child.pid);
  }

  /** Ends the process at once; a request under way gets `error`. */
  async kill(error: AppError = new AppError('canceled', 'The document was closed')): Promise<void> {
    // Whoever waits for the end of a resting process has to be kept alive until then.
    this.wake();
    this.#killFor(error);
    await this.exited;
  }

  async #answer(message: DecoderRequest | null, call: DecoderCall): Promise<Frame<DecoderAnswer>> {
    const { signal, what, msMax } = call;
    if (signal?.aborted) throw abortError(signal, what);
    const answer = new Promise<Frame<DecoderAnswer>>((resolve, reject) => {
      this.#pending = { resolve, reject };
    });
    const abort = () => this.#killFor(abortError(signal!, what));
    const timer = setTimeout(() => {
      this.#killFor(new AppError('document_timeout', `${what} took longer than ${msMax} ms`));
    }, msMax);
    const watch = setInterval(() => void this.#watchMemory(what), MEMORY_CHECK_MS * memoryCheckFactor());
    signal?.addEventListener('abort', abort, { once: true });
    try {
      if (this.#ended) throw this.#killedFor ?? this.#crash();
      // Not awaited: where the process ends instead of reading, the answer says so.
      if (message !== null) writeFrame(this.#socket, message, call.payload).catch(() => {});
      const frame = await answer;
      return checked(frame);
    } catch (error) {
      throw withSubject(AppError.from(error), what);
    } finally {
      this.#pending = null;
      signal?.removeEventListener('abort', abort);
      clearTimeout(timer);
      clearInterval(watch);
    }
  }

  #settle(frame: Frame<DecoderAnswer>): void {
    if (frame.message.kind === 'failed' && frame.message.broken) this.#broken = true;
    this.#pending?.resolve(frame);
  }

  async #watchMemory(what: string): Promise<void> {
    const bytes = await this.residentBytes();
    this.#peakBytes = Math.max(this.#peakBytes, bytes);
    if (bytes <= this.#memoryBytesMax) return;
    const [has, bound] = [bytes, this.#memoryBytesMax].map((value) => `${Math.round(value / 1e6)} MB`);
    this.#killFor(new AppError('document_too_heavy', `${what} took ${has} of memory to decode (at most ${bound})`));
  }

  #killFor(error: AppError): void {
    if (this.#ended || this.#killedFor !== null) return;
    this.#killedFor = error;
    this.#child.kill('SIGKILL');
  }

  #crash(): AppError {
    const { exitCode, signalCode } = this.#child;
    const how = signalCode ?? (exitCode === null ? 'never started' : `exit status ${exitCode}`);
    const cause = { cause: this.#stderr };
    if (/out of memory|failed to allocate|bad_alloc|allocation failed/i.test(this.#stderr)) {
      return new AppError('document_too_heavy', 'The document needs too much memory to decode', cause);
    }
    return new AppError('document_crashed', `The decoder broke down (${how})`, cause);
  }

  #handles(): { ref?(): unknown; unref?(): unknown }[] {
    return [this.#socket, this.#child.stderr!] as { ref?(): unknown; unref?(): unknown }[];
  }
}

/** Answers come from a process that a file may have taken over: only known codes and whole pages pass. */
function checked(frame: Frame<DecoderAnswer>): Frame<DecoderAnswer> {
  const { message, payload } = frame;
  if (message.kind === 'failed') {
    const code = message.code in ERRORS ? message.code : 'document_crashed';
    throw new AppError(code, String(message.message));
  }
  if (message.kind === 'page') {
    const { widthPx, heightPx, textLayer } = message;
    const chars = textLayer?.chars ?? 0;
    const whole = [widthPx, heightPx].every((side) => Number.isSafeInteger(side) && side > 0);
    if (!whole || payload.length !== widthPx * heightPx * 3 + chars * TEXT_LAYER_CHAR_BYTES) {
      throw new AppError('document_crashed', 'A decoder sent a page whose size does not match its pixels');
    }
  }
  return frame;
}

/** Says in the message which document it was, where the decoder could not. */
function withSubject(error: AppError, what: string): AppError {
  if (error.code === 'canceled' || !/^(The (document|decoder)|A decoder) /.test(error.message)) return error;
  return new AppError(error.code, `${what}: ${error.message}`, { cause: error.cause ?? error });
}

function spawnDecoder(memoryBytesMax: number): ChildProcess {
  const heapBytesMax = Math.round(memoryBytesMax * PDF_HEAP_SHARE_MAX);
  const node = [process.execPath, `--max-old-space-size=${DECODER_HEAP_MEGABYTES_MAX}`, ENTRY, String(heapBytesMax)];
  const [command, ...args] = boundedBySystem(node, memoryBytesMax);
  return spawn(command!, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    // Nothing of the owner's environment, where keys may be, but what finds programs and libraries.
    env: {
      ...pick(process.env, ['PATH', 'LD_LIBRARY_PATH', 'SystemRoot', 'NODE_V8_COVERAGE']),
      // Threads that allocate by turns would each keep an arena of their own.
      MALLOC_ARENA_MAX: '2',
      // libvips would put large images into temporary files, which stay behind when the process is ended.
      VIPS_DISC_THRESHOLD: '1t',
    },
  });
}

/** On Linux the system itself refuses what comes too fast for our looks, and writes no memory of users to a core file. */
function boundedBySystem(command: readonly string[], memoryBytesMax: number): readonly string[] {
  const shell = '/bin/sh';
  if (process.platform !== 'linux' || !existsSync(shell)) return command;
  const kilobytes = Math.round((memoryBytesMax * HARD_BOUND_FACTOR) / 1024);
  return [shell, '-c', 'ulimit -c 0; ulimit -d "$0"; exec "$@"', String(kilobytes), ...command];
}

function memoryCheckFactor(): number {
  return process.platform === 'linux' ? 1 : SLOW_CHECK_FACTOR;
}

function pick(env: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
