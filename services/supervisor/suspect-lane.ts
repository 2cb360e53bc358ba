/**
 * Where calls go one at a time that were under way when a process crashed: one of them may be what crashed it. Alone, it
 * ends only itself the second time, and the others pass.
 */
export class SuspectLane {
  #last: Promise<void> = Promise.resolve();
  #suspects = 0;

  /** Streams that were there at a crash and have not gone through what they were at since. */
  get suspects(): number {
    return this.#suspects;
  }

  /** Counts a suspect, until what is returned is called. */
  suspect(): () => void {
    this.#suspects++;
    let over = false;
    return () => {
      if (!over) this.#suspects--;
      over = true;
    };
  }

  /** Resolves, with what lets the next one in, once those before are through. Throws the signal's reason. */
  async enter(signal?: AbortSignal): Promise<() => void> {
    const before = this.#last;
    let leave: () => void = () => undefined;
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    this.#last = before.then(() => left);
    try {
      await unlessAborted(before, signal);
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }
}

function unlessAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal?.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal?.removeEventListener('abort', abort));
  });
}
