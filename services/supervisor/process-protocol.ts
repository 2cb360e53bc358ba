import type { ErrorCode } from '../../models/core/app-error.ts';
import type { ToldRefusal } from '../transport/refusal-question.ts';
import type { WorkerModule } from '../transport/worker-thread.ts';

/** What a model process and its parent say to each other over the IPC channel. Frames of streams never go there. */

/** How a model process is set up: its first message. */
export interface ProcessSetup {
  /** file: URL of a worker's entry: recognizer-worker.js or combiner-worker.js. */
  readonly entry: string;
  readonly module: WorkerModule;
  /** Where it listens; the folder is its parent's alone. */
  readonly socketPath: string;
  /** Role, as the worker knows it, of whoever connects there. */
  readonly peerRole: string;
  /** For `ps`. */
  readonly title: string;
}

export type ToProcess =
  | ({ readonly kind: 'setup' } & ProcessSetup)
  /** Dial a recognizer and serve it in `role`. */
  | { readonly kind: 'dial'; readonly id: number; readonly url: string; readonly role: string }
  /** Would one more live stream be refused now? */
  | { readonly kind: 'ask-refusal' }
  | { readonly kind: 'close' };

export type FromProcess =
  | { readonly kind: 'ready'; readonly url: string }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }
  /** Answers `dial`; `message` says why it failed. */
  | { readonly kind: 'dialed'; readonly id: number; readonly message?: string }
  /** The channel that `dial` opened has ended. */
  | { readonly kind: 'parted'; readonly id: number }
  /** Answers `ask-refusal`. */
  | { readonly kind: 'refusal'; readonly refusal: ToldRefusal };

/** Exit statuses of a model process (docs/operations.md). */
export const EXIT_CLOSED = 0;
export const EXIT_LOAD_FAILED = 4;
export const EXIT_MODEL_LOST = 70;
export const EXIT_TERMINATED = 143;
