/** What this service adds to Fastify's own types. */
import type { ApiKey, Scope } from '../keys/api-key.ts';
import type { ObservedRequest } from '../metrics/observed-request.ts';
import type { Work } from '../server/work-room.ts';

/** Who sent a request. */
export interface Caller {
  /** Id of the key; `local` where no keys are needed. */
  readonly owner: string;
  readonly key: ApiKey | null;
}

/** What the log line of a request will say, beside address, status and time. No text unless it is asked for. */
export interface RequestNotes {
  code?: string;
  uploadBytes?: number;
  format?: string;
  audioSeconds?: number;
  pages?: number;
  language?: string;
  text?: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null;
    /** Present on routes with `work` from the moment the request was let in. */
    work: Work | null;
    notes: RequestNotes;
    observed: ObservedRequest;
  }
  interface FastifyContextConfig {
    /** The scope that a key must have; absent: open to everybody. */
    scope?: Scope | 'any';
    /** The route takes uploads and uses the models of this kind. */
    work?: 'speech' | 'page';
    /** One of many addresses of little interest: they are one route in figures, by this name, and logged at debug. */
    label?: string;
  }
  interface FastifyInstance {
    /** Takes no new work and waits for what runs; `close()` does so by itself. */
    drain(): Promise<void>;
  }
}
