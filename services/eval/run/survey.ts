/** The first pass over a data set: it finds bad lines before any model is loaded, and how much there is to do. */
import { AppError } from '../../../models/core/app-error.ts';
import type { EvalItem, EvalTask } from '../results.ts';

export interface Survey {
  readonly items: number;
  /** Length of all recordings; null where an item does not tell its own. */
  readonly seconds: number | null;
  /** Items that name a recording or page. */
  readonly media: number;
}

/** @throws AppError of the reader; manifest_malformed where an item lacks what the task needs, or there is no item */
export async function surveyItems(
  task: EvalTask,
  items: AsyncIterable<EvalItem>,
  options: { readonly location: string; readonly needsMedia: boolean; readonly signal: AbortSignal },
): Promise<Survey> {
  let count = 0;
  let media = 0;
  let seconds: number | null = 0;
  for await (const item of items) {
    options.signal.throwIfAborted();
    const missing = missingOf(task, item, options.needsMedia);
    if (missing !== null) throw new AppError('manifest_malformed', `${item.where}: ${item.id} has no ${missing}`);
    count++;
    if (item.mediaPath !== undefined) media++;
    seconds = seconds === null || item.durationS === undefined ? null : seconds + item.durationS;
  }
  if (count === 0) {
    throw new AppError('manifest_malformed', `${options.location}: no item is left; check --set, --lang and --form.`);
  }
  return { items: count, seconds, media };
}

function missingOf(task: EvalTask, item: EvalItem, needsMedia: boolean): string | null {
  if (needsMedia && item.mediaPath === undefined) return task === 'ocr' ? 'page' : 'recording';
  if (item.references.length === 0 && item.goldEdits === undefined) return 'reference';
  if (task === 'gec' && item.source === undefined) return 'source text';
  if (task === 'darag' && !item.hypotheses?.length) return 'list of hypotheses';
  return null;
}
