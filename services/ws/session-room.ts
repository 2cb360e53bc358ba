import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import { PARKED_MAX, RETURN_SILENT_MS, RETURN_WAIT_MS } from './limits.ts';
import type { StreamSession } from './stream-session.ts';

/** The sessions of the native protocol, by the token that takes them over. */
export class SessionRoom {
  readonly #parkedMax: number;
  /** Oldest first. */
  readonly #sessions = new Set<StreamSession>();

  constructor(parkedMax = PARKED_MAX) {
    this.#parkedMax = parkedMax;
  }

  get size(): number {
    return this.#sessions.size;
  }

  add(session: StreamSession): void {
    this.#sessions.add(session);
  }

  delete(session: StreamSession): void {
    this.#sessions.delete(session);
  }

  /** Call when a session was parked: beyond the bound, the oldest that waits is given up. */
  parked(): void {
    const waiting = [...this.#sessions].filter((session) => session.isParked);
    for (const session of waiting.slice(0, Math.max(0, waiting.length - this.#parkedMax))) session.giveUp();
  }

  /** Throws not_found: whoever guesses learns nothing else. */
  find(token: string, owner: string, seq: number): StreamSession {
    // All are compared, so that the time tells nothing of the tokens.
    let found: StreamSession | undefined;
    for (const session of this.#sessions) if (sameText(session.resumeToken, token)) found = session;
    if (found === undefined || found.owner !== owner) {
      throw new AppError('not_found', 'No session waits for this resume token.', { param: 'resume.token' });
    }
    if (!found.canResume(seq)) {
      throw new AppError('not_found', `Events after ${seq} are not there any more.`, { param: 'resume.seq' });
    }
    return found;
  }

  /**
   * True where a client of `owner` (null: of anybody) that connects now may have come back for its session: one is parked, or its
   * connection, though still open here, falls silent, for who sends on the old one needs no new one. Waits to see that.
   */
  async mayReturn(owner: string | null, clock: Clock): Promise<boolean> {
    const own = () => [...this.#sessions].filter((session) => owner === null || session.owner === owner);
    const oneIsSilent = () => own().some((session) => session.silentMs >= RETURN_SILENT_MS);
    if (own().length === 0 || oneIsSilent()) return own().length > 0;
    await new Promise<void>((resolve) => {
      clock.after(RETURN_WAIT_MS, resolve);
    });
    return oneIsSilent();
  }

  /** Ends all: those that have a client tell it `error`. */
  failAll(error: AppError): void {
    for (const session of [...this.#sessions]) {
      if (session.isParked) session.giveUp();
      else session.fail(error);
    }
  }
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
