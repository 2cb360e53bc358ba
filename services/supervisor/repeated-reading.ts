import type { Raster, ReadOptions } from '../../models/core/page.ts';
import type { ReadPage } from '../combiner/combiner-client.ts';
import { CrashBudget, isLost } from './crash-budget.ts';
import type { Line, Lines } from './engine-lines.ts';
import type { SuspectLane } from './suspect-lane.ts';

export interface RepeatedReadingOptions {
  readonly lines: Lines;
  readonly lane: SuspectLane;
  readonly fusedWaitMs: number;
}

/** A page that was handed over and has not come back. */
interface PageUnderWay {
  readonly raster: Raster;
  readonly budget: CrashBudget;
}

/**
 * Reads pages in order; after the loss of a process the pages that had not come back are sent once more, alone, and then
 * the rest. Throws AppError: input_crashes (a page ended its process twice), and the codes of CombinerClient.read.
 */
export async function* readRepeatedly(
  images: AsyncIterable<Raster>,
  options: ReadOptions,
  signal: AbortSignal | undefined,
  { lines, lane, fusedWaitMs }: RepeatedReadingOptions,
): AsyncGenerator<ReadPage, void> {
  const source = images[Symbol.asyncIterator]();
  const feed = new PageFeed(source);
  let done = 0;
  try {
    for (;;) {
      const suspects = feed.underWay.filter(({ budget }) => budget.crashes > 0).length;
      const leave = suspects > 0 ? await lane.enter(signal) : undefined;
      let line: Line | undefined;
      let passed = 0;
      try {
        line = await lines.take({ modality: 'page', fusedWaitMs, signal });
        const both = signal === undefined ? line.gone : AbortSignal.any([signal, line.gone]);
        for await (const page of line.client.read(feed.pages(suspects), options, { signal: both })) {
          feed.returned();
          passed++;
          if (passed >= suspects) leave?.();
          const answer = { ...page, page: { ...page.page, index: done } };
          done++;
          yield line.degraded ? { ...answer, warnings: [...answer.warnings, DEGRADED] } : answer;
        }
        return;
      } catch (error) {
        feed.detach();
        if (line === undefined || !isLost(error, signal)) throw error;
        const loss = await line.loss();
        for (const { budget } of feed.blamed(passed < suspects)) budget.spend(loss, error);
      } finally {
        line?.release();
        leave?.();
      }
    }
  } finally {
    feed.detach();
    // Not awaited: a source that waits for its next page would hold the caller.
    source.return?.().catch(() => undefined);
  }
}

/** What a result says that came without the language model. */
export const DEGRADED = {
  code: 'degraded',
  message: 'The language model was not there; the recognizer alone decided.',
} as const;

/** Pages on their way: those that must be sent again first, then the source's, which is pulled by one process at a time. */
class PageFeed {
  readonly underWay: PageUnderWay[] = [];
  #source: AsyncIterator<Raster>;
  /** A pull that began for a process which is gone; its page belongs to the next one. */
  #pulled: Promise<IteratorResult<Raster>> | undefined;
  /** Number of the process that pages go to now. */
  #process = 0;
  #wake: (() => void) | undefined;

  constructor(source: AsyncIterator<Raster>) {
    this.#source = source;
  }

  /** The pages for one process; the first `alone` of them go out one by one, each once the last has come back. */
  async *pages(alone: number): AsyncGenerator<Raster, void> {
    const process = ++this.#process;
    const current = () => process === this.#process;
    for (const [i, page] of [...this.underWay].entries()) {
      yield page.raster;
      while (i < alone && this.underWay.includes(page)) {
        if (!current()) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
    while (current()) {
      this.#pulled ??= this.#source.next();
      const next = await this.#pulled;
      if (!current()) return;
      this.#pulled = undefined;
      if (next.done) return;
      this.underWay.push({ raster: next.value, budget: new CrashBudget() });
      yield next.value;
    }
  }

  /** The first page under way has come back. */
  returned(): void {
    this.underWay.shift();
    this.#wake?.();
  }

  /** The process is gone: what was pulled for it stays for the next one. */
  detach(): void {
    this.#process++;
    this.#wake?.();
  }

  /** Pages that may have ended the process: the one that was alone, or all. */
  blamed(alone: boolean): readonly PageUnderWay[] {
    return alone ? this.underWay.slice(0, 1) : this.underWay;
  }
}
