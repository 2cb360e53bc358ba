import { AppError, type ErrorCode } from '../../models/core/app-error.ts';
import { RETRY_AFTER_S_MAX } from './limits.ts';

/** A refusal that passes: the answer says when to come back. */
export class RetryLater extends AppError {
  /** Whole seconds, at least 1. */
  readonly retryAfterS: number;

  constructor(code: ErrorCode, message: string, retryAfterS: number, options?: { cause?: unknown; param?: string }) {
    super(code, message, options);
    this.retryAfterS = Math.max(1, Math.ceil(retryAfterS));
  }

  /** An estimate, bounded: beyond a minute it means nothing. */
  static estimate(code: ErrorCode, message: string, seconds: number): RetryLater {
    return new RetryLater(code, message, Math.min(RETRY_AFTER_S_MAX, seconds));
  }
}
