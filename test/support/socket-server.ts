import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError } from '../../models/core/app-error.ts';
import { CombinerService, type RankFactory } from '../../services/combiner/combiner-service.ts';
import { joinFuser } from '../../services/combiner/fuse-stream.ts';
import { attachWebSockets, type WebSocketParts, type WebSockets } from '../../services/ws/web-sockets.ts';
import { duplexPair } from './duplex-pair.ts';
import { toyGate } from './toy-gate.ts';
import { ToyListener } from './toy-listener.ts';
import { toyPageSearch } from './toy-pages.ts';
import { toySearch } from './toy-recognizer.ts';

export interface SocketServer {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly sockets: WebSockets;
  readonly source: ToyListener;
  close(): Promise<void>;
}

/** Chooses the second reading, where there is one: the first alone would not show who chose. */
const second: RankFactory =
  () =>
  async ({ readings }) => {
    const chosen = readings[1] ?? readings[0]!;
    const others = readings.filter((reading) => reading !== chosen);
    return {
      readings: [chosen, ...others].map(({ text, logProb }) => ({ text, recognizerLogProb: logProb })),
      changes: [],
      judged: readings.length,
      warnings: [],
    };
  };

/** The service's WebSockets over toys, on a port of the loopback. `keys` null: nobody needs one. */
export async function startSocketServer(
  options: Partial<WebSocketParts> & { readonly keys?: readonly string[] | null } = {},
): Promise<SocketServer> {
  const { keys = null, ...parts } = options;
  const source = new ToyListener();
  const combiner = new CombinerService({
    searchFor: () => toySearch(2),
    rankFor: second,
    readFor: () => toyPageSearch,
  });
  const server = createServer((_request, response) => response.writeHead(426).end());
  const sockets = attachWebSockets(server, {
    source,
    facts: () => ({ recognizer: 'toy', llm: 'toy-lm', device: 'cpu' }),
    gate: toyGate(keys),
    rules: {
      defaultModel: 'toy',
      checkModel: (name) => {
        if (name === 'toy' || name === 'whisper-1') return name;
        throw new AppError('model_unknown', `There is no model ${name}.`);
      },
      hasLogprobs: false,
    },
    pieces: () => null,
    fuse: (channel, openers) => {
      const [near, far] = duplexPair();
      joinFuser(channel, near, openers);
      void combiner.serveFuser(far);
    },
    ...parts,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    source,
    async close() {
      await sockets.close();
      combiner.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
