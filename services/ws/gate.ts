/** Who may come in. The service's own keys and checks stand behind this; sessions know no more than it. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';

export type SocketScope = 'stream' | 'fuse';

/** Somebody who was let in. */
export interface Admission {
  /** Names whose budgets and connections these are: the key's id. */
  readonly owner: string;
  /** Throws rate_limited where the key's budget of audio is used up. */
  spendAudio(seconds: number): void;
  /** What is left of the budget of audio, for clients that want to know; empty where none is kept. */
  rateLimits(): readonly RateLimit[];
  /** Throws unauthorized where the key was revoked since, or lost the scope. Null: no key has let it in. */
  readonly recheck: (() => Promise<void>) | null;
}

export interface RateLimit {
  readonly name: string;
  readonly limit: number;
  readonly remaining: number;
  /** Until all of it is there again. */
  readonly resetSeconds: number;
}

export interface Gate {
  /** True where nobody comes in without a key. */
  readonly wantsKey: boolean;
  /** Host and Origin of an upgrade. Throws forbidden. */
  checkHeaders(headers: IncomingHttpHeaders): void;
  /** Throws rate_limited for a connection beyond the share of its address. */
  checkConnection(socket: Socket): void;
  /** Throws unauthorized, forbidden, rate_limited, shutting_down. `presented` null: no key was shown. */
  admit(presented: string | null, scope: SocketScope): Promise<Admission>;
}
