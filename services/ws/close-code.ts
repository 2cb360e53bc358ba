import type { AppError } from '../../models/core/app-error.ts';

/** Close codes of RFC 6455 that we send. */
export const NORMAL = 1000;
export const GOING_AWAY = 1001;
export const UNSUPPORTED_DATA = 1003;
export const POLICY = 1008;
export const INTERNAL = 1011;
export const TRY_AGAIN = 1013;

/** The close code that goes with an error, by what the registry says of it. */
export function closeCodeOf({ code, kind }: AppError): number {
  if (code === 'shutting_down') return GOING_AWAY;
  if (code === 'canceled') return NORMAL;
  if (kind.status >= 500) return kind.retry ? TRY_AGAIN : INTERNAL;
  return POLICY;
}

export interface ToldError {
  readonly code: string;
  readonly message: string;
  readonly retry: boolean;
  readonly param?: string;
}

/** Codes above 499 whose messages speak of the request; those of others may hold what is no client's business. */
const PUBLIC = new Set<string>(['overloaded', 'not_ready', 'shutting_down', 'deadline_exceeded', 'peer_lost']);

/** What a client hears of an error. */
export function toldError(error: AppError): ToldError {
  const { code, kind, param } = error;
  const own = kind.status >= 500 && !PUBLIC.has(code);
  const message = own ? `The service failed on this session (${code}).` : error.message;
  return { code, message, retry: kind.retry, ...(param === undefined ? {} : { param }) };
}
