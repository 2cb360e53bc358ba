/** Recordings for the benches: the items of a data set, all at once, since every system takes its turn on each. */
import { openDataSet } from '../../services/eval/data/data-set.ts';
import type { BenchOptions } from './bench-options.ts';

export interface Clip {
  /** Path as the list gives it: the clip's name in every report. */
  readonly file: string;
  readonly path: string;
  /** ISO 639-1. */
  readonly language: string;
  readonly text: string;
  /** Name of the collection, '' where none is given. */
  readonly set: string;
  /** Speaker, where the list names one; else the clip itself. */
  readonly group: string;
  /** Undefined where the list does not say. */
  readonly durationS: number | undefined;
}

/** Throws AppError as `openDataSet`. */
export async function readClips({ data, sets, languages, limit }: BenchOptions): Promise<Clip[]> {
  const dataSet = await openDataSet(data, {
    task: 'asr',
    ...(sets && { sets }),
    ...(languages && { languages }),
    ...(limit !== undefined && { limit }),
  });
  const clips: Clip[] = [];
  for await (const { id, mediaPath, language, references, set, group, durationS } of dataSet.items()) {
    // An item of the task asr has a recording and one reference.
    clips.push({ file: id, path: mediaPath!, language, text: references[0]!, set, group, durationS });
  }
  return clips;
}
