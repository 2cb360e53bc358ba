import { AppError } from '../../models/core/app-error.ts';

/** What a caller gets where its signal ended the work: the signal's own AppError, or `canceled`. */
export function abortError(signal: AbortSignal, what: string): AppError {
  if (signal.reason instanceof AppError) return signal.reason;
  return new AppError('canceled', `${what} was canceled`, { cause: signal.reason });
}

/** The work's result, or `abortError` as soon as the signal aborts; the work itself goes on unheard. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined, what: string): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(abortError(signal, what));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
