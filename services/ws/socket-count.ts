import { AppError } from '../../models/core/app-error.ts';
import { addressPlaces, peerNetwork } from '../server/peer-network.ts';
import { Tally } from '../server/tally.ts';
import { SOCKETS_MAX, SOCKETS_PER_KEY_MAX, STRANGERS_MAX } from './limits.ts';

export interface SocketLimits {
  readonly socketsMax: number;
  readonly socketsPerKeyMax: number;
  /** Fewer than `socketsMax`: the others are kept for those who prove a key. */
  readonly strangersMax: number;
  /** Of all connections, and of those of strangers, the share of one address. */
  readonly addressShare: number;
}

export const defaultSocketLimits: SocketLimits = {
  socketsMax: SOCKETS_MAX,
  socketsPerKeyMax: SOCKETS_PER_KEY_MAX,
  strangersMax: STRANGERS_MAX,
  addressShare: 1,
};

/** How many connections there are: in all, of each key, of each address, and of those that have shown no key yet. */
export class SocketCount {
  readonly #limits: SocketLimits;
  readonly #byOwner = new Tally();
  readonly #byNetwork = new Tally();
  readonly #strangersByNetwork = new Tally();
  #all = 0;
  #strangers = 0;

  constructor(limits: Partial<SocketLimits> = {}) {
    this.#limits = { ...defaultSocketLimits, ...limits };
  }

  get all(): number {
    return this.#all;
  }

  /**
   * Takes a place for a connection whose key was proved already, or for a stranger (`owner` null), of whom there are so few that
   * places stay for those who prove a key. `address`: of the peer. Throws overloaded, and rate_limited where the owner or the
   * address has too many.
   */
  enter(owner: string | null, address?: string): SocketPlace {
    const { socketsMax, strangersMax, addressShare } = this.#limits;
    const network = peerNetwork(address);
    if (this.#all >= socketsMax) {
      throw new AppError('overloaded', `${this.#all} connections are open, and no more are taken.`);
    }
    if (this.#byNetwork.of(network) >= addressPlaces(socketsMax, addressShare)) {
      throw tooMany(this.#byNetwork.of(network), 'this address');
    }
    if (owner !== null) this.#own(owner);
    else {
      if (this.#strangers >= strangersMax) {
        const message = `${this.#strangers} connections have shown no key yet, and no more of them are taken.`;
        throw new AppError('overloaded', message);
      }
      const ofAddress = this.#strangersByNetwork.of(network);
      if (ofAddress >= addressPlaces(strangersMax, addressShare))
        throw tooMany(ofAddress, 'this address without a key');
      this.#strangers++;
      this.#strangersByNetwork.add(network);
    }
    this.#all++;
    this.#byNetwork.add(network);
    let left = false;
    const isStrangerNoMore = (): void => {
      this.#strangers--;
      this.#strangersByNetwork.remove(network);
    };
    return {
      belongTo: (name) => {
        if (left || owner !== null) return;
        this.#own(name);
        isStrangerNoMore();
        owner = name;
      },
      leave: () => {
        if (left) return;
        left = true;
        this.#all--;
        this.#byNetwork.remove(network);
        if (owner === null) isStrangerNoMore();
        else this.#byOwner.remove(owner);
      },
    };
  }

  #own(owner: string): void {
    const count = this.#byOwner.of(owner);
    if (count >= this.#limits.socketsPerKeyMax) throw tooMany(count, 'this key');
    this.#byOwner.add(owner);
  }
}

function tooMany(count: number, whose: string): AppError {
  return new AppError('rate_limited', `${count} connections of ${whose} are open, and no more are taken.`);
}

export interface SocketPlace {
  /** A stranger has proved a key. Throws rate_limited where its owner has too many. */
  belongTo(owner: string): void;
  /** May be called twice. */
  leave(): void;
}
