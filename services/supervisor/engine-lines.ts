import type { RecognizerInfo } from '../../models/core/recognizer.ts';
import type { CombinerClient } from '../combiner/combiner-client.ts';

/** What a call asks for. */
export interface LineWish {
  readonly modality: RecognizerInfo['modality'];
  /** How long to wait for the search with the language model before one without it will do. */
  readonly fusedWaitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** How a line was lost: a process crashed, or it was replaced in order. */
export type LineLoss = 'crash' | 'replaced';

/** A way to a recognizer and a search that are both there, for one call. */
export interface Line {
  readonly client: CombinerClient;
  /** True where no language model is on the way. */
  readonly degraded: boolean;
  /** Aborts with peer_lost once one of the processes on the way is gone. */
  readonly gone: AbortSignal;
  /** After the client said peer_lost. */
  loss(): Promise<LineLoss>;
  /** The call is over on this line; a second time does nothing. */
  release(): void;
}

/** Gives lines while processes come and go. */
export interface Lines {
  /**
   * Waits for a line. Throws AppError: invalid_option (nothing recognizes this modality here), peer_lost (none came in
   * time), the error of a process that has failed for good; and the signal's reason.
   */
  take(wish: LineWish): Promise<Line>;
  /** True where `take` would give a line with the language model at once. */
  isFused(modality: LineWish['modality']): boolean;
}
