import { type Clock, systemClock } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { RecognizerInfo } from '../../models/core/recognizer.ts';
import type { Alphabet } from '../../models/core/stepwise.ts';
import type { Channel } from '../transport/channel.ts';
import { RecognizerLink, type RemoteRecognizer } from './recognizer-link.ts';

/** Tables kept after their recognizer is gone: one per recognizer model in use, some MiB each. */
const ALPHABETS_KEPT = 4;

export interface RecognizerPoolOptions {
  readonly clock?: Clock;
  /** True while recognizers may still dial in: a stream then waits for one (until its deadline). */
  readonly waitForMore?: boolean;
}

/** The recognizers that a combiner can use. */
export class RecognizerPool {
  #clock: Clock;
  #waitForMore: boolean;
  #links = new Set<RecognizerLink>();
  /** Why the last recognizer went away: what a stream is told that finds none. */
  #lastError: AppError | undefined;
  #waiting = new Set<() => void>();
  #alphabets = new Map<string, Promise<Alphabet>>();

  constructor({ clock = systemClock, waitForMore = false }: RecognizerPoolOptions = {}) {
    this.#clock = clock;
    this.#waitForMore = waitForMore;
  }

  /** Resolves at the recognizer's hello. */
  add(channel: Channel, helloMsMax?: number): Promise<RemoteRecognizer> {
    const link = new RecognizerLink(channel, this.#clock, helloMsMax);
    this.#links.add(link);
    link.ready.then(
      () => this.#wake(),
      () => undefined,
    );
    void link.closed.then((error) => {
      this.#links.delete(link);
      this.#lastError = error;
      this.#wake();
    });
    return link.ready;
  }

  /**
   * The ready recognizer of this modality with the fewest streams. Waits for one that is about to be; throws the signal's
   * reason, and peer_lost where none is or can come.
   */
  async acquire(modality: RecognizerInfo['modality'], signal: AbortSignal): Promise<RecognizerLink> {
    for (;;) {
      signal.throwIfAborted();
      const links = [...this.#links];
      const ready = links.filter(({ info }) => info?.modality === modality);
      const [best] = ready.sort((a, b) => a.streamsOpen - b.streamsOpen);
      if (best !== undefined) return best;
      if (!this.#waitForMore && links.every(({ info }) => info !== undefined)) {
        throw this.#lastError ?? new AppError('peer_lost', `No recognizer of modality ${modality} is connected.`);
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener('abort', wake);
      });
    }
  }

  /** The recognizer's alphabet: from its table, fetched once per hash. */
  alphabet(link: RecognizerLink): Promise<Alphabet> {
    const { hash } = link.info!.alphabet;
    const known = this.#alphabets.get(hash);
    if (known !== undefined) return known;
    const fetched = link.fetchAlphabet();
    this.#alphabets.set(hash, fetched);
    fetched.catch(() => this.#alphabets.delete(hash));
    for (const old of this.#alphabets.keys()) {
      if (this.#alphabets.size <= ALPHABETS_KEPT) break;
      this.#alphabets.delete(old);
    }
    return fetched;
  }

  close(): void {
    this.#waitForMore = false;
    for (const link of [...this.#links]) link.close();
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
