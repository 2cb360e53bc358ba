import { AppError } from '../../models/core/app-error.ts';
import { type Channel, ChannelEvents } from '../../services/transport/channel.ts';

/** One end of a pair in memory. */
export class PairEnd implements Channel {
  readonly events = new ChannelEvents();
  other: PairEnd | undefined;
  /** Frames sent from this end, for tests that look at the traffic. */
  readonly sent: Uint8Array[] = [];

  send(frame: Uint8Array): void {
    if (this.events.closed) return;
    this.sent.push(frame);
    // Delivered in a later turn, as every real channel does.
    setImmediate(() => this.other!.events.frame(frame.slice()));
  }

  onFrame(receive: (frame: Uint8Array) => void): void {
    this.events.onFrame(receive);
  }

  onClose(closed: (error: AppError | undefined) => void): void {
    this.events.onClose(closed);
  }

  close(): void {
    if (this.events.closed) return;
    this.events.close(undefined);
    setImmediate(() => this.other!.events.close(new AppError('peer_lost', 'The other end of the pair closed.')));
  }
}

/** Two channels, each the other's far end. */
export function duplexPair(): [PairEnd, PairEnd] {
  const a = new PairEnd();
  const b = new PairEnd();
  a.other = b;
  b.other = a;
  return [a, b];
}
