import { encodeMessage } from '../../fusion/protocol/codec.ts';
import type { Clock } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import { type Channel, ChannelEvents } from '../transport/channel.ts';
import { NORMAL, toldError, UNSUPPORTED_DATA } from './close-code.ts';
import { Connection, type ConnectionLimits } from './connection.ts';
import type { Socket } from './socket.ts';

/**
 * A recognizer elsewhere, as a channel of the hypothesis protocol with the limits of this service. What is in the frames is
 * the combiner's to judge.
 */
export class FuseChannel implements Channel {
  readonly connection: Connection;
  readonly #events = new ChannelEvents();

  constructor(socket: Socket, clock: Clock, closed: () => void, limits: Partial<ConnectionLimits> = {}) {
    // A dialogue about a unit is many small messages; none of them is audio.
    const rates = { controlsPerSecond: Number.POSITIVE_INFINITY };
    this.connection = new Connection(
      socket,
      {
        text: () => {
          this.connection.close(UNSUPPORTED_DATA, 'protocol_error');
          this.#events.close(new AppError('protocol_error', 'A text message came; frames are binary.'));
        },
        binary: (frame) => this.#events.frame(frame),
        // Its stream ends the connection; when that is, its recognizer knows.
        finish: () => undefined,
        tell: (error) => {
          const { code, message } = toldError(error);
          return encodeMessage({ type: 'error', code, message });
        },
        closed: (error) => {
          this.#events.close(error);
          closed();
        },
      },
      clock,
      { ...rates, ...limits },
    );
  }

  send(frame: Uint8Array): void {
    this.connection.send(frame);
  }

  onFrame(receive: (frame: Uint8Array) => void): void {
    this.#events.onFrame(receive);
  }

  onClose(closed: (error: AppError | undefined) => void): void {
    this.#events.onClose(closed);
  }

  close(): void {
    this.connection.close(NORMAL, 'end');
    this.#events.close(undefined);
  }
}
