import { AppError } from '../../models/core/app-error.ts';
import type { UnitSearch } from '../../models/core/stepwise.ts';
import type { SearchFactory } from '../../services/combiner/combiner-service.ts';
import { ToyRecognizer, toySearch } from './toy-recognizer.ts';

/** What a worker thread is told to do. */
export interface ToyConfig {
  /** Ends the thread, as a crash in native code would, at this unit. */
  readonly crashAtUnit?: number;
  /** The module fails to load with this code. */
  readonly failsToLoad?: boolean;
}

/** RecognizerModule for tests of worker threads. */
export async function createRecognizer(config: unknown): Promise<ToyRecognizer> {
  const { crashAtUnit, failsToLoad } = config as ToyConfig;
  if (failsToLoad) throw new AppError('model_corrupt', 'the toy model is broken');
  return new ToyRecognizer({
    beforeStep: (unit) => {
      if (unit.index === crashAtUnit) process.exit(7);
    },
  });
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
