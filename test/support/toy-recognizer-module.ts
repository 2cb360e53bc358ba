import { setTimeout } from 'node:timers/promises';
import { AppError } from '../../models/core/app-error.ts';
import type { LiveRecognizer } from '../../models/core/live.ts';
import type { PageUnit, Raster, ReadOptions } from '../../models/core/page.ts';
import type { UnitSearch } from '../../models/core/stepwise.ts';
import type { PageSearchFactory, SearchFactory } from '../../services/combiner/combiner-service.ts';
import type { AnyRecognizer } from '../../services/recognizer/recognizer-service.ts';
import { toyListen } from './toy-listen.ts';
import { type ToyPageControl, ToyPageRecognizer, toyPageSearch } from './toy-pages.ts';
import { ToyRecognizer, toySearch } from './toy-recognizer.ts';

/** What a worker thread is told to do. */
export interface ToyConfig {
  /** Ends the thread, as a crash in native code would, at this unit. */
  readonly crashAtUnit?: number;
  /** The module fails to load with this code. */
  readonly failsToLoad?: boolean;
  /** A recognizer of pages instead of one of speech. */
  readonly pages?: boolean;
  /** Milliseconds that each step, or each page, takes. */
  readonly stepMs?: number;
  /** Crashes at a page of this width. */
  readonly crashAtWidth?: number;
  /** Live streams beyond so many are refused. */
  readonly liveStreamsMax?: number;
  /** Ends its whole process, as a crash in native code would. */
  readonly hard?: boolean;
}

/** RecognizerModule for tests of worker threads and of model processes. */
export async function createRecognizer(config: unknown): Promise<AnyRecognizer> {
  const { crashAtUnit, crashAtWidth, failsToLoad, pages, stepMs = 0, hard = false } = config as ToyConfig;
  const { liveStreamsMax = Number.POSITIVE_INFINITY } = config as ToyConfig;
  if (failsToLoad) throw new AppError('model_corrupt', 'the toy model is broken');
  const crash = () => (hard ? process.kill(process.pid, 'SIGKILL') : process.exit(7));
  const work = () => (stepMs > 0 ? setTimeout(stepMs) : undefined);
  if (pages) return new CrashingPages({ beforePage: work }, (width) => width === crashAtWidth && crash());
  const recognizer = new ToyRecognizer({
    beforeStep: (unit) => {
      if (unit.index === crashAtUnit) crash();
      return work();
    },
  });
  let live = 0;
  const liveRefusal = () =>
    live < liveStreamsMax ? null : new AppError('overloaded', `${live} live streams run here.`);
  const listen: LiveRecognizer['listen'] = async function* (input) {
    const refusal = liveRefusal();
    if (refusal !== null) throw refusal;
    live++;
    try {
      return yield* toyListen(input, undefined, {});
    } finally {
      live--;
    }
  };
  return Object.assign(recognizer, { listen, liveRefusal });
}

class CrashingPages extends ToyPageRecognizer {
  #look: (width: number) => void;

  constructor(control: ToyPageControl, look: (width: number) => void) {
    super(control);
    this.#look = look;
  }

  override read(raster: Raster, ...rest: [number, ReadOptions, AbortSignal?]): Promise<PageUnit> {
    this.#look(raster.width);
    return super.read(raster, ...rest);
  }
}

/** SearchModule for tests of worker threads. */
export function createSearchFactory(config: unknown): SearchFactory {
  const { crashAtUnit } = config as ToyConfig;
  const search: UnitSearch = (source, signal) => {
    if (source.unit.index === crashAtUnit) process.exit(7);
    return toySearch(3)(source, signal);
  };
  return () => search;
}

export function createPageSearchFactory(): PageSearchFactory {
  return () => toyPageSearch;
}
