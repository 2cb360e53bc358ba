/**
 * A key is 32 random bytes behind a recognizable prefix; only its SHA-256 is kept. A slow hash (scrypt) protects secrets
 * that people make up, which can be guessed; 256 random bits cannot, however fast the guesses, and a slow hash at each
 * request would itself be a way to overload the service.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { BudgetLimits } from './key-budgets.ts';
import { PRESENTED_CHARS_MAX, SECRET_BYTES } from './limits.ts';

/** What a key opens: audio files, documents, live streams, hypotheses of other recognizers, figures, everything. */
export const SCOPES = ['transcribe', 'read', 'stream', 'fuse', 'metrics', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

export interface ApiKey {
  /** Names the key in lists, logs and `revoke`; not secret. */
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the key, hexadecimal. */
  readonly hash: string;
  readonly scopes: readonly Scope[];
  readonly limits: BudgetLimits;
  /** ISO 8601. */
  readonly createdAt: string;
}

const PREFIX = 'bf_';

export interface NewKey {
  /** Shown once, to whoever asked for it. */
  readonly secret: string;
  readonly key: ApiKey;
}

export function newApiKey(
  options: Pick<ApiKey, 'name' | 'scopes' | 'limits'>,
  createdAt: string,
  random: (bytes: number) => Buffer = randomBytes,
): NewKey {
  const secret = PREFIX + random(SECRET_BYTES).toString('base64url');
  const { name, scopes, limits } = options;
  return { secret, key: { id: random(4).toString('hex'), name, hash: hashOf(secret), scopes, limits, createdAt } };
}

/** The key that was presented, or null. Takes as long whichever key it is, and whether it is one. */
export function findKey(keys: readonly ApiKey[], presented: string): ApiKey | null {
  if (presented.length > PRESENTED_CHARS_MAX) return null;
  const hash = createHash('sha256').update(presented).digest();
  let found: ApiKey | null = null;
  for (const key of keys) if (timingSafeEqual(Buffer.from(key.hash, 'hex'), hash)) found = key;
  return found;
}

export function hasScope({ scopes }: ApiKey, scope: Scope): boolean {
  return scopes.includes(scope) || scopes.includes('admin');
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
