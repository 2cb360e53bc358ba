import type { AppError } from '../../models/core/app-error.ts';

/** Two-way transport of whole frames, in order. */
export interface Channel {
  /**
   * Sends a frame and takes over its whole ArrayBuffer, which must hold nothing else of use (no view into a pool): the
   * caller must not touch it again. Does nothing once closed.
   */
  send(frame: Uint8Array): void;
  /** Sets the one receiver of frames; those that came before are delivered first. It owns their ArrayBuffers. */
  onFrame(receive: (frame: Uint8Array) => void): void;
  /** Called exactly once, also where the channel is closed already. `error` says why, where it was not this side. */
  onClose(closed: (error: AppError | undefined) => void): void;
  /** Frames that were sent go out first. A second call does nothing. */
  close(): void;
}

/**
 * What every channel does alike: frames wait for their receiver, and the end is told once, after the frames that came
 * before it. Frames that wait are bounded by the protocol: before its hello is answered a peer has no credit.
 */
export class ChannelEvents {
  #receive: ((frame: Uint8Array) => void) | undefined;
  #closedBy: { readonly error: AppError | undefined } | undefined;
  #onClose: ((error: AppError | undefined) => void) | undefined;
  #waiting: Uint8Array[] = [];

  get closed(): boolean {
    return this.#closedBy !== undefined;
  }

  frame(frame: Uint8Array): void {
    if (this.closed) return;
    if (this.#receive === undefined) this.#waiting.push(frame);
    else this.#receive(frame);
  }

  close(error: AppError | undefined): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = { error };
    this.#tellClose();
  }

  onFrame(receive: (frame: Uint8Array) => void): void {
    this.#receive = receive;
    for (const frame of this.#waiting.splice(0)) receive(frame);
    this.#tellClose();
  }

  onClose(closed: (error: AppError | undefined) => void): void {
    this.#onClose = closed;
    this.#tellClose();
  }

  #tellClose(): void {
    if (this.#closedBy === undefined || this.#waiting.length > 0) return;
    const closed = this.#onClose;
    this.#onClose = undefined;
    closed?.(this.#closedBy.error);
  }
}

/** A channel whose first frame can be looked at before it is known who is to receive it. */
export class PeekedChannel implements Channel {
  /** Rejects where the channel ends before it. */
  readonly first: Promise<Uint8Array>;
  readonly #channel: Channel;
  readonly #events = new ChannelEvents();

  constructor(channel: Channel) {
    this.#channel = channel;
    this.first = new Promise((resolve, reject) => {
      channel.onClose((error) => {
        reject(error);
        this.#events.close(error);
      });
      channel.onFrame((frame) => {
        this.#events.frame(frame);
        resolve(frame);
      });
    });
    this.first.catch(() => undefined);
  }

  send(frame: Uint8Array): void {
    this.#channel.send(frame);
  }

  onFrame(receive: (frame: Uint8Array) => void): void {
    this.#events.onFrame(receive);
  }

  onClose(closed: (error: AppError | undefined) => void): void {
    this.#events.onClose(closed);
  }

  close(): void {
    this.#channel.close();
    this.#events.close(undefined);
  }
}

/**
 * Joins two channels: what comes out of one goes into the other, and they end together. `ended` is called once, with why
 * the first of them ended.
 */
export function joinChannels(a: Channel, b: Channel, ended?: (error: AppError | undefined) => void): void {
  let over = false;
  const end = (other: Channel) => (error: AppError | undefined) => {
    other.close();
    if (over) return;
    over = true;
    ended?.(error);
  };
  a.onFrame((frame) => b.send(frame));
  b.onFrame((frame) => a.send(frame));
  a.onClose(end(b));
  b.onClose(end(a));
}
