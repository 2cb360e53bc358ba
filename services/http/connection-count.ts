import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../fusion/protocol/deadline.ts';
import { REFUSED_CONNECTIONS_MAX, REFUSED_MS_MAX } from '../server/limits.ts';
import { addressPlaces, peerNetwork } from '../server/peer-network.ts';
import { RetryLater } from '../server/retry-later.ts';
import { Tally } from '../server/tally.ts';

export interface ConnectionLimits {
  readonly socketsMax: number;
  readonly addressShare: number;
}

/** The other end of a connection. */
export type Peer = Pick<Socket, 'remoteAddress' | 'remotePort'>;

const nameOf = ({ remoteAddress, remotePort }: Peer) => `${remoteAddress} ${remotePort}`;

/** Seconds until another try: connections that rest are closed by then, or not soon. */
const RETRY_S = 5;

/**
 * Connections of each address, WebSockets among them. Beyond its share one is answered with 429 and closed; so that this costs no
 * places, the few that may wait for it are closed in any case after a while, and those beyond are closed at once.
 */
export class ConnectionCount {
  readonly #limits: ConnectionLimits;
  readonly #clock: Clock;
  readonly #held = new Tally();
  /** Known by their peers: under TLS a request has another socket than its connection. */
  readonly #refused = new Set<string>();

  constructor(limits: ConnectionLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Bounds the connections of this server: in all, where those beyond are closed without a word, and of each address. */
  watch(server: Server): void {
    server.maxConnections = this.#limits.socketsMax;
    server.on('connection', (socket: Socket) => this.#take(socket));
  }

  /** Throws RetryLater rate_limited for a connection beyond the share of its address. */
  check(socket: Peer): void {
    if (!this.#refused.has(nameOf(socket))) return;
    throw new RetryLater('rate_limited', `${this.#placesMax} connections of this address are open.`, RETRY_S);
  }

  get #placesMax(): number {
    return addressPlaces(this.#limits.socketsMax, this.#limits.addressShare);
  }

  #take(socket: Socket): void {
    const network = peerNetwork(socket.remoteAddress);
    if (this.#held.of(network) < this.#placesMax) {
      this.#held.add(network);
      socket.once('close', () => this.#held.remove(network));
    } else if (this.#refused.size < REFUSED_CONNECTIONS_MAX) {
      const name = nameOf(socket);
      this.#refused.add(name);
      const callOff = this.#clock.after(REFUSED_MS_MAX, () => socket.destroy());
      socket.once('close', () => {
        callOff();
        this.#refused.delete(name);
      });
    } else socket.destroy();
  }
}
