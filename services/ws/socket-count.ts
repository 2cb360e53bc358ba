import { AppError } from '../../models/core/app-error.ts';
import { SOCKETS_MAX, SOCKETS_PER_KEY_MAX, STRANGERS_MAX } from './limits.ts';

export interface SocketLimits {
  readonly socketsMax: number;
  readonly socketsPerKeyMax: number;
  readonly strangersMax: number;
}

export const defaultSocketLimits: SocketLimits = {
  socketsMax: SOCKETS_MAX,
  socketsPerKeyMax: SOCKETS_PER_KEY_MAX,
  strangersMax: STRANGERS_MAX,
};

/** How many connections there are: in all, of each key, and of those that have shown none yet. */
export class SocketCount {
  readonly #limits: SocketLimits;
  readonly #byOwner = new Map<string, number>();
  #all = 0;
  #strangers = 0;

  constructor(limits: SocketLimits = defaultSocketLimits) {
    this.#limits = limits;
  }

  get all(): number {
    return this.#all;
  }

  /** Takes a place for a connection that has not shown who it is. Throws overloaded. */
  enter(): SocketPlace {
    const { socketsMax, strangersMax } = this.#limits;
    if (this.#all >= socketsMax || this.#strangers >= strangersMax) {
      throw new AppError('overloaded', `${this.#all} connections are open, and no more are taken.`);
    }
    this.#all++;
    this.#strangers++;
    let owner: string | null = null;
    let left = false;
    return {
      belongTo: (name) => {
        const count = this.#byOwner.get(name) ?? 0;
        if (count >= this.#limits.socketsPerKeyMax) {
          throw new AppError('rate_limited', `${count} connections of this key are open, and no more are taken.`);
        }
        if (left || owner !== null) return;
        owner = name;
        this.#strangers--;
        this.#byOwner.set(name, count + 1);
      },
      leave: () => {
        if (left) return;
        left = true;
        this.#all--;
        if (owner === null) this.#strangers--;
        else if (this.#byOwner.get(owner) === 1) this.#byOwner.delete(owner);
        else this.#byOwner.set(owner, this.#byOwner.get(owner)! - 1);
      },
    };
  }
}

export interface SocketPlace {
  /** Throws rate_limited where its owner has too many. */
  belongTo(owner: string): void;
  /** May be called twice. */
  leave(): void;
}
