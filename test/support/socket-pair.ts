import type { Socket, SocketEvents } from '../../services/ws/socket.ts';

/** A socket in memory: what the server does with it is written down, what a client would do is called. */
export class ToySocket implements Socket {
  /** Bytes that wait for their reader; a test that sets it plays a slow one. */
  bufferedAmount = 0;
  readonly sent: (string | Uint8Array)[] = [];
  closedWith: { readonly code: number; readonly reason: string } | undefined;
  isTerminated = false;
  isPaused = false;
  pings = 0;
  #events: SocketEvents | undefined;
  #onSent: (() => void)[] = [];

  listen(events: SocketEvents): void {
    this.#events = events;
  }

  send(data: string | Uint8Array, sent?: () => void): void {
    if (this.closedWith !== undefined) return;
    this.sent.push(data);
    if (sent !== undefined) this.#onSent.push(sent);
  }

  ping(): void {
    this.pings++;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  close(code: number, reason: string): void {
    this.closedWith ??= { code, reason };
  }

  terminate(): void {
    this.isTerminated = true;
  }

  /** Events that were sent, as objects. */
  get events(): Record<string, unknown>[] {
    return this.sent.filter((data) => typeof data === 'string').map((text) => JSON.parse(text));
  }

  ofType(type: string): Record<string, unknown>[] {
    return this.events.filter((event) => event['type'] === type);
  }

  get types(): string[] {
    return this.events.map((event) => String(event['type']));
  }

  /** The client sends. */
  text(message: unknown): void {
    this.#events!.text(typeof message === 'string' ? message : JSON.stringify(message));
  }

  binary(data: Uint8Array): void {
    this.#events!.binary(data);
  }

  pong(): void {
    this.#events!.pong();
  }

  /** The client leaves: with a goodbye, or not. */
  leave(clean: boolean): void {
    this.#events!.closed(clean, clean ? 1000 : 1006);
  }

  /** The client has read everything. */
  drain(): void {
    this.bufferedAmount = 0;
    for (const run of this.#onSent.splice(0)) run();
  }
}

/** Lets promises and the event loop have some turns. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
