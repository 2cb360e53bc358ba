/**
 * The project's own figures: runs `bytefuse eval` over the development data, each task with its ablation, and writes
 * docs/quality.md from what the runs leave behind. Interrupted, it goes on; finished runs are not done again.
 *
 *   npm run bench -- quality [--data FOLDER] [--limit N] [--reports FOLDER] [--only asr,gec]
 *
 * --limit makes a quick look, which is printed and not written. --render takes report folders as they are, whichever
 * commit made them, and says so on the page.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../models/core/app-error.ts';
import { formatDifference, formatInterval, formatMetric } from '../../services/eval/report/metric-format.ts';
import type { Comparison, EvalResults, MetricRow } from '../../services/eval/results.ts';
import type { BenchOptions } from './bench-options.ts';
import { note, table } from './bench-report.ts';
import type { BenchResult } from './main.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGE = join(ROOT, 'docs', 'quality.md');

/** One run: a task, its data, its systems, and which metrics the page shows of it. */
interface Run {
  readonly name: string;
  readonly title: string;
  readonly args: readonly string[];
  readonly metrics: readonly string[];
  readonly remark: string;
}

const RUNS: readonly Run[] = [
  {
    name: 'asr',
    title: 'Speech',
    args: ['asr', '--data', 'audio', '--ablate', 'r=0,default'],
    metrics: ['CER', 'WER', 'number recall', 'calibration error', 'RTF'],
    remark: '`r=0` is the recognizer alone, `default` the product: fusion with the preset of the language.',
  },
  {
    name: 'ocr',
    title: 'Documents',
    args: ['ocr', '--data', 'ocr', '--ablate', 'mode=alone,default'],
    metrics: ['CER', 'CER any order', 'word accuracy', 'number recall', 'letter recall'],
    remark:
      '`mode=alone` is the recognizer alone, `default` the product. PDFs are rendered and recognized; their own text is the reference.',
  },
  {
    name: 'gec',
    title: 'Corrections',
    args: ['gec', '--data', 'gec'],
    metrics: ['F0.5', 'precision', 'recall', 'over-correction'],
    remark: '`source` is the input unchanged: the floor, until a corrector of ours is there to be measured.',
  },
];

export async function run(options: BenchOptions): Promise<BenchResult> {
  const data = resolve(options.flags.get('data-root') ?? join(options.data, '..'));
  const reports = resolve(options.flags.get('reports') ?? join(ROOT, 'reports', 'quality'));
  const only = options.flags.get('only')?.split(',');
  const chosen = RUNS.filter(({ name }) => only === undefined || only.includes(name));
  if (chosen.length === 0)
    throw new AppError('usage', `--only names none of ${RUNS.map(({ name }) => name).join(', ')}.`);
  const limit = options.limit === undefined ? [] : ['--limit', String(options.limit)];
  const sections: string[] = [];
  const results: Record<string, EvalResults> = {};
  for (const one of chosen) {
    const folder = join(reports, options.limit === undefined ? one.name : `${one.name}-${options.limit}`);
    const args = one.args.map((arg, i) => (one.args[i - 1] === '--data' ? join(data, arg) : arg));
    if (!options.flags.has('render')) await evaluate([...args, ...limit, '--report', folder]);
    const file = join(folder, 'results.json');
    if (!existsSync(file)) {
      note(`There are no results in ${folder}: the page goes without.`);
      continue;
    }
    const found = JSON.parse(readFileSync(file, 'utf8')) as EvalResults;
    results[one.name] = found;
    sections.push(section(one, found, limit));
  }
  const complete = chosen.length === RUNS.length && options.limit === undefined;
  if (complete) writePage(sections);
  else note('docs/quality.md is written by a whole run alone.');
  return { tables: sections, results };
}

/** The command as a user runs it, in a process of its own; its progress is shown. */
function evaluate(args: readonly string[]): Promise<void> {
  note(`bytefuse eval ${args.join(' ')}`);
  const child = spawn(process.execPath, [join(ROOT, 'services', 'cli', 'bytefuse.mjs'), 'eval', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise((done, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      // 7: some items failed; they are counted, and the page says how many.
      if (code === 0 || code === 7) done();
      else reject(new AppError('internal', `bytefuse eval ${args[0]} ended with ${code}.`));
    });
  });
}

function section({ title, metrics, remark, args }: Run, results: EvalResults, limit: readonly string[]): string {
  const { systems, comparisons, machine, commit, data, models } = results;
  const shown = (row: MetricRow) => metrics.includes(row.metric) && row.value !== null && isSlice(row.slice);
  const slices = [...new Set(systems.flatMap((system) => system.metrics.filter(shown).map(({ slice }) => slice)))];
  const used = metrics.filter((name) =>
    systems.some((system) => system.metrics.some((row) => shown(row) && row.metric === name)),
  );
  const rows = slices.sort(order).flatMap((slice) =>
    systems.map((system) => {
      const rowOf = (metric: string) => system.metrics.find((row) => row.slice === slice && row.metric === metric);
      const cells = used.map((metric) => {
        const row = rowOf(metric);
        return row === undefined || row.value === null
          ? ''
          : `${formatMetric(metric, row.value)} ${formatInterval(metric, row.low, row.high)}`.trim();
      });
      const items = Math.max(...used.map((metric) => rowOf(metric)?.items ?? 0));
      return [slice === '' ? 'all' : slice.replace('=', ' '), system.name, ...cells, items];
    }),
  );
  const failed = systems
    .map(({ failed: count, name }) => (count > 0 ? `${count} items failed for ${name}.` : ''))
    .join(' ')
    .trim();
  const facts = `${data.items} items; ${machine.cpu}, ${machine.cores} cores; Node ${machine.node}; commit ${commit ?? 'unknown'}; ${results.finishedAt.slice(0, 10)}.`;
  const hashes = models.map(({ role, name, sha256 }) => `${role} ${name} (${sha256.slice(0, 12)})`).join(', ');
  return [
    `## ${title}`,
    `\`\`\`sh\nbytefuse eval ${[...args, ...limit].join(' ')}\n\`\`\``,
    `${remark} ${facts}${hashes === '' ? '' : ` Models: ${hashes}.`}${failed === '' ? '' : ` ${failed}`}`,
    table(['of', 'system', ...used, 'items'], rows),
    ...(comparisons.length > 0 ? [comparisons.map(comparisonLine).join('\n')] : []),
  ].join('\n\n');
}

const isSlice = (slice: string) => slice === '' || /^(lang|set)=/.test(slice);

/** The whole, then languages, then sets. */
function order(a: string, b: string): number {
  const rank = (slice: string) => (slice === '' ? '' : slice.startsWith('lang') ? `1${slice}` : `2${slice}`);
  return rank(a) < rank(b) ? -1 : 1;
}

function comparisonLine({
  a,
  b,
  metric,
  slice,
  difference,
  differenceInterval,
  relative,
  betterShare,
}: Comparison): string {
  const where = slice === '' ? '' : ` (${slice.replace('=', ' ')})`;
  const interval = formatInterval(metric, differenceInterval.low, differenceInterval.high);
  return (
    `- ${b} less ${a}, ${metric}${where}: ${formatDifference(metric, difference)} ${interval}, ` +
    `${formatDifference('share', relative)}% relative; better in ${(100 * betterShare).toFixed(0)}% of draws.`
  );
}

function writePage(sections: readonly string[]): void {
  const text = `# Quality

What the system does on the development data, each part with its ablation. Written by one command, which anybody with the
data can run again; what each metric means stands in [metrics.md](metrics.md), how a run works in [evaluation.md](evaluation.md).

\`\`\`sh
npm run bench -- quality
\`\`\`

Intervals are 95% bootstrap intervals over speakers, recordings or documents; where there is one group only, there is none.
The Chinese speech is mostly one speaker, and settings were chosen on these data: expect less on yours. Times (RTF) of the page
below were taken while the machine did other work as well; docs/benchmarks.md has those of a quiet one.

${sections.join('\n\n')}
`;
  writeFileSync(`${PAGE}.part`, text);
  renameSync(`${PAGE}.part`, PAGE);
  note(`Wrote ${PAGE}`);
}
