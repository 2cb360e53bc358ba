import { WebSocket } from 'ws';
import { FRAME_BYTES_MAX } from '../../fusion/protocol/limits.ts';
import { AppError } from '../../models/core/app-error.ts';
import { type Channel, ChannelEvents } from './channel.ts';
import {
  BUFFERED_BYTES_MAX,
  BUFFERED_CHUNKS_MAX,
  CLOSE_MS_MAX,
  FRAGMENTS_MAX,
  PING_INTERVAL_MS,
  UPGRADE_MS_MAX,
} from './limits.ts';

/** Close codes of RFC 6455 that this transport uses. */
const NORMAL = 1000;
const UNSUPPORTED_DATA = 1003;
const OVERLOADED = 1013;

/** Bounds of a WebSocket, the same on both ends (field notes: the library's own still allow amplification). */
export const SOCKET_OPTIONS = {
  maxPayload: FRAME_BYTES_MAX,
  maxFragments: FRAGMENTS_MAX,
  maxBufferedChunks: BUFFERED_CHUNKS_MAX,
  perMessageDeflate: false,
  skipUTF8Validation: false,
  closeTimeout: CLOSE_MS_MAX,
} as const;

/** A channel over a WebSocket that is open. One frame is one binary message. */
export class WebSocketChannel implements Channel {
  #socket: WebSocket;
  #events = new ChannelEvents();
  #alive = true;
  #pings: NodeJS.Timeout;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = 'nodebuffer';
    socket.on('message', (data, isBinary) => this.#message(data, isBinary));
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('error', (error) => this.#end(new AppError('protocol_error', `WebSocket: ${error.message}`)));
    socket.on('close', (code, reason) => {
      const said = reason.length > 0 ? ` (${reason.toString('utf8')})` : '';
      this.#end(new AppError('peer_lost', `The connection was closed with code ${code}${said}.`));
    });
    this.#pings = setInterval(() => this.#ping(), PING_INTERVAL_MS);
    this.#pings.unref();
  }

  send(frame: Uint8Array): void {
    if (this.#events.closed) return;
    if (this.#socket.bufferedAmount > BUFFERED_BYTES_MAX) {
      this.#socket.close(OVERLOADED);
      this.#end(new AppError('overloaded', `The peer reads too slowly: ${BUFFERED_BYTES_MAX} bytes wait for it.`));
      return;
    }
    this.#socket.send(frame, { binary: true });
  }

  onFrame(receive: (frame: Uint8Array) => void): void {
    this.#events.onFrame(receive);
  }

  onClose(closed: (error: AppError | undefined) => void): void {
    this.#events.onClose(closed);
  }

  close(): void {
    if (this.#events.closed) return;
    this.#socket.close(NORMAL);
    this.#end(undefined);
  }

  #message(data: WebSocket.RawData, isBinary: boolean): void {
    if (isBinary && Buffer.isBuffer(data)) {
      // The library hands out views into what it read from the socket; a frame owns its buffer.
      this.#events.frame(new Uint8Array(data));
    } else {
      this.#socket.close(UNSUPPORTED_DATA);
      this.#end(new AppError('protocol_error', 'A text message came; frames are binary.'));
    }
  }

  #ping(): void {
    if (!this.#alive) {
      this.#socket.terminate();
      this.#end(new AppError('peer_lost', `The peer has not answered for ${PING_INTERVAL_MS} ms.`));
      return;
    }
    this.#alive = false;
    this.#socket.ping();
  }

  #end(error: AppError | undefined): void {
    clearInterval(this.#pings);
    this.#events.close(error);
  }
}

/**
 * Dials a peer at ws://host:port/path, wss://… or ws+unix:/path/of.sock:/path.
 * Throws: usage (not such an address), peer_unauthorized (wrong key), peer_lost (no one answers).
 */
export function dialWebSocket(url: string, options: { readonly key?: string | undefined } = {}): Promise<Channel> {
  return new Promise((resolve, reject) => {
    let socket: WebSocket;
    try {
      socket = new WebSocket(url, {
        ...SOCKET_OPTIONS,
        handshakeTimeout: UPGRADE_MS_MAX,
        followRedirects: false,
        headers: options.key === undefined ? {} : { authorization: `Bearer ${options.key}` },
      });
    } catch (error) {
      reject(
        new AppError('usage', `${url} is not an address of a peer (ws://HOST:PORT or ws+unix:PATH).`, { cause: error }),
      );
      return;
    }
    socket.once('open', () => {
      socket.removeListener('error', onError);
      resolve(new WebSocketChannel(socket));
    });
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      socket.terminate();
      const status = response.statusCode ?? 0;
      if (status === 401) reject(new AppError('peer_unauthorized', `${url} refused the key.`));
      else if (status === 503) reject(new AppError('overloaded', `${url} takes no more connections.`));
      else reject(new AppError('peer_lost', `${url} answered with HTTP status ${status}, not as a peer.`));
    });
    const onError = (error: Error) => {
      reject(new AppError('peer_lost', `No connection to ${url}: ${error.message}`, { cause: error }));
    };
    socket.on('error', onError);
  });
}
