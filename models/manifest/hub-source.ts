/**
 * The Hugging Face Hub as a source, always at a pinned commit. `HF_ENDPOINT` names another server (a mirror, or the
 * stand-in of the tests), `HF_TOKEN` opens repositories whose terms the user has accepted.
 */

import { downloadFile, HubApiError, type ListFileEntry, listFiles } from '@huggingface/hub';
import { AppError } from '../core/app-error.ts';
import type { HubLocation, HubSpec, ModelKind, WantedFile } from './artefact.ts';
import { errnoOf } from './disk-space.ts';
import { throwIfCanceled } from './progress.ts';
import type { ByteStream, FileOrigin, ModelSource, OpenedSource } from './source.ts';

export interface HubOptions {
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** A connection that brings nothing for so long is given up and taken up anew. */
  readonly idleMsMax?: number | undefined;
}

/** Longer than any pause of a healthy server; short enough that a dead connection does not look like work. */
const IDLE_MS_MAX = 60_000;
/** Tries of one file; each goes on where the last one broke. */
const ATTEMPTS_MAX = 6;
const PUBLIC_HUB = 'https://huggingface.co';
/** A repository of more entries than this is no model that we read; it bounds the listing's memory. */
const ENTRIES_MAX = 10_000;

export function hubSource(options: HubOptions = {}): ModelSource {
  const hub = new HubClient(options);
  return {
    name: 'hub',
    remote: true,
    workBytes: () => 0,
    async open({ artefact }) {
      if (artefact.hub) return new OpenedRepository(hub, artefact.hub);
      if (!artefact.hubHint) return null;
      throw new AppError(
        'source_unavailable',
        `No hub commit is pinned for ${artefact.name}. Choose one and run: bytefuse models pull ${artefact.hubHint} ` +
          `(a file with the pinned SHA-256 then counts as ${artefact.name}).`,
      );
    },
  };
}

class OpenedRepository implements OpenedSource {
  readonly phase = 'download';
  readonly #hub: HubClient;
  readonly #location: HubLocation;

  constructor(hub: HubClient, location: HubLocation) {
    this.#hub = hub;
    this.#location = location;
  }

  async origin(file: WantedFile): Promise<FileOrigin> {
    return {
      label: `${this.#hub.url}/${this.#location.repo} at ${this.#location.commit.slice(0, 12)}`,
      attemptsMax: ATTEMPTS_MAX,
      read: (offsetBytes, signal) => this.#hub.read(this.#location, file, offsetBytes, signal),
    };
  }

  async close(): Promise<void> {}
}

export interface HubModel {
  readonly kind: ModelKind;
  readonly files: readonly WantedFile[];
}

/**
 * What a repository holds at a commit: a CTranslate2 Whisper folder, or one GGUF file. Large files come with their
 * SHA-256, small ones with their git blob id.
 * @throws AppError `model_format` where it holds neither, or several GGUF files and none was named;
 *   `source_unavailable`
 */
export async function resolveHubModel(spec: HubSpec, options: HubOptions, signal?: AbortSignal): Promise<HubModel> {
  const where = `${spec.repo} at ${spec.commit.slice(0, 12)}`;
  const files = await new HubClient(options).list(spec, signal);
  if (spec.file !== null) {
    const file = files.find((entry) => entry.path === spec.file);
    if (!file) throw new AppError('model_format', `${where} has no file ${spec.file}.`);
    if (!file.path.endsWith('.gguf')) throw new AppError('model_format', `${spec.file} is no GGUF file.`);
    return { kind: 'llm', files: [file] };
  }
  const whisper = files.filter((entry) => WHISPER_FILES.test(entry.path));
  if (whisper.some((entry) => entry.path === 'model.bin')) return { kind: 'whisper', files: whisper };
  const gguf = files.filter((entry) => entry.path.endsWith('.gguf'));
  if (gguf.length === 1) return { kind: 'llm', files: gguf };
  throw new AppError(
    'model_format',
    gguf.length === 0
      ? `${where} holds neither a CTranslate2 Whisper model (model.bin) nor a GGUF file.`
      : `${where} holds ${gguf.length} GGUF files; name one: hub:${spec.repo}@${spec.commit}:${gguf[0]!.path}`,
  );
}

/** What faster-whisper reads of a repository; the rest (README and the like) stays there. */
const WHISPER_FILES = /^(config\.json|model\.bin|preprocessor_config\.json|tokenizer\.json|vocabulary\.(txt|json))$/;

class HubClient {
  readonly url: string;
  readonly #accessToken: string | undefined;
  readonly #idleMsMax: number;

  constructor(options: HubOptions) {
    const env = options.env ?? process.env;
    this.url = (env['HF_ENDPOINT'] || PUBLIC_HUB).replace(/\/+$/, '');
    // The library refuses a token of another form with an exception of its own.
    this.#accessToken = env['HF_TOKEN']?.startsWith('hf_') ? env['HF_TOKEN'] : undefined;
    this.#idleMsMax = options.idleMsMax ?? IDLE_MS_MAX;
  }

  async list(location: HubLocation, signal?: AbortSignal): Promise<WantedFile[]> {
    const connection = new Connection(this.#idleMsMax, signal);
    const files: WantedFile[] = [];
    try {
      const entries = listFiles({
        repo: location.repo,
        revision: location.commit,
        recursive: false,
        hubUrl: this.url,
        fetch: connection.fetch,
        ...(this.#accessToken ? { accessToken: this.#accessToken } : {}),
      });
      for await (const entry of entries) {
        connection.touch();
        const file = wantedFile(entry);
        if (file) files.push(file);
        if (files.length > ENTRIES_MAX) {
          throw new AppError('model_format', `${location.repo} lists more than ${ENTRIES_MAX} files.`);
        }
      }
    } catch (error) {
      throw this.#failure(`list ${location.repo}`, error, connection, signal);
    } finally {
      connection.close();
    }
    return files;
  }

  async read(
    location: HubLocation,
    file: WantedFile,
    offsetBytes: number,
    signal: AbortSignal | undefined,
  ): Promise<ByteStream> {
    const connection = new Connection(this.#idleMsMax, signal);
    const path = file.path.split('/').map(encodeURIComponent).join('/');
    const what = `download ${location.repo}/${file.path}`;
    let first: ReadResult;
    let reader: ReadableStreamDefaultReader<Uint8Array>;
    try {
      const blob = await downloadFile({
        repo: location.repo,
        path: file.path,
        revision: location.commit,
        hubUrl: this.url,
        fetch: connection.fetch,
        // Plain ranges: resumable by offset, and the digest is checked by the store.
        xet: false,
        // Size and digest are known, so the library need not ask for them again.
        downloadInfo: {
          size: file.sizeBytes,
          etag: file.digest.hex,
          url: `${this.url}/${location.repo}/resolve/${location.commit}/${path}`,
        },
        ...(this.#accessToken ? { accessToken: this.#accessToken } : {}),
      });
      if (blob === null) throw new AppError('source_unavailable', `${location.repo} has no ${file.path}.`);
      const part = offsetBytes > 0 ? blob.slice(offsetBytes) : blob;
      reader = (part.stream() as ReadableStream<Uint8Array>).getReader();
      first = await connection.guard(reader.read());
    } catch (error) {
      connection.close();
      throw this.#failure(what, error, connection, signal);
    }
    const fail = (error: unknown): unknown => this.#failure(what, error, connection, signal);
    // A server that knows no ranges answers 200 with the whole file.
    const startBytes = connection.status === 206 ? offsetBytes : 0;
    return { startBytes, chunks: drain(reader, first, connection, fail) };
  }

  #failure(what: string, error: unknown, connection: Connection, signal: AbortSignal | undefined): unknown {
    throwIfCanceled(signal, `The hub's ${what}`);
    if (error instanceof AppError) return error;
    const cause = connection.failure ?? error;
    if (cause instanceof HubApiError || (error instanceof HubApiError && connection.status >= 400)) {
      const hint =
        connection.status === 401 || connection.status === 403
          ? ' The repository needs access: accept its terms on the hub and set HF_TOKEN.'
          : '';
      return new AppError('source_unavailable', `${this.url} refused to ${what}: status ${connection.status}.${hint}`, {
        cause: error,
      });
    }
    if (connection.status >= 400) {
      return new AppError('source_unavailable', `${this.url} refused to ${what}: status ${connection.status}.`, {
        cause: error,
      });
    }
    return new BrokenStream(`${this.url} could not ${what}: ${reasonOf(cause)}`, cause);
  }
}

/** A connection that failed on the way: worth another try from the offset reached. */
export class BrokenStream extends AppError {
  constructor(message: string, cause: unknown) {
    super('source_unavailable', message, { cause });
  }
}

type ReadResult = Awaited<ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']>>;

async function* drain(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  first: ReadResult,
  connection: Connection,
  fail: (error: unknown) => unknown,
): AsyncGenerator<Uint8Array> {
  try {
    for (let result = first; !result.done; result = await connection.guard(reader.read())) yield result.value;
  } catch (error) {
    throw fail(error);
  } finally {
    connection.close();
    reader.cancel().catch(() => {
      // The stream may have failed already; there is nothing left to release.
    });
  }
}

/**
 * One request as the library makes it, with what the library does not offer: cancel, a limit on silence, and the status
 * and the cause that its blobs hide.
 */
class Connection {
  status = 0;
  failure: unknown = null;
  readonly fetch: typeof fetch;
  readonly #abort = new AbortController();
  readonly #idle: NodeJS.Timeout;
  readonly #stopped: Promise<never>;
  readonly #signal: AbortSignal | undefined;
  readonly #onCancel: () => void;

  constructor(idleMsMax: number, signal: AbortSignal | undefined) {
    this.#signal = signal;
    this.#onCancel = () => this.#abort.abort(signal?.reason);
    if (signal?.aborted) this.#onCancel();
    signal?.addEventListener('abort', this.#onCancel, { once: true });
    this.#idle = setTimeout(() => {
      this.failure = new Error(`nothing came for ${idleMsMax / 1000} s`);
      this.#abort.abort(this.failure);
    }, idleMsMax);
    this.#stopped = new Promise((_, reject) => {
      const stop = (): void => reject(this.#abort.signal.reason);
      if (this.#abort.signal.aborted) stop();
      else this.#abort.signal.addEventListener('abort', stop, { once: true });
    });
    // Whoever waits in guard() hears of it; without a waiter it is no unhandled rejection.
    this.#stopped.catch(() => {});
    this.fetch = async (input, init) => {
      try {
        const response = await fetch(input, { ...init, signal: this.#abort.signal });
        this.status = response.status;
        this.touch();
        return response;
      } catch (error) {
        this.failure ??= error;
        throw error;
      }
    };
  }

  touch(): void {
    this.#idle.refresh();
  }

  async guard<T>(work: Promise<T>): Promise<T> {
    const value = await Promise.race([work, this.#stopped]);
    this.touch();
    return value;
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#signal?.removeEventListener('abort', this.#onCancel);
    this.#abort.abort(new Error('closed'));
  }
}

function wantedFile(entry: ListFileEntry): WantedFile | null {
  if (entry.type !== 'file') return null;
  if (entry.lfs) {
    return { path: entry.path, sizeBytes: entry.lfs.size, digest: { algorithm: 'sha256', hex: entry.lfs.oid } };
  }
  if (!entry.oid) return null;
  return { path: entry.path, sizeBytes: entry.size, digest: { algorithm: 'git-blob', hex: entry.oid } };
}

/** fetch says only "fetch failed"; the reason is in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const errno = errnoOf(error.cause) ?? errnoOf(error);
  const inner = error.cause instanceof Error ? error.cause.message : error.message;
  return errno && !inner.includes(errno) ? `${inner} (${errno})` : inner;
}
