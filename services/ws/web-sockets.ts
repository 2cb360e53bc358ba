/** All WebSocket addresses of the service, behind one upgrade handler. Opens no port: `attachWebSockets` takes a server. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { WebSocketServer } from 'ws';
import { type Clock, systemClock } from '../../fusion/protocol/deadline.ts';
import { FRAME_BYTES_MAX } from '../../fusion/protocol/limits.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { Alphabet } from '../../models/core/stepwise.ts';
import type { FuseOpeners } from '../combiner/fuse-stream.ts';
import { requestIdOf } from '../http/request-id.ts';
import { noTracing, type RequestTrace, type Tracing } from '../traces/tracing.ts';
import type { Channel } from '../transport/channel.ts';
import { AdmissionWatch } from './admission-watch.ts';
import type { Connection, ConnectionLimits } from './connection.ts';
import { fuseOpeners } from './fuse-options.ts';
import { FuseChannel } from './fuse-session.ts';
import type { Admission, Gate } from './gate.ts';
import * as bounds from './limits.ts';
import type { LiveSource } from './live-source.ts';
import { initialConfig, type RealtimeRules } from './realtime-config.ts';
import { RealtimeSession } from './realtime-session.ts';
import { type RecordParts, SessionRecord, unrecorded } from './session-record.ts';
import { SessionRoom } from './session-room.ts';
import { BROKEN, type Socket, WsSocket } from './socket.ts';
import { defaultSocketLimits, SocketCount, type SocketLimits, type SocketPlace } from './socket-count.ts';
import { enterStream } from './stream-entry.ts';
import type { Facts } from './stream-session.ts';
import {
  asksForBeta,
  chosenProtocol,
  parseUpgrade,
  refuseUpgrade,
  type SocketPath,
  socketPath,
  type UpgradeRequest,
} from './upgrade.ts';

export interface WebSocketParts {
  readonly source: LiveSource;
  readonly facts: () => Facts;
  /** Which models run, for answers to upgrades whose sender is known: who may still be anybody is told nothing. */
  readonly modelHeaders?: () => Readonly<Record<string, string>>;
  readonly gate: Gate;
  readonly rules: RealtimeRules;
  /** Spells the recognizer's tokens; null where they are not known here. */
  readonly pieces: () => Pick<Alphabet, 'bytesOf'> | null;
  /** Hands a recognizer from elsewhere to the combiner; null: /v1/fuse is not served. */
  readonly fuse: ((recognizer: Channel, openers: FuseOpeners) => void) | null;
  readonly clock?: Clock;
  readonly nowS?: () => number;
  readonly tracing?: Tracing;
  /** Absent: nobody counts, and nothing is logged. */
  readonly records?: Omit<RecordParts, 'clock'>;
  /** Hears of each upgrade that was refused. */
  readonly refused?: (upgrade: RefusedUpgrade) => void;
  readonly sockets?: Partial<SocketLimits>;
  readonly connections?: Partial<ConnectionLimits>;
}

export interface RefusedUpgrade {
  /** Undefined: there is none at this address. */
  readonly route: SocketPath | undefined;
  readonly requestId: string;
  readonly error: AppError;
  /** From the upgrade to its answer. */
  readonly ms: number;
}

export interface WebSockets {
  /** For a server's `upgrade` event. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Connections, and sessions of the native protocol with or without one. */
  readonly open: { readonly connections: number; readonly sessions: number };
  /** Takes no more, lets those that are here finish what runs within `msMax`, then closes. */
  drain(msMax: number): Promise<void>;
  /** Takes no more, tells those that are here (1001), and resolves once they are gone, within a stated time. */
  close(): Promise<void>;
}

const MESSAGE_BYTES_MAX: Readonly<Record<SocketPath, number>> = {
  '/v1/stream': bounds.STREAM_MESSAGE_BYTES_MAX,
  '/v1/realtime': bounds.REALTIME_MESSAGE_BYTES_MAX,
  '/v1/fuse': FRAME_BYTES_MAX,
};

export function attachWebSockets(server: Server, parts: WebSocketParts): WebSockets {
  const sockets = webSockets(parts);
  server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket, head));
  return sockets;
}

export function webSockets(parts: WebSocketParts): WebSockets {
  const { gate, clock = systemClock, tracing = noTracing } = parts;
  const recordParts = { ...unrecorded(clock), ...parts.records };
  const limits = { ...defaultSocketLimits, ...parts.sockets };
  // Without keys everybody is one owner, whose share is the whole.
  const count = new SocketCount(gate.wantsKey ? limits : { ...limits, socketsPerKeyMax: limits.socketsMax });
  const room = new SessionRoom();
  const watch = new AdmissionWatch(clock);
  const connections = new Set<Connection>();
  const servers = new Map(
    Object.entries(MESSAGE_BYTES_MAX).map(([path, maxPayload]) => [path, socketServer(maxPayload)]),
  );
  const ids = new WeakMap<IncomingMessage, string>();
  const modelHeaders = new WeakMap<IncomingMessage, Readonly<Record<string, string>>>();
  for (const webSocketServer of servers.values()) {
    webSocketServer.on('headers', (lines, request) => {
      const told = { 'x-request-id': ids.get(request), ...modelHeaders.get(request) };
      for (const [name, value] of Object.entries(told)) lines.push(`${name}: ${value}`);
    });
  }
  let ended = false;

  /** Throws what refuses it. */
  const admitted = async ({ path, key }: UpgradeRequest): Promise<Admission | null> => {
    // On /v1/stream the key may still come in the first message.
    if (path === '/v1/stream' && key === null && gate.wantsKey) return null;
    return gate.admit(key, path === '/v1/fuse' ? 'fuse' : 'stream');
  };

  /**
   * Why the recognizer would refuse a newcomer, whatever its first message asks for. Who slips in between is refused by the session.
   * Recognizers from elsewhere bring no load here, and who comes back for a session has its place already.
   */
  const refusalOf = async ({ path }: UpgradeRequest, owner: string | null): Promise<AppError | null> => {
    if (path === '/v1/fuse' || parts.source.refusal === undefined) return null;
    const refusal = await answerWithin(bounds.ROOM_ANSWER_MS_MAX, parts.source.refusal(), clock);
    if (refusal !== null && path === '/v1/stream' && (await room.mayReturn(owner, clock))) return null;
    return refusal;
  };

  const enter = (
    request: UpgradeRequest,
    admission: Admission | null,
    socket: Socket,
    closed: () => void,
    record: SessionRecord,
  ): Connection => {
    const limits = parts.connections ?? {};
    const { path, query } = request;
    if (path === '/v1/fuse') {
      record.admitted(admission!.owner);
      const channel = new FuseChannel(socket, clock, closed, limits);
      parts.fuse!(channel, fuseOpeners(query));
      return channel.connection;
    }
    const { source, facts, rules, pieces } = parts;
    if (path === '/v1/realtime') {
      return new RealtimeSession(socket, {
        source,
        clock,
        admission: admission!,
        rules,
        pieces,
        model: query.get('model'),
        language: query.get('language'),
        dialect: asksForBeta(request) ? 'beta' : 'current',
        nowS: parts.nowS ?? (() => Date.now() / 1000),
        limits,
        closed,
        record,
      }).connection;
    }
    return enterStream(socket, {
      source,
      facts,
      room,
      watch,
      clock,
      limits,
      closed,
      record,
      admit: admitStream(admission, closed),
    });
  };
  /** The place is known by what leaves it. */
  const places = new WeakMap<() => void, SocketPlace>();
  const admitStream = (admission: Admission | null, closed: () => void) => async (key: string | null) => {
    if (admission !== null) return admission;
    const late = await gate.admit(key, 'stream');
    places.get(closed)!.belongTo(late.owner);
    return late;
  };

  const upgrade = async (raw: IncomingMessage, socket: Duplex, head: Buffer, trace: RequestTrace): Promise<void> => {
    if (ended) throw endingError();
    const request = parseUpgrade(raw);
    gate.checkConnection(raw.socket);
    gate.checkHeaders(request.headers);
    checkQuery(request, parts);
    const admission = await admitted(request);
    // Only now: a place of the few for strangers is not for those who prove a key here.
    const place = count.enter(admission?.owner ?? null, raw.socket.remoteAddress);
    try {
      const refusal = await refusalOf(request, admission?.owner ?? null);
      if (socket.destroyed) {
        place.leave();
        trace.end({ status: null, code: 'canceled' });
        return;
      }
      if (ended) throw endingError();
      if (refusal !== null) throw refusal;
      // A connection that is shut costs its place until its last byte has left, or the library gives up on it.
      socket.once('close', () => place.leave());
      if (admission !== null) modelHeaders.set(raw, parts.modelHeaders?.() ?? {});
      servers.get(request.path)!.handleUpgrade(raw, socket, head, (webSocket) => {
        let connection: Connection | undefined;
        const record = new SessionRecord(request.path, ids.get(raw)!, recordParts);
        let endWatch = (): void => undefined;
        const closed = (): void => {
          endWatch();
          if (connection !== undefined) connections.delete(connection);
          trace.end({ status: SWITCHING_PROTOCOLS, code: connection?.failure?.code });
          record.disconnected(connection?.closeCode ?? BROKEN, connection?.failure);
        };
        places.set(closed, place);
        connection = enter(request, admission, new WsSocket(webSocket), closed, record);
        if (!connection.isOpen) return;
        connections.add(connection);
        // Sessions of /v1/stream outlive their connections, and are watched themselves.
        if (admission === null || request.path === '/v1/stream') return;
        endWatch = watch.add(admission, (error) => connection!.fail(error));
      });
    } catch (error) {
      place.leave();
      throw error;
    }
  };

  const within = (msMax: number, holds: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (waitedMs: number): void => {
        if (holds() || waitedMs > msMax) resolve();
        else clock.after(LOOK_MS, () => look(waitedMs + LOOK_MS));
      };
      look(0);
    });

  const close = async (): Promise<void> => {
    ended = true;
    const error = endingError();
    room.failAll(error);
    for (const connection of [...connections]) connection.fail(error);
    // Those that do not say goodbye are cut off by the library after CLOSE_MS_MAX.
    await within(bounds.CLOSE_MS_MAX, () => count.all === 0);
  };

  return {
    upgrade: (request, socket, head) => {
      // A client that leaves in the middle is nothing to report.
      socket.on('error', () => undefined);
      const { method = 'GET', url = '/', headers } = request;
      const requestId = requestIdOf(headers);
      ids.set(request, requestId);
      const startMs = clock.nowMs();
      const scheme = request.socket instanceof TLSSocket ? 'https' : 'http';
      const trace = tracing.begin({ method, scheme, headers, route: socketPath(url), requestId });
      upgrade(request, socket, head, trace).catch((thrown: unknown) => {
        const error = AppError.from(thrown);
        trace.end({ status: error.kind.status, code: error.code });
        refuseUpgrade(socket, error, requestId);
        parts.refused?.({ route: socketPath(url), requestId, error, ms: clock.nowMs() - startMs });
      });
    },
    get open() {
      return { connections: count.all, sessions: room.size };
    },
    async drain(msMax) {
      ended = true;
      room.giveUpParked();
      for (const connection of [...connections]) connection.finish(endingError());
      await within(msMax, () => connections.size === 0);
      await close();
    },
    close,
  };
}

const endingError = () => new AppError('shutting_down', 'The service is ending.');

/** Null where no answer comes in time. */
function answerWithin<T>(ms: number, answer: Promise<T>, clock: Clock): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const callOff = clock.after(ms, () => resolve(null));
    answer.then(resolve, reject).finally(callOff);
  });
}

const LOOK_MS = 20;
const SWITCHING_PROTOCOLS = 101;

function socketServer(maxPayload: number): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload,
    maxFragments: bounds.FRAGMENTS_MAX,
    maxBufferedChunks: bounds.BUFFERED_CHUNKS_MAX,
    perMessageDeflate: false,
    skipUTF8Validation: false,
    // The default waits half a minute for a goodbye.
    closeTimeout: bounds.CLOSE_MS_MAX,
    handleProtocols: (protocols: Set<string>) => chosenProtocol(protocols),
  } as ConstructorParameters<typeof WebSocketServer>[0]);
}

/** What can be refused before the upgrade is. Throws unsupported_parameter, invalid_option, model_unknown, not_found. */
function checkQuery({ path, query }: UpgradeRequest, parts: WebSocketParts): void {
  if (path === '/v1/fuse') {
    if (parts.fuse === null) throw new AppError('not_found', 'Recognizers from elsewhere are not taken here.');
    fuseOpeners(query);
    return;
  }
  const known = path === '/v1/realtime' ? ['intent', 'model', 'language'] : [];
  const odd = [...query.keys()].find((name) => !known.includes(name));
  if (odd !== undefined) {
    throw new AppError('unsupported_parameter', `Field ${odd} is not known in this query.`, { param: odd });
  }
  if (path !== '/v1/realtime') return;
  const intent = query.get('intent');
  if (intent !== null && intent !== 'transcription') {
    throw new AppError('unsupported_parameter', 'The one intent here is transcription.', { param: 'intent' });
  }
  initialConfig(parts.rules, { model: query.get('model'), language: query.get('language') });
}
