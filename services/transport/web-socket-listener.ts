import { createHash, timingSafeEqual } from 'node:crypto';
import { chmod, unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { AppError } from '../../models/core/app-error.ts';
import type { Channel } from './channel.ts';
import { CONNECTIONS_MAX, HEADER_BYTES_MAX, KEY_CHARS_MAX, UPGRADE_MS_MAX } from './limits.ts';
import { SOCKET_OPTIONS, WebSocketChannel } from './web-socket-channel.ts';

/** Close code of RFC 6455 for a server that ends. */
const GOING_AWAY = 1001;

/** Where to listen: TCP or a Unix socket. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly socketPath: string };

export interface WebSocketListener {
  /** What a peer dials; the port is the real one where 0 was asked for. */
  readonly url: string;
  /** Closes the port and every connection. */
  close(): Promise<void>;
}

export interface ListenOptions {
  /** Peers must show it as `Authorization: Bearer KEY`. Required beyond the loopback. */
  readonly key?: string | undefined;
  readonly onChannel: (channel: Channel) => void;
  readonly connectionsMax?: number;
}

/** HOST:PORT, [IPv6]:PORT, a bare PORT (loopback), or unix:PATH. Throws usage. */
export function parseListenAddress(text: string): ListenAddress {
  if (text.startsWith('unix:') && text.length > 5) return { socketPath: text.slice(5) };
  const match = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new AppError('usage', `${text} is no address to listen at: give HOST:PORT, PORT or unix:PATH.`);
  }
  return { host: match[1] ?? match[2] ?? '127.0.0.1', port };
}

/**
 * Listens for peers. Throws usage where strangers could connect without a key, device errors of the port as peer_lost.
 */
export async function listenWebSocket(address: ListenAddress, options: ListenOptions): Promise<WebSocketListener> {
  const { key, onChannel, connectionsMax = CONNECTIONS_MAX } = options;
  checkKey(address, key);
  const server = createServer(
    { maxHeaderSize: HEADER_BYTES_MAX, requestTimeout: UPGRADE_MS_MAX },
    (_request, response) => {
      response.writeHead(426, { 'content-type': 'text/plain', connection: 'close' });
      response.end('This port speaks the hypothesis protocol over WebSocket.\n');
    },
  );
  server.headersTimeout = UPGRADE_MS_MAX;
  server.maxConnections = 2 * connectionsMax;
  const sockets = new WebSocketServer({ ...SOCKET_OPTIONS, noServer: true, clientTracking: true });
  server.on('upgrade', (request, socket, head) => {
    const refused = refusal(request, key, sockets.clients.size >= connectionsMax);
    if (refused !== undefined) {
      answer(socket, refused);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (peer) => onChannel(new WebSocketChannel(peer)));
  });
  await listen(server, address);
  return {
    url: urlOf(server, address),
    async close() {
      // A peer that does not answer the closing handshake is cut off after CLOSE_MS_MAX.
      for (const client of sockets.clients) client.close(GOING_AWAY);
      sockets.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      if ('socketPath' in address) await unlink(address.socketPath).catch(() => undefined);
    },
  };
}

function checkKey(address: ListenAddress, key: string | undefined): void {
  if (key !== undefined && (key.length === 0 || key.length > KEY_CHARS_MAX)) {
    throw new AppError('usage', `The key must have 1 to ${KEY_CHARS_MAX} characters.`);
  }
  if (key === undefined && 'host' in address && !isLoopback(address.host)) {
    throw new AppError('usage', `Listening at ${address.host} needs a key (--key or BYTEFUSE_PEER_KEY).`);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** HTTP status of a refusal, or undefined. */
function refusal(request: IncomingMessage, key: string | undefined, full: boolean): string | undefined {
  // Browsers always send Origin; a web page has no business with a peer on this machine.
  if (request.headers.origin !== undefined) return '403 Forbidden';
  if (key !== undefined && !sameKey(request.headers.authorization ?? '', `Bearer ${key}`)) return '401 Unauthorized';
  if (full) return '503 Service Unavailable';
  return undefined;
}

/** Compares in a time that depends on neither content; hashing makes the lengths equal. */
function sameKey(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

function answer(socket: Duplex, status: string): void {
  socket.on('error', () => undefined);
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

function listen(server: Server, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const where = 'host' in address ? `${address.host}:${address.port}` : address.socketPath;
      reject(new AppError('usage', `Cannot listen at ${where}: ${error.message}`, { cause: error }));
    });
    if ('host' in address) {
      server.listen(address.port, address.host, resolve);
    } else {
      // Only this user may connect: the socket is as good as a key.
      server.listen(address.socketPath, () => chmod(address.socketPath, 0o600).then(resolve, reject));
    }
  });
}

function urlOf(server: Server, address: ListenAddress): string {
  if ('socketPath' in address) return `ws+unix:${address.socketPath}:/`;
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
  return `ws://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}/`;
}
