/** Pages for the bench: the images of a data set, and its PDFs drawn beforehand, so that every system opens the same file. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { openDataSet } from '../../services/eval/data/data-set.ts';
import type { EvalItem } from '../../services/eval/results.ts';
import { DocumentIntake } from '../../services/intake/document-intake.ts';
import type { BenchOptions } from './bench-options.ts';

export interface BenchPage {
  /** As the judge takes it; of a PDF one item per page, its number after a #. */
  readonly item: EvalItem;
  /** An image that any system can open. */
  readonly path: string;
  /** What the picture shows, as the list says: line, block, page, photo, receipt, pdf; '' where it does not say. */
  readonly kind: string;
  /** How badly a drawn picture was treated, 0 and up; undefined where the list says nothing. */
  readonly degradation: number | undefined;
}

/** The first pages of a PDF: the later ones look like them. */
const PDF_PAGES_MAX = 2;
const PDF_DPI = 200;

/** PDFs are drawn into `folder`. Throws AppError as `openDataSet` and the intake do. */
export async function readPages(options: BenchOptions, folder: string): Promise<BenchPage[]> {
  const { data, sets, languages, limit } = options;
  const dataSet = await openDataSet(data, {
    task: 'ocr',
    ...(sets && { sets }),
    ...(languages && { languages }),
    ...(limit !== undefined && { limit }),
  });
  const facts = await listedFacts(data);
  const intake = new DocumentIntake();
  const pages: BenchPage[] = [];
  try {
    for await (const item of dataSet.items()) {
      const { kind = '', degradation } = facts.get(item.id) ?? {};
      // An item of the task ocr has a page.
      const path = item.mediaPath!;
      if (!path.toLowerCase().endsWith('.pdf')) pages.push({ item, path, kind, degradation });
      else pages.push(...(await drawnPages(intake, item, folder, pages.length)));
    }
  } finally {
    await intake.close();
  }
  return pages;
}

async function drawnPages(intake: DocumentIntake, item: EvalItem, folder: string, serial: number) {
  const texts = item.references[0]!.split('\f');
  const document = await intake.open(item.mediaPath!, {
    dpi: PDF_DPI,
    textLayer: 'never',
    pages: [[1, Math.min(PDF_PAGES_MAX, texts.length)]],
  });
  const pages: BenchPage[] = [];
  try {
    for await (const { number, raster } of document.pages()) {
      const { width, height, rgb } = raster;
      const path = join(folder, `pdf-${serial}-${number}.png`);
      await sharp(rgb, { raw: { width, height, channels: 3 } })
        .png({ compressionLevel: 1 })
        .toFile(path);
      const one = { ...item, id: `${item.id}#${number}`, references: [texts[number - 1]!], group: item.id };
      pages.push({ item: one, path, kind: 'pdf', degradation: undefined });
    }
  } finally {
    await document.close();
  }
  return pages;
}

interface ListedFacts {
  readonly kind?: string;
  readonly degradation?: number;
}

/** What the list says beyond what a judge needs; nothing where the data set is no folder with a list. */
async function listedFacts(data: string): Promise<ReadonlyMap<string, ListedFacts>> {
  const text = await readFile(join(data, 'manifest.jsonl'), 'utf8').catch(() => '');
  const rows = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as { file: string } & ListedFacts);
  return new Map(rows.map((row) => [row.file, row]));
}
