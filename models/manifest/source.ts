/** Where the bytes of a model come from. One file per source beside this one. */

import { AppError } from '../core/app-error.ts';
import type { Artefact, WantedFile } from './artefact.ts';
import type { ModelPhase } from './progress.ts';

export type SourceName = 'file' | 'pip' | 'hub';

export const SOURCE_NAMES: readonly SourceName[] = ['file', 'pip', 'hub'];

export interface SourceContext {
  readonly signal?: AbortSignal | undefined;
  /** A folder in the cache, for this artefact and source only, that survives a break; the caller holds its lock. */
  readonly workDir: string;
  /** Bytes that the source itself brings before any file can be read (wheels). */
  readonly onPrepare: (doneBytes: number, totalBytes: number) => void;
}

/** What a source can be asked for. Hub references are resolved to files before. */
export interface SourceRequest {
  readonly artefact: Pick<Artefact, 'name' | 'pip' | 'hub' | 'hubHint'>;
  readonly files: readonly WantedFile[];
}

export interface ModelSource {
  readonly name: SourceName;
  /** True where it needs the network: skipped in offline mode. */
  readonly remote: boolean;
  /** Bytes that the source needs on disk beside the files themselves. */
  workBytes(request: SourceRequest): number;
  /**
   * Null where this source knows no way to the model.
   * @throws AppError `python_missing`, `source_unavailable`, `disk_full`, `canceled`
   */
  open(request: SourceRequest, context: SourceContext): Promise<OpenedSource | null>;
}

export interface OpenedSource {
  readonly phase: Extract<ModelPhase, 'download' | 'unpack'>;
  /** Null where the source lacks this one file. */
  origin(file: WantedFile): Promise<FileOrigin | null>;
  /** Called once: with true after every file arrived, so that what is no longer needed can go. */
  close(complete: boolean): Promise<void>;
}

/** The bytes of one file, from any offset. */
export interface FileOrigin {
  /** For messages: `pip package x 1.0.0`, a path, a hub address. */
  readonly label: string;
  /** How often a broken stream is taken up again before it counts as a failure; 1 for local files. */
  readonly attemptsMax: number;
  read(offsetBytes: number, signal: AbortSignal | undefined): Promise<ByteStream>;
  /** Called where the bytes turned out to be wrong: what is cached on the way must go. */
  discard?(): Promise<void>;
}

export interface ByteStream {
  /** Where the stream begins: the offset asked for, or 0 where the source cannot start in the middle. */
  readonly startBytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/**
 * Reads an order such as `file,pip,hub`.
 * @throws AppError `invalid_option` for an unknown name, a repeated one, or none.
 */
export function parseSourceOrder(text: string): SourceName[] {
  const order: SourceName[] = [];
  for (const part of text.split(',')) {
    const name = SOURCE_NAMES.find((known) => known === part.trim().toLowerCase());
    if (!name || order.includes(name)) {
      throw new AppError(
        'invalid_option',
        `"${text}" is no order of sources: expected some of ${SOURCE_NAMES.join(', ')}, each once, with commas.`,
      );
    }
    order.push(name);
  }
  return order;
}
