/**
 * From a report folder to `report.html`. items.jsonl is read once: sums go to `ItemBins`, places and errors to `ItemIndex`;
 * then only the lines of the items that are shown are read again. Memory does not depend on the texts.
 */
import { join } from 'node:path';
import { AppError } from '../../../models/core/app-error.ts';
import type { EvalResults } from '../results.ts';
import { itemsPath, readResults, scanItems } from './evaluation-files.ts';
import { writeHtmlFile } from './html-file.ts';
import { ItemBins } from './item-bins.ts';
import { hashText, ItemIndex } from './item-index.ts';
import { rankOf } from './item-measure.ts';
import { type ShownItem, selectItems } from './item-selection.ts';
import { SHOWN_ITEMS_DEFAULT, SHOWN_ITEMS_MAX } from './limits.ts';
import { type EmbeddedMedia, MEDIA_BOUNDS, type MediaBounds, MediaEmbedder } from './media-embed.ts';
import { mediaPathOf } from './page/item-cards.ts';
import { type ReportInput, reportPage } from './page/report-page.ts';

export interface ReportOptions {
  /** Items for each system and reason (most errors, highest rate, better, worse), 0 to 200. */
  readonly shownItems?: number;
  /** False leaves recordings and pictures out: a small page that can be sent. */
  readonly media?: boolean;
  readonly mediaBounds?: MediaBounds;
}

/**
 * Writes `report.html` into the folder and returns its path.
 * @throws AppError invalid_option, file_not_found, file_unreadable, results_malformed (with the line), disk_full, output_unwritable
 */
export async function writeReport(folder: string, options: ReportOptions = {}): Promise<string> {
  const input = await readReport(folder, options);
  const path = join(folder, 'report.html');
  await writeHtmlFile(path, reportPage(input));
  return path;
}

/** All that the page shows. */
export async function readReport(folder: string, options: ReportOptions = {}): Promise<ReportInput> {
  const shownItems = options.shownItems ?? SHOWN_ITEMS_DEFAULT;
  if (!Number.isInteger(shownItems) || shownItems < 0 || shownItems > SHOWN_ITEMS_MAX) {
    throw new AppError('invalid_option', `${shownItems} items to be shown; 0 to ${SHOWN_ITEMS_MAX} are possible`);
  }
  const results = await readResults(folder);
  const numbers = new Map(results.systems.map(({ name }, i) => [name, i]));
  const bins = results.systems.map(() => new ItemBins());
  const index = new ItemIndex();
  await scanItems(folder, (item, place) => {
    const system = numbers.get(item.system);
    if (system === undefined) {
      throw new AppError(
        'results_malformed',
        `${itemsPath(folder)}:${place.lineNumber}: results.json has no system ${JSON.stringify(item.system)}`,
      );
    }
    bins[system]!.add(item);
    const { errors, units } = rankOf(item);
    index.add({ ...place, id: hashText(item.id), system, errors, units });
  });
  const { items, leftOut } = await selectItems(folder, index, results.systems.length, shownItems);
  const cards = await withMedia(folder, items, options);
  return { results, bins, cards, warnings: warningsOf(results, bins, index, leftOut) };
}

async function withMedia(folder: string, items: readonly ShownItem[], options: ReportOptions) {
  const embedder = new MediaEmbedder(folder, options.mediaBounds ?? MEDIA_BOUNDS);
  const cards: { item: ShownItem; media: EmbeddedMedia | undefined }[] = [];
  for (const item of items) {
    const path = mediaPathOf(item.judged);
    const wanted = options.media !== false && path !== undefined;
    cards.push({ item, media: wanted ? await embedder.embed(path) : undefined });
  }
  return cards;
}

function warningsOf(results: EvalResults, bins: readonly ItemBins[], index: ItemIndex, leftOut: number): string[] {
  const warnings = results.systems.flatMap(({ name }, system) => {
    const { items, failed } = bins[system]!;
    const said: string[] = [];
    if (failed > 0) {
      said.push(`${name}: ${failed} of ${items} items failed; each counts as an empty reading.`);
    }
    if (items !== results.data.items) {
      said.push(`${name}: items.jsonl has ${items} items, results.json speaks of ${results.data.items}.`);
    }
    return said;
  });
  if (index.duplicates > 0) {
    warnings.push(
      `${index.duplicates} items were judged twice by the same system; the plots count both, the cards show the last.`,
    );
  }
  if (leftOut > 0) warnings.push(`${leftOut} more items were chosen to be shown and did not fit on the page.`);
  return warnings;
}
