/** One shape for every failure, whoever noticed it: our own codes, Fastify's, the form reader's, Node's parser. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError, type ErrorCode } from '../../models/core/app-error.ts';
import { RetryLater } from '../server/retry-later.ts';

export interface ErrorBody {
  readonly error: {
    readonly message: string;
    /** The class that clients of such services tell apart. */
    readonly type: string;
    /** Field, header or option to blame. */
    readonly param: string | null;
    readonly code: string;
  };
}

/** Codes of Fastify, its form reader and Node, where they mean something of ours. */
const FOREIGN_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media_type_unsupported',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'form_malformed',
  FST_ERR_VALIDATION: 'invalid_option',
  FST_ERR_BAD_URL: 'invalid_option',
  FST_ERR_MAX_PARAM_LENGTH: 'not_found',
  FST_PARTS_LIMIT: 'payload_too_large',
  FST_FILES_LIMIT: 'payload_too_large',
  FST_FIELDS_LIMIT: 'payload_too_large',
  FST_REQ_FILE_TOO_LARGE: 'payload_too_large',
  FST_PROTO_VIOLATION: 'form_malformed',
  FST_INVALID_MULTIPART_CONTENT_TYPE: 'media_type_unsupported',
  FST_INVALID_JSON_FIELD_ERROR: 'form_malformed',
  FST_MP_PREMATURE_CLOSE: 'form_malformed',
  HPE_HEADER_OVERFLOW: 'header_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  FST_ERR_HANDLER_TIMEOUT: 'deadline_exceeded',
  // A stream that was given up: its client has left, or reads too slowly.
  ERR_STREAM_PREMATURE_CLOSE: 'canceled',
};

export function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { code, message, statusCode } = (error ?? {}) as { code?: unknown; message?: string; statusCode?: number };
  const known = FOREIGN_CODES[String(code)];
  if (known !== undefined) return new AppError(known, sentence(message ?? known), { cause: error });
  // Fastify's other refusals of what was sent; everything else is ours.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new AppError('invalid_option', sentence(message ?? ''), { cause: error });
  }
  return AppError.from(error);
}

export function errorBody(error: AppError): ErrorBody {
  return {
    error: {
      message: publicMessage(error),
      type: typeOf(error.kind.status),
      param: error.param ?? null,
      code: error.code,
    },
  };
}

/** Headers that go with a refusal. */
export function errorHeaders(error: AppError): Record<string, string> {
  const headers: Record<string, string> = {};
  if (error.code === 'unauthorized') headers['www-authenticate'] = 'Bearer';
  if (error instanceof RetryLater) headers['retry-after'] = String(error.retryAfterS);
  else if (error.kind.status === 503 && error.kind.retry) headers['retry-after'] = '5';
  return headers;
}

export function sendError(raw: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = asAppError(raw);
  request.notes.code = error.code;
  if (error.code === 'internal') request.log.error({ err: error.cause ?? error }, 'internal error');
  void reply
    .code(error.kind.status)
    .headers(errorHeaders(error))
    .header('content-type', 'application/json; charset=utf-8')
    .send(JSON.stringify(errorBody(error)));
}

/**
 * Failures of this machine (models, disk, bugs) are told by their code: their messages are for the log. The hints of the
 * registry speak to those who use the command line, and stay there.
 */
function publicMessage(error: AppError): string {
  const { status } = error.kind;
  const ownFault = status >= 500 && !PUBLIC_CODES.has(error.code);
  if (ownFault) return `The service failed on this request (${error.code}); its log says more under the request’s id.`;
  // What begins with a small letter here begins with a name, of a field or a file, which keeps its spelling.
  return withStop(withoutPaths(error.message));
}

/** Codes with a status above 500 whose messages speak of the request, not of the machine. */
const PUBLIC_CODES: ReadonlySet<ErrorCode> = new Set([
  'overloaded',
  'not_ready',
  'shutting_down',
  'deadline_exceeded',
  'peer_lost',
]);

/** Absolute paths lose their folders: a client has no business knowing where things lie. */
export function withoutPaths(text: string): string {
  return text.replace(/(?<![\w:/.])(?:[A-Za-z]:)?[\\/](?:[^\s\\/:"',;]+[\\/])+([^\s\\/:"',;]*)/g, '$1');
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

/** What others say, as a sentence of ours. */
function sentence(text: string): string {
  const whole = withStop(text);
  return whole.charAt(0).toUpperCase() + whole.slice(1);
}

function withStop(text: string): string {
  return text.trim().replace(/[^.!?]$/, '$&.');
}
