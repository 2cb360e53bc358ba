import { AppError } from '../../models/core/app-error.ts';
import { SOCKETS_MAX, SOCKETS_PER_KEY_MAX, STRANGERS_MAX } from './limits.ts';

export interface SocketLimits {
  readonly socketsMax: number;
  readonly socketsPerKeyMax: number;
  /** Fewer than `socketsMax`: the others are kept for those who prove a key. */
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

  /**
   * Takes a place for a connection whose key was proved already, or for a stranger (`owner` null), of whom there are so few that
   * places stay for those who prove a key. Throws overloaded, and rate_limited where the owner has too many.
   */
  enter(owner: string | null): SocketPlace {
    const { socketsMax, strangersMax } = this.#limits;
    if (this.#all >= socketsMax) {
      throw new AppError('overloaded', `${this.#all} connections are open, and no more are taken.`);
    }
    if (owner !== null) this.#own(owner);
    else if (this.#strangers < strangersMax) this.#strangers++;
    else {
      const message = `${this.#strangers} connections have shown no key yet, and no more of them are taken.`;
      throw new AppError('overloaded', message);
    }
    this.#all++;
    let left = false;
    return {
      belongTo: (name) => {
        if (left || owner !== null) return;
        this.#own(name);
        this.#strangers--;
        owner = name;
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

  #own(owner: string): void {
    const count = this.#byOwner.get(owner) ?? 0;
    if (count >= this.#limits.socketsPerKeyMax) {
      throw new AppError('rate_limited', `${count} connections of this key are open, and no more are taken.`);
    }
    this.#byOwner.set(owner, count + 1);
  }
}

export interface SocketPlace {
  /** A stranger has proved a key. Throws rate_limited where its owner has too many. */
  belongTo(owner: string): void;
  /** May be called twice. */
  leave(): void;
}
