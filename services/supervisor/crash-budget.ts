import { AppError } from '../../models/core/app-error.ts';
import type { LineLoss } from './engine-lines.ts';
import { CRASHES_MAX, REPLACEMENTS_MAX } from './limits.ts';

/** How often one call, or one stretch of one, may lose its process. */
export class CrashBudget {
  #crashes = 0;
  #replacements = 0;

  get crashes(): number {
    return this.#crashes;
  }

  /** Counts a loss. Throws input_crashes where this was one crash too many, `error` where it was replaced again and again. */
  spend(loss: LineLoss, error: unknown): void {
    if (loss === 'replaced') {
      this.#replacements++;
      if (this.#replacements > REPLACEMENTS_MAX) throw error;
      return;
    }
    this.#crashes++;
    if (this.#crashes >= CRASHES_MAX) throw inputCrashes(error);
  }

  /** What was suspect went through. */
  passed(): void {
    this.#crashes = 0;
  }
}

export function inputCrashes(cause?: unknown): AppError {
  return new AppError('input_crashes', `The model process ended ${CRASHES_MAX} times on this input.`, { cause });
}

/** A stream that lost its process, as opposed to one that failed. */
export function isLost(error: unknown, signal: AbortSignal | undefined): boolean {
  return !signal?.aborted && error instanceof AppError && error.code === 'peer_lost';
}
