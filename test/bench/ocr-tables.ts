/** The page bench's tables: errors with intervals, Turkish letters, numbers, time by turns. */
import { type BootstrapOptions, median, pairedBootstrap } from '../../services/eval/bootstrap.ts';
import { type EditCounts, errorRate, sumCounts, textEdits } from '../../services/eval/error-rate.ts';
import { judgeItem } from '../../services/eval/metric/judge.ts';
import { percent, percentInterval, table } from './bench-report.ts';
import type { BenchPage } from './ocr-pages.ts';
import { type LetterRepairs, letterRepairs, lostNumbers, rightNumbers, sumRepairs } from './ocr-repairs.ts';
import { isPeer, type PageTrial } from './ocr-systems.ts';

/** All trials of one system on one page, one per round; none where the system has nothing to do with it. */
export interface PageRun {
  readonly page: BenchPage;
  readonly trials: ReadonlyMap<string, readonly PageTrial[]>;
}

export interface JudgedPage {
  readonly page: BenchPage;
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

interface Verdict {
  readonly chars: EditCounts;
  /** Where lines may come in any order. */
  readonly anyOrder: EditCounts;
}

export function judgePages(runs: readonly PageRun[]): JudgedPage[] {
  return runs.map(({ page, trials }) => {
    const verdicts = new Map<string, Verdict>();
    for (const [name, all] of trials) {
      if (all.length === 0) continue;
      const { reference, hypothesis, anyOrder } = judgeItem('ocr', page.item, { text: all[0]!.text }, { system: name });
      const chars = textEdits(reference, hypothesis, 'char');
      verdicts.set(name, { chars, anyOrder: anyOrder ?? chars });
    }
    return { page, verdicts };
  });
}

type Measure = keyof Verdict;

interface Group {
  readonly name: string;
  readonly has: (page: BenchPage) => boolean;
}

/** Collections, then what they have in common. */
export function groupsOf(pages: readonly BenchPage[]): Group[] {
  const distinct = (of: (page: BenchPage) => string) => [...new Set(pages.map(of))].filter(Boolean);
  return [
    ...distinct(({ item }) => item.set).map((set) => ({ name: set, has: ({ item }: BenchPage) => item.set === set })),
    ...distinct(({ kind }) => kind).map((kind) => ({
      name: `all: ${kind}`,
      has: (page: BenchPage) => page.kind === kind,
    })),
    ...distinct(({ item }) => item.language).map((language) => ({
      name: `all: ${language}`,
      has: ({ item }: BenchPage) => item.language === language,
    })),
    { name: 'all: degraded', has: ({ degradation }) => (degradation ?? 0) > 0 },
    { name: 'all', has: () => true },
  ];
}

/** One row per group; where a system skipped pages, its cell says over how many it stands. */
export function errorTable(judged: readonly JudgedPage[], systems: readonly string[], measure: Measure): string {
  const rows = groupsOf(judged.map(({ page }) => page)).flatMap(({ name, has }) => {
    const own = judged.filter(({ page }) => has(page));
    if (own.length === 0) return [];
    const cells = systems.map((system) => {
      const counts = own.flatMap(({ verdicts }) => verdicts.get(system)?.[measure] ?? []);
      if (counts.length === 0) return '-';
      return percent(errorRate(sumCounts(counts))) + (counts.length < own.length ? ` (of ${counts.length})` : '');
    });
    return [[name, own.length, ...cells]];
  });
  const title = measure === 'chars' ? 'CER, %' : 'CER, %, lines in any order';
  return table([title, 'pages', ...systems], rows);
}

/** Points by which `b` differs from `a`, by group, with the interval of a paired bootstrap over documents. */
export function differenceTable(
  judged: readonly JudgedPage[],
  pairs: readonly (readonly [a: string, b: string])[],
  measure: Measure,
  draws: BootstrapOptions,
): string {
  const rows = groupsOf(judged.map(({ page }) => page)).flatMap(({ name, has }) => {
    const cells = pairs.map(([a, b]) => {
      const own = judged.filter(({ page, verdicts }) => has(page) && verdicts.has(a) && verdicts.has(b));
      if (own.length === 0) return '-';
      const side = (system: string) => own.map(({ verdicts }) => verdicts.get(system)![measure]);
      const groups = own.map(({ page }) => page.item.group);
      const { difference, differenceInterval } = pairedBootstrap(side(a), side(b), { ...draws, groups });
      return percentInterval(difference, differenceInterval.low, differenceInterval.high, '', 2);
    });
    return cells.every((cell) => cell === '-') ? [] : [[name, ...cells]];
  });
  const title = measure === 'chars' ? 'points of CER [95%]' : 'points of CER, any order [95%]';
  return table([title, ...pairs.map(([a, b]) => `${b} - ${a}`)], rows);
}

export interface Repairs {
  readonly letters: ReadonlyMap<string, LetterRepairs>;
  /** Pages whose recognizer's right number the language model changed. */
  readonly lost: readonly { readonly id: string; readonly number: string }[];
  readonly rightNumbers: number;
}

/** What `after` made of what `before` read. */
export function repairsOf(runs: readonly PageRun[], before: string, after: string): Repairs {
  const both = runs.flatMap(({ page, trials }) => {
    const [a, b] = [trials.get(before)?.[0], trials.get(after)?.[0]];
    return a && b ? [{ page, ref: page.item.references[0]!, before: a.text, after: b.text }] : [];
  });
  const turkish = both.filter(({ page }) => page.item.language === 'tr');
  return {
    letters: sumRepairs(turkish.map((one) => letterRepairs(one.ref, one.before, one.after))),
    lost: both.flatMap(({ page, ...one }) =>
      lostNumbers(one.ref, one.before, one.after).map((number) => ({ id: page.item.id, number })),
    ),
    rightNumbers: both.reduce((sum, one) => sum + rightNumbers(one.ref, one.before), 0),
  };
}

export function letterTable(letters: Repairs['letters'], before: string): string {
  const rows = [...letters].map(([letter, { total, wrong, repaired, broken }]) => [
    letter,
    total,
    wrong,
    repaired,
    wrong === 0 ? '-' : `${percent(repaired / wrong, 0)}%`,
    broken,
  ]);
  return table(['letter', 'printed', `${before} misread`, 'repaired', 'share', 'new errors'], rows);
}

const cpuOf = ({ cpuSeconds }: PageTrial): number => cpuSeconds;

/** Time as taken in turns, over pages that both read: totals, and the median over pages of the ratio to the reference. */
export function timeTable(runs: readonly PageRun[], systems: readonly string[], reference: string): string {
  const secondsOf = (run: PageRun, name: string) => median(run.trials.get(name)!.map(({ seconds }) => seconds));
  const rows = systems.map((name) => {
    const own = runs.filter(({ trials }) => trials.get(name)!.length > 0 && trials.get(reference)!.length > 0);
    const total = (system: string) => own.reduce((sum, run) => sum + secondsOf(run, system), 0);
    const cpu = (system: string) => own.reduce((sum, { trials }) => sum + median(trials.get(system)!.map(cpuOf)), 0);
    const ratios = own.map((run) => secondsOf(run, name) / secondsOf(run, reference));
    const trials = own.flatMap((run) => run.trials.get(name)!);
    const spent = trials.reduce((sum, { seconds }) => sum + seconds, 0);
    const share = (of: (stages: NonNullable<PageTrial['stages']>) => number) => {
      const ms = trials.reduce((sum, { stages }) => sum + (stages ? of(stages) : 0), 0);
      return isPeer(name) ? '-' : `${percent(ms / 1000 / spent, 0)}%`;
    };
    return [
      name,
      own.length,
      total(name).toFixed(1),
      (total(name) / own.length).toFixed(3),
      (total(name) / total(reference)).toFixed(2),
      own.length === 0 ? '-' : median(ratios).toFixed(2),
      (cpu(name) / cpu(reference)).toFixed(2),
      share(({ decodeMs }) => decodeMs),
      share(({ detectMs }) => detectMs),
      share(({ orientMs }) => orientMs),
      share(({ recognizeMs }) => recognizeMs),
      share(({ searchMs }) => searchMs),
      share(({ llmMs }) => llmMs),
    ];
  });
  const header = ['system', 'pages', 'seconds', 'per page', `total / ${reference}`, 'median ratio', 'CPU ratio'];
  return table([...header, 'decode', 'detect', 'orient', 'recognize', 'search', 'LLM'], rows);
}
