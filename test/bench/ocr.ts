/** Pages: error rates with paired intervals, Turkish letters and numbers, time in turns against RapidOCR on the same weights. */
import { appendFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_BOOTSTRAP } from '../../services/eval/bootstrap.ts';
import { SeededRandom } from '../../services/eval/random.ts';
import type { BenchOptions } from './bench-options.ts';
import { note } from './bench-report.ts';
import type { BenchResult } from './main.ts';
import { cleanPages, degradedPages } from './ocr-drawn.ts';
import { type BenchPage, readPages } from './ocr-pages.ts';
import { openPageSystems, type PageSystem } from './ocr-systems.ts';
import {
  differenceTable,
  errorTable,
  judgePages,
  letterTable,
  type PageRun,
  type Repairs,
  repairsOf,
  timeTable,
} from './ocr-tables.ts';

/** What fusion is measured against: the recognizer alone. */
const BASE = 'greedy';

export async function run(options: BenchOptions): Promise<BenchResult> {
  const folder = await mkdtemp(join(tmpdir(), 'bytefuse-ocr-bench-'));
  try {
    const pages = await gatherPages(options, folder);
    const opened = await openPageSystems(options);
    let runs: PageRun[];
    let facts: Record<string, unknown>;
    try {
      runs = await takeTurns(opened.systems, pages, options);
      facts = { ...opened.facts(), loadAfter: loadavg()[0] };
    } finally {
      await opened.close();
    }
    return report(
      runs,
      opened.systems.map(({ name }) => name),
      options,
      facts,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function gatherPages(options: BenchOptions, folder: string): Promise<BenchPage[]> {
  if (options.flags.has('degraded')) return degradedPages(options, folder);
  return options.flags.has('draw') ? cleanPages(options, folder) : readPages(options, folder);
}

/** Every page by every system before the next page, both in random order, after one page that warms everybody up. */
async function takeTurns(
  systems: readonly PageSystem[],
  pages: readonly BenchPage[],
  options: BenchOptions,
): Promise<PageRun[]> {
  const rounds = Math.max(1, Number(options.flags.get('rounds') ?? 1));
  const hypotheses = options.flags.get('hypotheses');
  if (hypotheses) rmSync(hypotheses, { force: true });
  for (const system of systems) for (const page of pages.slice(0, 2)) await system.read(page);
  const random = new SeededRandom(options.seed);
  const order = random.shuffle(pages.map((_, i) => i));
  const runs = new Map<number, PageRun>();
  for (const i of order) {
    const page = pages[i]!;
    const trials = new Map(systems.map(({ name }) => [name, [] as Awaited<ReturnType<PageSystem['read']>>[]]));
    for (let round = 0; round < rounds; round++) {
      for (const { name, read } of random.shuffle([...systems])) trials.get(name)!.push(await read(page));
    }
    const run = {
      page,
      trials: new Map([...trials].map(([name, all]) => [name, all.flatMap((trial) => trial ?? [])])),
    };
    runs.set(i, run);
    if (hypotheses) appendFileSync(hypotheses, `${JSON.stringify(recordOf(run))}\n`);
    if (runs.size % 20 === 0) note(`${runs.size} of ${pages.length} pages`);
  }
  return pages.map((_, i) => runs.get(i)!);
}

function report(
  runs: readonly PageRun[],
  systems: readonly string[],
  options: BenchOptions,
  facts: Record<string, unknown>,
): BenchResult {
  const judged = judgePages(runs);
  const draws = { ...DEFAULT_BOOTSTRAP, seed: options.seed };
  const has = (name: string) => systems.includes(name);
  const others = systems.filter((name) => name === 'fused' || name === 'faithful' || name === 'alone');
  const pairs: (readonly [string, string])[] = has(BASE) ? others.map((name) => [BASE, name]) : [];
  if (has('rapidocr'))
    for (const name of systems) if (name === BASE || name === 'fused') pairs.push(['rapidocr', name]);
  const repairs = new Map(
    has(BASE) ? others.filter((name) => name !== 'alone').map((name) => [name, repairsOf(runs, BASE, name)]) : [],
  );
  const tables = [
    errorTable(judged, systems, 'chars'),
    errorTable(judged, systems, 'anyOrder'),
    ...(pairs.length > 0
      ? [differenceTable(judged, pairs, 'chars', draws), differenceTable(judged, pairs, 'anyOrder', draws)]
      : []),
    ...[...repairs].flatMap(([name, found]) => repairTexts(name, found)),
    timeTable(runs, systems, has('rapidocr') ? 'rapidocr' : systems[0]!),
  ];
  return {
    tables,
    results: {
      facts,
      repairs: Object.fromEntries(
        [...repairs].map(([name, { letters, ...rest }]) => [name, { letters: Object.fromEntries(letters), ...rest }]),
      ),
      pages: runs.map((run, i) => ({ ...recordOf(run), verdicts: Object.fromEntries(judged[i]!.verdicts) })),
    },
  };
}

function repairTexts(name: string, { letters, lost, rightNumbers }: Repairs): string[] {
  const places = lost.map(({ id, number }) => `  ${id}: ${number}`);
  const numbers = `${name}: ${lost.length} of ${rightNumbers} numbers that the recognizer alone had right were changed.`;
  return [
    ...(letters.size > 0 ? [`${name}, Turkish:\n${letterTable(letters, BASE)}`] : []),
    [numbers, ...places].join('\n'),
  ];
}

function recordOf({ page, trials }: PageRun) {
  const { id, language, set } = page.item;
  return { id, language, set, kind: page.kind, reference: page.item.references[0], trials: Object.fromEntries(trials) };
}
