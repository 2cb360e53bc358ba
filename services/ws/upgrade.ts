import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError } from '../../models/core/app-error.ts';
import { SECURITY_HEADERS } from '../http/security.ts';
import { toldError } from './close-code.ts';
import { CLOSE_MS_MAX, KEY_CHARS_MAX, PROTOCOLS_CHARS_MAX, QUERY_CHARS_MAX } from './limits.ts';

export const PATHS = ['/v1/stream', '/v1/realtime', '/v1/fuse'] as const;
export type SocketPath = (typeof PATHS)[number];

/** What an upgrade asks for. */
export interface UpgradeRequest {
  readonly path: SocketPath;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Offered subprotocols, those that carry secrets or settings among them. */
  readonly protocols: readonly string[];
  /** The key that was shown, from whichever place; null: none. */
  readonly key: string | null;
}

/** Browsers cannot set headers; clients of this API put the key here. */
const KEY_PROTOCOL = 'openai-insecure-api-key.';
/** Further offers that are no protocols of the connection. */
const SETTING_PROTOCOL = /^openai-(insecure-api-key|beta|organization|project)\./;

/** Throws not_found, invalid_option, header_too_large. */
export function parseUpgrade({ url = '/', headers }: Pick<IncomingMessage, 'url' | 'headers'>): UpgradeRequest {
  const cut = url.indexOf('?');
  const search = cut < 0 ? '' : url.slice(cut + 1);
  const path = socketPath(url);
  if (path === undefined) throw new AppError('not_found', 'There is no WebSocket at this address.');
  if (search.length > QUERY_CHARS_MAX) {
    throw new AppError('header_too_large', `The query has more than ${QUERY_CHARS_MAX} characters.`);
  }
  const offered = headers['sec-websocket-protocol'] ?? '';
  if (offered.length > PROTOCOLS_CHARS_MAX) {
    throw new AppError('header_too_large', `Sec-WebSocket-Protocol has more than ${PROTOCOLS_CHARS_MAX} characters.`);
  }
  const protocols = offered.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
  return { path, query: new URLSearchParams(search), headers, protocols, key: presentedKey(headers, protocols) };
}

/** Undefined: there is no WebSocket at this address. */
export function socketPath(url: string): SocketPath | undefined {
  const pathname = url.split('?', 1)[0];
  return PATHS.find((known) => known === pathname);
}

/** The subprotocol that the answer names: the first offer that is one. */
export function chosenProtocol(protocols: Iterable<string>): string | false {
  for (const name of protocols) if (!SETTING_PROTOCOL.test(name)) return name;
  return false;
}

/** Header or subprotocol, as clients of either age say it. */
export function asksForBeta({ headers, protocols }: Pick<UpgradeRequest, 'headers' | 'protocols'>): boolean {
  const header = headers['openai-beta'];
  return String(header ?? '').includes('realtime=v1') || protocols.includes('openai-beta.realtime-v1');
}

/** Throws unauthorized for one that cannot be a key. */
function presentedKey(headers: IncomingHttpHeaders, protocols: readonly string[]): string | null {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const own = headers['x-api-key'];
  const offered = protocols.find((name) => name.startsWith(KEY_PROTOCOL))?.slice(KEY_PROTOCOL.length);
  const key = bearer ?? (typeof own === 'string' && own !== '' ? own : undefined) ?? offered ?? null;
  if (key !== null && key.length > KEY_CHARS_MAX) throw new AppError('unauthorized', 'This is no key of this service.');
  return key;
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
};

/** Seconds that a client waits where the error does not say. */
const RETRY_AFTER_S = 5;

/**
 * Answers an upgrade with an error, in the shape of the other routes, and ends the connection: at once where the peer hangs up as
 * well, else after a while. No server looks after this socket any more, so a peer that never closes would hold it for ever.
 */
export function refuseUpgrade(socket: Duplex, error: AppError, requestId: string): void {
  const { status, retry } = error.kind;
  const { code, message, param } = toldError(error);
  const type = status === 401 ? 'authentication_error' : status === 403 ? 'permission_error' : typeOf(status);
  const body = JSON.stringify({ error: { message, type, param: param ?? null, code } });
  const after = 'retryAfterS' in error && typeof error.retryAfterS === 'number' ? error.retryAfterS : RETRY_AFTER_S;
  const lines = [
    `HTTP/1.1 ${status} ${REASONS[status] ?? 'Error'}`,
    'connection: close',
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`),
    `x-request-id: ${requestId}`,
    ...(status === 401 ? ['www-authenticate: Bearer'] : []),
    ...(status === 429 || (status === 503 && retry) ? [`retry-after: ${after}`] : []),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
  // What it still sends is thrown away: unread, it would reset the connection before the answer has arrived.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), CLOSE_MS_MAX);
  socket.once('close', () => clearTimeout(timer));
}

function typeOf(status: number): string {
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}
