/** A WebSocket as sessions see it: tests give a pair in memory. */
import type { WebSocket } from 'ws';

export interface SocketEvents {
  text(data: string): void;
  /** The bytes are the receiver's own. */
  binary(data: Uint8Array): void;
  pong(): void;
  /** Once; `clean` where the other side said goodbye, false where the connection broke: then `code` says what it broke. */
  closed(clean: boolean, code: number): void;
}

export interface Socket {
  /** Bytes that were sent and have not left this process. */
  readonly bufferedAmount: number;
  /** Sets the one receiver. */
  listen(events: SocketEvents): void;
  /** `sent` is called once the data have left, or cannot any more. */
  send(data: string | Uint8Array, sent?: () => void): void;
  ping(): void;
  /** No more is read until `resume`: the sender's own buffers fill up. */
  pause(): void;
  resume(): void;
  close(code: number, reason: string): void;
  /** At once, without a goodbye. */
  terminate(): void;
}

/** What the library reports where no close frame came. */
export const BROKEN = 1006;
/** Close codes that the library ends a connection with, by its error; with PROTOCOL_ERROR by any other one. */
const LIBRARY_CODES: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
};
const PROTOCOL_ERROR = 1002;

export class WsSocket implements Socket {
  readonly #socket: WebSocket;
  /** The code that the library closed it with. */
  #brokenWith = BROKEN;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = 'nodebuffer';
    // What breaks the protocol is closed by the library, with the code that says why.
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code?.startsWith('WS_ERR_')) this.#brokenWith = LIBRARY_CODES[code] ?? PROTOCOL_ERROR;
    });
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  listen(events: SocketEvents): void {
    const socket = this.#socket;
    socket.on('message', (data, isBinary) => {
      // binaryType makes every message one Buffer.
      const bytes = data as Buffer;
      if (isBinary) events.binary(new Uint8Array(bytes));
      else events.text(bytes.toString('utf8'));
    });
    socket.on('pong', () => events.pong());
    socket.once('close', (code) => {
      const clean = code !== BROKEN;
      events.closed(clean, clean ? code : this.#brokenWith);
    });
    if (socket.readyState === socket.CLOSED) events.closed(false, BROKEN);
  }

  send(data: string | Uint8Array, sent?: () => void): void {
    this.#socket.send(data, { binary: typeof data !== 'string' }, () => sent?.());
  }

  ping(): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(code: number, reason: string): void {
    // What is closed while it is paused would never read the other side's goodbye.
    this.#socket.resume();
    this.#socket.close(code, reason.slice(0, REASON_CHARS_MAX));
  }

  terminate(): void {
    this.#socket.terminate();
  }
}

/** A close frame has room for 123 bytes; reasons are error codes. */
const REASON_CHARS_MAX = 120;
