import { AppError } from '../../models/core/app-error.ts';
import { abortError } from './abort.ts';
import { DecoderProcess, type DecoderSettings } from './decoder-process.ts';
import { DECODER_DOCUMENTS_MAX, DECODER_IDLE_BYTES_MAX } from './limits.ts';

export interface PoolSettings extends DecoderSettings {
  readonly decodersMax: number;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: AppError) => void;
}

/**
 * Decoder processes, each lent to one document at a time, so that a document can only harm itself. One that comes back
 * healthy is kept for the next document; it rests without keeping the program alive.
 */
export class DecoderPool {
  readonly #settings: PoolSettings;
  readonly #resting: DecoderProcess[] = [];
  readonly #working = new Set<DecoderProcess>();
  readonly #queue: Waiting[] = [];
  #places: number;
  #closed = false;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
    this.#places = settings.decodersMax;
  }

  /** Waits for a free place, in the order of asking. Throws AppError canceled, document_crashed. */
  async take(signal?: AbortSignal): Promise<DecoderProcess> {
    await this.#takePlace(signal);
    try {
      if (this.#closed) throw closedError();
      const rested = this.#resting.pop();
      const decoder = rested?.healthy ? rested : await DecoderProcess.start(this.#settings, signal);
      decoder.wake();
      this.#working.add(decoder);
      return decoder;
    } catch (error) {
      this.#freePlace();
      throw error;
    }
  }

  /** Takes a decoder back: at rest, or ended where it is unwell, old or large. */
  async giveBack(decoder: DecoderProcess): Promise<void> {
    if (!this.#working.delete(decoder)) return;
    try {
      const keep =
        decoder.healthy &&
        !this.#closed &&
        decoder.documents < DECODER_DOCUMENTS_MAX &&
        (await decoder.residentBytes()) <= DECODER_IDLE_BYTES_MAX;
      if (!keep || this.#closed) {
        await decoder.kill();
      } else {
        decoder.rest();
        this.#resting.push(decoder);
      }
    } finally {
      this.#freePlace();
    }
  }

  /** Ends all processes; documents that are open fail with `canceled`. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#queue.splice(0)) reject(closedError());
    await Promise.all([...this.#working, ...this.#resting.splice(0)].map((decoder) => decoder.kill(closedError())));
  }

  async #takePlace(signal: AbortSignal | undefined): Promise<void> {
    const what = 'Waiting for a decoder';
    if (signal?.aborted) throw abortError(signal, what);
    if (this.#places > 0) {
      this.#places--;
      return;
    }
    let abort = () => {};
    try {
      await new Promise<void>((resolve, reject) => {
        const waiting: Waiting = { resolve, reject };
        abort = () => {
          this.#queue.splice(this.#queue.indexOf(waiting), 1);
          reject(abortError(signal!, what));
        };
        this.#queue.push(waiting);
        signal?.addEventListener('abort', abort, { once: true });
      });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  #freePlace(): void {
    const next = this.#queue.shift();
    if (next) next.resolve();
    else this.#places++;
  }
}

function closedError(): AppError {
  return new AppError('canceled', 'Reading documents was closed');
}
