import type { MessagePort } from 'node:worker_threads';
import { AppError } from '../../models/core/app-error.ts';
import { type Channel, ChannelEvents } from './channel.ts';

/** A channel over a MessagePort. Frames are moved to the other thread, not copied. */
export class MessagePortChannel implements Channel {
  #port: MessagePort;
  #events = new ChannelEvents();

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (frame: unknown) => {
      if (frame instanceof Uint8Array) this.#events.frame(frame);
      else this.#end(new AppError('protocol_error', 'A message that is not a frame came through the port.'));
    });
    // The other thread closed its end or is gone.
    port.on('close', () => this.#end(new AppError('peer_lost', 'The worker at the other end is gone.')));
    port.on('messageerror', (error) => this.#end(AppError.from(error, 'protocol_error')));
  }

  send(frame: Uint8Array): void {
    if (this.#events.closed) return;
    // Whoever sends owns the whole buffer (see Channel), so it can be moved, never a pool's.
    this.#port.postMessage(frame, [frame.buffer as ArrayBuffer]);
  }

  onFrame(receive: (frame: Uint8Array) => void): void {
    this.#events.onFrame(receive);
  }

  onClose(closed: (error: AppError | undefined) => void): void {
    this.#events.onClose(closed);
  }

  close(): void {
    this.#end(undefined);
  }

  #end(error: AppError | undefined): void {
    if (this.#events.closed) return;
    this.#port.close();
    this.#events.close(error);
  }
}
