/** Checks before any body is read: Host, Origin, key, scope, encodings; and the headers that every answer carries. */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { AppError } from '../../models/core/app-error.ts';
import { hasScope, type Scope } from '../keys/api-key.ts';
import type { KeyLookup } from '../keys/key-file.ts';
import { isLoopback, type ServiceConfig } from '../server/config.ts';
import type { Caller } from './fastify-types.ts';

/** Answers that are no page may load nothing and stand in no frame. */
const CSP_DATA = "default-src 'none'; frame-ancestors 'none'";
/** The page of the documentation: its style, and nothing else. */
export const CSP_DOCS =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(self)',
  'content-security-policy': CSP_DATA,
  'cache-control': 'no-store',
};

/** A month: long enough to hold, short enough that a service can go back to HTTP. */
const HSTS = { 'strict-transport-security': 'max-age=2592000' } as const;

/**
 * Browsers that came by TLS come back by TLS only. Not where they came to a name of their own machine: it stands for all
 * services there, on every port.
 */
export function transportHeaders(scheme: 'http' | 'https', host: string | undefined): Readonly<Record<string, string>> {
  return scheme === 'https' && !isLoopback(hostName(host) ?? '') ? HSTS : {};
}

/**
 * Refuses names of other sites: a page there can make its own name lead here (DNS rebinding), and a browser would take us
 * for it. An address in numbers cannot be made to lead elsewhere, so it is refused only where we are for this machine
 * alone. Throws forbidden.
 */
export function checkHost(header: string | undefined, { host, allowHosts }: ServiceConfig): void {
  const name = hostName(header);
  if (name === null) throw new AppError('forbidden', 'The request has no valid Host header.', { param: 'host' });
  if (isLoopback(name) || allowHosts.some((allowed) => allowed.toLowerCase() === name)) return;
  if (!isLoopback(host) && (isIP(name) !== 0 || name === host.toLowerCase())) return;
  throw new AppError('forbidden', `The host ${name} is not served here (--allow-host).`, { param: 'host' });
}

/** Without port and brackets, in lower case. */
function hostName(header: string | undefined): string | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+))(?::\d{1,5})?$/.exec(header ?? '');
  return (match?.[1] ?? match?.[2])?.toLowerCase() ?? null;
}

/**
 * True where the request comes from a page of another site that may call. Forms of other sites can send uploads without
 * asking first, so a foreign origin is refused, not only left without headers. Throws forbidden.
 */
export function checkOrigin(headers: IncomingHttpHeaders, { corsOrigins }: ServiceConfig): string | null {
  const { origin, host } = headers;
  if (origin === undefined) return null;
  if (corsOrigins.includes('*') || corsOrigins.includes(origin)) return origin;
  if (originHost(origin) === host) return null;
  throw new AppError('forbidden', 'Pages of this origin may not call (--cors-origin).', { param: 'origin' });
}

function originHost(origin: string): string | null {
  try {
    return new URL(origin).host;
  } catch {
    return null;
  }
}

export function corsHeaders(origin: string): Record<string, string> {
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'x-request-id, retry-after, server-timing',
    'cross-origin-resource-policy': 'cross-origin',
    vary: 'Origin',
  };
}

export const PREFLIGHT_HEADERS: Readonly<Record<string, string>> = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers':
    'authorization, content-type, traceparent, tracestate, x-api-key, x-deadline-ms, x-request-id',
  'access-control-max-age': '600',
};

/** Compressed bodies are not taken: a kilobyte of them can stand for gigabytes. Throws media_type_unsupported. */
export function checkEncoding(headers: IncomingHttpHeaders): void {
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding.trim().toLowerCase() === 'identity') return;
  throw new AppError('media_type_unsupported', 'Bodies are taken without Content-Encoding only.', {
    param: 'content-encoding',
  });
}

const LOCAL: Caller = { owner: 'local', key: null };

/** Who sends this. `keys` null: whoever can reach us may. Throws unauthorized, forbidden, keys_unusable. */
export async function authorize(
  headers: IncomingHttpHeaders,
  keys: KeyLookup | null,
  scope: Scope | 'any',
): Promise<Caller> {
  if (keys === null) return LOCAL;
  const presented = presentedKey(headers);
  if (presented === null) throw new AppError('unauthorized', 'This service wants a key, and the request has none.');
  const key = await keys.find(presented);
  if (key === null) throw new AppError('unauthorized', 'This key is unknown, or was revoked.');
  if (scope !== 'any' && !hasScope(key, scope)) {
    throw new AppError('forbidden', `Key ${key.id} has no scope ${scope}.`);
  }
  return { owner: key.id, key };
}

function presentedKey(headers: IncomingHttpHeaders): string | null {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const own = headers['x-api-key'];
  return typeof own === 'string' && own !== '' ? own : null;
}
