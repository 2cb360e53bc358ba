import { AppError } from '../../models/core/app-error.ts';
import type { Resumption } from '../../models/core/live.ts';
import type { CombinerClient } from '../../services/combiner/combiner-client.ts';
import type { Line, LineLoss, Lines, LineWish } from '../../services/supervisor/engine-lines.ts';
import type { Listen, LiveEvent } from '../../services/supervisor/live-contract.ts';

/** What becomes of one line: it is lost after so many events, or holds. */
export interface ToyFate {
  readonly events?: number;
  readonly loss?: LineLoss;
  readonly degraded?: boolean;
  readonly client?: Partial<CombinerClient>;
  /** What its listener throws; peer_lost where absent. */
  readonly error?: AppError;
}

/** Gives lines in the order of their fates, and then lines that hold. */
export class ToyLines implements Lines {
  readonly wishes: LineWish[] = [];
  /** How each opened stream came. */
  readonly resumptions: Resumption[] = [];
  released = 0;
  fused = true;
  #fates: readonly ToyFate[];
  #given = new Map<Line, ToyFate>();

  constructor(fates: readonly ToyFate[]) {
    this.#fates = fates;
  }

  async take(wish: LineWish): Promise<Line> {
    wish.signal?.throwIfAborted();
    const fate = this.#fates[this.wishes.length] ?? {};
    this.wishes.push(wish);
    const line: Line = {
      // Whoever uses a client here gives one.
      client: fate.client as CombinerClient,
      degraded: fate.degraded ?? false,
      gone: new AbortController().signal,
      loss: async () => fate.loss ?? 'crash',
      release: () => {
        this.released++;
      },
    };
    this.#given.set(line, fate);
    return line;
  }

  isFused(): boolean {
    return this.fused;
  }

  /** A listener that is cut off as its line's fate wants it. It is told how the stream came, among its options. */
  listen<O>(listen: Listen<O & Resumption>): (line: Line, resumption: Resumption) => Listen<O> {
    return (line, resumption) => {
      this.resumptions.push(resumption);
      const { events: eventsMax = Number.POSITIVE_INFINITY, error } = this.#given.get(line)!;
      return async function* (input, options, call) {
        const events: AsyncGenerator<LiveEvent, unknown> = listen(input, { ...options, ...resumption }, call);
        for (let count = 0; ; count++) {
          if (count >= eventsMax) throw error ?? new AppError('peer_lost', 'the toy process crashed');
          const next = await events.next();
          // The toy listener's own summary.
          if (next.done) return next.value as never;
          yield next.value;
        }
      };
    };
  }
}
