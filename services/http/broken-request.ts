/** Answers to what Node's parser refuses before any route sees it: headers too long, too slow, or no HTTP at all. */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { AppError } from '../../models/core/app-error.ts';
import { asAppError, errorBody } from './error-reply.ts';
import { SECURITY_HEADERS } from './security.ts';

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  // Nobody is there to read an answer; or one is on its way already, and a second would be taken for part of it.
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0 || isShakingHands(socket)) {
    socket.destroy();
    return;
  }
  const known = asAppError(error);
  const failure = known.code === 'internal' ? new AppError('invalid_option', 'The request is no valid HTTP.') : known;
  const body = JSON.stringify(errorBody(failure));
  const { status } = failure.kind;
  const headers: Record<string, string | number> = {
    ...SECURITY_HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'x-request-id': randomUUID(),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${status} ${REASONS[status] ?? 'Bad Request'}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}

/** Under TLS nothing can be said before; what is written waits for the handshake, and keeps the connection. */
function isShakingHands(socket: Socket): boolean {
  return socket instanceof TLSSocket && socket.getPeerFinished() === undefined;
}
