/** The models as routes see them: perhaps still loading, perhaps degraded. */
import { AppError } from '../../models/core/app-error.ts';
import type { Alphabet } from '../../models/core/stepwise.ts';
import type { Bytefuse, EngineFacts } from '../app/bytefuse.ts';
import { RetryLater } from './retry-later.ts';

export type EngineState = 'loading' | 'ready' | 'degraded';

/** Bytes of the recognizer's tokens: what `include[]=logprobs` spells. */
export type TokenPieces = Pick<Alphabet, 'bytesOf' | 'size'>;

export interface EngineDoor {
  readonly state: EngineState;
  /** Null while loading. */
  readonly facts: EngineFacts | null;
  /** Null where the recognizer is elsewhere, or none is loaded. */
  readonly pieces: TokenPieces | null;
  /** Throws RetryLater not_ready while loading. */
  open(): Bytefuse;
}

/** Seconds until a client asks again while models load from the disk; a first download takes longer. */
const LOADING_S = 5;

/** A door that opens when `ready` is called. */
export class LoadingDoor implements EngineDoor {
  #bytefuse: Bytefuse | null = null;
  #pieces: TokenPieces | null = null;

  get state(): EngineState {
    return this.#bytefuse === null ? 'loading' : 'ready';
  }

  get facts(): EngineFacts | null {
    return this.#bytefuse?.facts ?? null;
  }

  get pieces(): TokenPieces | null {
    return this.#pieces;
  }

  ready(bytefuse: Bytefuse, pieces: TokenPieces | null = null): void {
    this.#bytefuse = bytefuse;
    this.#pieces = pieces;
  }

  open(): Bytefuse {
    if (this.#bytefuse === null) throw new RetryLater('not_ready', 'The models are being loaded.', LOADING_S);
    return this.#bytefuse;
  }
}

/** Throws unsupported_parameter where this service was started without the models for it. */
export function requireModality(facts: EngineFacts | null, kind: 'speech' | 'page'): void {
  const has = kind === 'speech' ? facts?.recognizer : facts?.pages;
  if (has) return;
  const what = kind === 'speech' ? 'Speech is' : 'Pages are';
  throw new AppError('unsupported_parameter', `${what} not recognized here: the service was started without.`);
}
