import type { Clock } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { Admission } from './gate.ts';
import { ADMISSION_CHECK_MS } from './limits.ts';

interface Watched {
  readonly recheck: () => Promise<void>;
  readonly end: (error: AppError) => void;
}

/** Ends what was let in by a key that is revoked meanwhile: a session may last for hours. Nothing is timed while nobody is watched. */
export class AdmissionWatch {
  readonly #clock: Clock;
  readonly #watched = new Set<Watched>();
  #ticks = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `end` once, with unauthorized, as soon as the admission holds no more. Returns what ends the watch. */
  add({ recheck }: Admission, end: (error: AppError) => void): () => void {
    if (recheck === null) return () => undefined;
    const watched = { recheck, end };
    this.#watched.add(watched);
    this.#tickLater();
    return () => this.#watched.delete(watched);
  }

  #tickLater(): void {
    if (this.#ticks || this.#watched.size === 0) return;
    this.#ticks = true;
    this.#clock.after(ADMISSION_CHECK_MS, async () => {
      await Promise.all([...this.#watched].map((watched) => this.#check(watched)));
      this.#ticks = false;
      this.#tickLater();
    });
  }

  async #check(watched: Watched): Promise<void> {
    try {
      await watched.recheck();
    } catch (thrown) {
      const error = AppError.from(thrown);
      // A file of keys that cannot be read refuses who comes, loudly; who is here was let in by keys that could be.
      if (error.code === 'unauthorized' && this.#watched.delete(watched)) watched.end(error);
    }
  }
}
