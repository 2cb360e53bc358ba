import type { AppError } from '../../models/core/app-error.ts';
import type { Child, ChildEvents, ChildExit, Spawn } from '../../services/supervisor/supervisor.ts';

/** A child that does what a test says, and obeys as well as it was told to. */
export class ToyChild implements Child {
  readonly pid: number;
  readonly orders: string[] = [];
  living = true;
  bytes = 0;
  /** The orders that it obeys. */
  obeys: readonly string[] = ['close', 'terminate', 'kill'];
  #events: ChildEvents;
  #nursery: ToyNursery;

  constructor(pid: number, events: ChildEvents, nursery: ToyNursery) {
    this.pid = pid;
    this.#events = events;
    this.#nursery = nursery;
  }

  ready(): void {
    if (this.living) this.#events.ready(`ws+unix:/toy/${this.pid}:/`);
  }

  failToLoad(error: AppError): void {
    if (this.living) this.#events.failed(error);
  }

  exit(exit: ChildExit = { code: null, signal: 'SIGSEGV' }): void {
    if (!this.living) return;
    this.living = false;
    this.#nursery.exits++;
    this.#events.exited(exit);
  }

  close(): void {
    this.#order('close');
  }

  terminate(): void {
    this.#order('terminate');
  }

  kill(): void {
    this.#order('kill');
  }

  async residentBytes(): Promise<number> {
    return this.bytes;
  }

  /** An exit takes a moment: what obeys is told in the nursery's `settle`. */
  #order(order: string): void {
    this.orders.push(order);
    if (this.obeys.includes(order)) this.#nursery.dying.push(this);
  }
}

/** Where children come from; counts them. */
export class ToyNursery {
  readonly children: ToyChild[] = [];
  readonly dying: ToyChild[] = [];
  exits = 0;
  /** Most that lived at the same time. */
  livingMost = 0;
  /** Set to make the next births fail. */
  refuses: Error | undefined;

  readonly spawn: Spawn = (events) => {
    if (this.refuses !== undefined) throw this.refuses;
    const child = new ToyChild(this.children.length + 1, events, this);
    this.children.push(child);
    this.livingMost = Math.max(this.livingMost, this.children.filter(({ living }) => living).length);
    return child;
  };

  get last(): ToyChild {
    return this.children.at(-1)!;
  }

  /** Those that obeyed an order are gone. */
  settle(): void {
    for (const child of this.dying.splice(0)) child.exit({ code: 0, signal: null });
  }
}
