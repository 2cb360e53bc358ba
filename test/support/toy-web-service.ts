/**
 * A service without models, for tests of the page: it serves the real page, answers `/v1/stream` from a script as audio
 * comes in, and `/v1/documents` and `/v1/audio/transcriptions` from lists of events.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { webRoutes } from '../../services/web/web-routes.ts';

/** An event and the second of audio from which on it is sent. */
export interface ScriptedEvent {
  readonly atS: number;
  readonly event: Readonly<Record<string, unknown>>;
}

export interface ToyServiceOptions {
  readonly script?: readonly ScriptedEvent[];
  /** Seconds of audio after which the socket is cut, once each. */
  readonly cutAtS?: readonly number[];
  /** After a cut the stream is unknown, as after a restart of the service. */
  readonly forgets?: boolean;
  /** Without it everybody may call. */
  readonly key?: string;
  /** Server-sent events of each upload address. */
  readonly events?: Readonly<Record<string, readonly object[]>>;
  /** Bodies of uploads that do not ask for events, by address. */
  readonly bodies?: Readonly<Record<string, string>>;
}

export interface ToyService {
  readonly url: string;
  /** First messages of the streams, in order. */
  readonly starts: readonly Readonly<Record<string, unknown>>[];
  /** Audio of each stream, as it was received, joined over its connections. */
  readonly audio: readonly { readonly bytes: number; readonly peak: number }[];
  /** Bodies of uploads, as they came. */
  readonly uploads: readonly { readonly path: string; readonly body: string }[];
  close(): Promise<void>;
}

interface ToyStream {
  readonly token: string;
  rateHz: number;
  bytes: number;
  peak: number;
  sent: string[];
  step: number;
}

export async function openToyService(options: ToyServiceOptions = {}): Promise<ToyService> {
  const { script = [], key, events = {}, bodies = {}, forgets = false } = options;
  const cuts = [...(options.cutAtS ?? [])];
  const streams: ToyStream[] = [];
  const starts: Record<string, unknown>[] = [];
  const uploads: { path: string; body: string }[] = [];
  const app = Fastify({ bodyLimit: 2 ** 26 });
  app.addContentTypeParser('multipart/form-data', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  webRoutes(app);
  for (const path of ['/v1/documents', '/v1/audio/transcriptions']) {
    app.post(path, async (request, reply) => {
      const refused = key !== undefined && request.headers.authorization !== `Bearer ${key}`;
      if (refused) return reply.code(401).send({ error: { code: 'unauthorized', message: 'A key is wanted.' } });
      const body = (request.body as Buffer).toString('latin1');
      uploads.push({ path, body });
      if (!body.includes('name="stream"')) return reply.type('text/plain').send(bodies[path] ?? '');
      const frames = (events[path] ?? []).map((event) => `data: ${JSON.stringify(event)}\n\n`);
      return reply.type('text/event-stream').send(`: begin\n\n${frames.join('')}`);
    });
  }
  const sockets = new WebSocketServer({ server: app.server, path: '/v1/stream' });
  sockets.on('connection', (socket) => serve(socket));

  function serve(socket: WebSocket): void {
    let stream: ToyStream | undefined;
    socket.on('message', (data: RawData, isBinary: boolean) => {
      if (isBinary) {
        if (stream === undefined) return;
        hear(stream, data as Buffer);
        play(stream, socket, stream.bytes / 2 / stream.rateHz);
        if (cuts[0] !== undefined && stream.bytes / 2 / stream.rateHz >= cuts[0]) {
          cuts.shift();
          socket.terminate();
        }
        return;
      }
      const message = JSON.parse(String(data)) as Record<string, unknown>;
      if (message['type'] === 'start') stream = begin(socket, message);
      else if (message['type'] === 'end' && stream !== undefined) {
        play(stream, socket, Number.POSITIVE_INFINITY);
        send(stream, socket, { type: 'end', utterances: 1, audioS: 1 });
        socket.close(1000);
      }
    });
  }

  function begin(socket: WebSocket, message: Record<string, unknown>): ToyStream | undefined {
    starts.push(message);
    const refuse = (code: string) => {
      socket.send(JSON.stringify({ type: 'error', seq: 1, t: 0, code, message: `Refused: ${code}.`, retry: false }));
      socket.close(1008, code);
      return undefined;
    };
    if (key !== undefined && message['key'] !== key) return refuse('unauthorized');
    const resume = message['resume'] as { token: string; seq: number } | undefined;
    if (resume !== undefined) {
      const known = streams.find(({ token }) => token === resume.token);
      if (known === undefined || forgets) return refuse('not_found');
      socket.send(JSON.stringify({ ...readyEvent(known), seq: resume.seq, resumed: true }));
      for (const frame of known.sent) {
        if ((JSON.parse(frame) as { seq: number }).seq > resume.seq) socket.send(frame);
      }
      return known;
    }
    const { rate } = message['audio'] as { rate: number };
    const stream = { token: `token-${streams.length}`, rateHz: rate, bytes: 0, peak: 0, sent: [], step: 0 };
    streams.push(stream);
    send(stream, socket, readyEvent(stream));
    return stream;
  }

  const readyEvent = ({ token, bytes, rateHz }: ToyStream) => ({
    type: 'ready',
    session: 's_toy',
    resumed: false,
    resumeToken: token,
    sampleRateHz: 16_000,
    audioReceivedBytes: bytes,
    audioReceivedS: bytes / 2 / rateHz,
  });

  function play(stream: ToyStream, socket: WebSocket, heardS: number): void {
    for (let next = script[stream.step]; next !== undefined && next.atS <= heardS; next = script[stream.step]) {
      stream.step++;
      send(stream, socket, next.event);
    }
  }

  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    starts,
    audio: streams,
    uploads,
    close: async () => {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      app.server.closeAllConnections();
      await Promise.all([app.close(), app.server.listening ? once(app.server, 'close') : null]);
    },
  };
}

function hear(stream: ToyStream, data: Buffer): void {
  stream.bytes += data.length;
  for (let at = 0; at + 1 < data.length; at += 2) stream.peak = Math.max(stream.peak, Math.abs(data.readInt16LE(at)));
}

function send(stream: ToyStream, socket: WebSocket, event: Readonly<Record<string, unknown>>): void {
  const frame = JSON.stringify({ ...event, seq: stream.sent.length + 1, t: 0 });
  stream.sent.push(frame);
  socket.send(frame);
}
