import { AppError } from '../../models/core/app-error.ts';
import { CREDIT_BYTES_MAX } from './limits.ts';

/**
 * Credit-based flow control of one direction of one stream. Data frames (those that carry audio, pixels, lattices or
 * results) cost their length in bytes. A frame may be sent while credit is above 0, whatever its size, so the largest
 * overdraft is one frame and no frame is too large to ever be sent. Everything else travels freely: it is bounded by the
 * dialogue itself.
 */

/** Sender's half: waits for credit. */
export class CreditWindow {
  #available: number;
  #error: unknown;
  #closed = false;
  #waiting: { bytes: number; resolve: () => void; reject: (error: unknown) => void }[] = [];

  constructor(initialBytes: number) {
    this.#available = initialBytes;
  }

  get availableBytes(): number {
    return this.#available;
  }

  /** Pays for a frame of `bytes`; resolves once it may be sent, in the order of the calls. */
  async take(bytes: number): Promise<void> {
    if (this.#closed) throw this.#error;
    if (this.#available > 0 && this.#waiting.length === 0) {
      this.#available -= bytes;
      return;
    }
    await new Promise<void>((resolve, reject) => this.#waiting.push({ bytes, resolve, reject }));
  }

  /** Throws protocol_error where the peer grants more than a window can hold. */
  grant(bytes: number): void {
    this.#available += bytes;
    if (this.#available > CREDIT_BYTES_MAX) {
      throw new AppError(
        'protocol_error',
        `Field bytes: a credit of ${bytes} makes ${this.#available}; at most ${CREDIT_BYTES_MAX} may be held.`,
      );
    }
    while (this.#available > 0 && this.#waiting.length > 0) {
      const { bytes: cost, resolve } = this.#waiting.shift()!;
      this.#available -= cost;
      resolve();
    }
  }

  /** The stream is over: all who wait, now or later, get `error`. */
  close(error: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

/** Receiver's half: checks that the peer keeps to its credit, and says when to grant more. */
export class CreditMeter {
  #initial: number;
  #left: number;
  #used = 0;

  constructor(initialBytes: number) {
    this.#initial = initialBytes;
    this.#left = initialBytes;
  }

  /** A data frame came in. Throws protocol_error where the peer had no credit left. */
  received(bytes: number): void {
    if (this.#left <= 0) {
      throw new AppError('protocol_error', `A frame of ${bytes} bytes came without credit (${this.#left} left).`);
    }
    this.#left -= bytes;
  }

  /** `bytes` of what came in were used up. Returns how much to grant now; 0 while it is not worth a frame. */
  consumed(bytes: number): number {
    this.#used += bytes;
    // A quarter of the window: few credit frames, and the sender never runs dry before one is on its way.
    if (this.#used < this.#initial / 4 && this.#left > 0) return 0;
    const grant = this.#used;
    this.#used = 0;
    this.#left += grant;
    return grant;
  }
}
