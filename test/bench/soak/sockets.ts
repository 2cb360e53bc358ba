/** WebSocket connections of the soak's clients. */
import { type RawData, WebSocket } from 'ws';
import { ERRORS } from '../../../models/core/app-error.ts';
import type { Entry } from './ledger.ts';
import type { Target } from './target.ts';

/** The upgrade was refused. `code` is null where the connection broke without an answer. */
export interface Refusal {
  readonly status: number;
  readonly code: string | null;
}

/** A connection that is open, or why it was refused. Messages and the end go to `events` from the start. */
export function dial(port: number, path: string, events: SocketEvents): Promise<WebSocket | Refusal> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate: false, maxPayload: 64 * 2 ** 20 });
  socket.on('message', (data, isBinary) => events.message(data, isBinary));
  return new Promise((resolve) => {
    socket.on('open', () => {
      socket.on('close', (status, reason) => events.closed(status, String(reason)));
      resolve(socket);
    });
    socket.on('error', () => resolve({ status: 0, code: null }));
    socket.on('unexpected-response', (request, response) => {
      let text = '';
      response.on('data', (data) => {
        text += data;
      });
      response.on('end', () => {
        request.destroy();
        resolve({ status: response.statusCode!, code: /"code":"(\w+)"/.exec(text)?.[1] ?? null });
      });
    });
  });
}

export interface SocketEvents {
  message(data: RawData, isBinary: boolean): void;
  /** Only of a connection that was open. */
  closed(status: number, reason: string): void;
}

export function isRefusal(one: WebSocket | Refusal): one is Refusal {
  return !(one instanceof WebSocket);
}

/** Ends the entry of an upgrade that was refused. */
export function refuse({ ledger }: Target, entry: Entry, { status, code }: Refusal): void {
  if (status >= 500 && status !== 503) ledger.finding(`${entry.kind}: upgrade refused with ${status}`);
  if (status === 0) entry.lost('the upgrade broke without an answer');
  else entry.refused(code ?? `http ${status}`);
}

/**
 * Ends the entry of a connection that closed before its answer was whole: by the code in the reason, else by one of the
 * close codes that the library itself sends for a broken frame. Everything else is lost.
 */
export function closedEarly({ ledger }: Target, entry: Entry, status: number, reason: string): void {
  if (entry.outcome !== undefined) return;
  if (status === 1011) ledger.finding(`${entry.kind}: closed with 1011 ${reason}`);
  if (reason in ERRORS) entry.failed(reason);
  else if (status === 1002 || status === 1007 || status === 1009) entry.failed(`close ${status}`);
  else entry.lost(`closed with ${status} ${reason}`);
}
