/** `bytefuse eval TASK`: judges systems on a data set, on the terminal and in a report folder. */
import { join, relative } from 'node:path';
import { Command } from 'commander';
import type { EvalResults, EvalTask, ItemResult } from '../eval/results.ts';
import { EVAL_PARTS } from '../eval/run/compose-eval.ts';
import type { EvalParts } from '../eval/run/eval-request.ts';
import type { EvalProgress } from '../eval/run/eval-run.ts';
import { evaluate } from '../eval/run/evaluate.ts';
import { journalResults } from '../eval/run/journal.ts';
import { FAILURES_SHOWN_MAX } from '../eval/run/limits.ts';
import { jsonText, RUN_FILES } from '../eval/run/run-record.ts';
import { addEvalFlags, defaultReportFolder, type EvalFlags, evalRequestOf } from './eval-flags.ts';
import { failureText, resultText } from './eval-table.ts';
import { formatDuration } from './progress-line.ts';
import { openReporter, type Reporter } from './reporter.ts';

/** The run finished, and some items failed: told apart from a run that failed (docs/cli.md). */
export const ITEMS_FAILED_STATUS = 7;

const TASKS: Readonly<Record<EvalTask, string>> = {
  asr: 'speech recognition: error rates, time, what the language model changes',
  ocr: 'reading pages: character errors, lines found',
  gec: 'text correction: precision, recall and F0.5 by type of error, over-correction',
  darag: 'choosing from a recognizer’s list: first, best possible, and the language model’s choice',
  ner: 'names: how many of those in the reference are written right',
};

export interface EvalCommandOptions {
  readonly signal: AbortSignal;
  readonly setStatus: (status: number) => void;
  /** Tests give toys. */
  readonly parts?: EvalParts;
  readonly out?: (text: string) => void;
  readonly stream?: NodeJS.WriteStream;
}

export function evalCommand(signal: AbortSignal, setStatus: (status: number) => void): Command {
  return evalCommandOver({ signal, setStatus });
}

/** The same over any parts. Actions throw AppError. */
export function evalCommandOver(options: EvalCommandOptions): Command {
  const command = new Command('eval').description('measure quality and speed on a data set (docs/evaluation.md)');
  for (const [task, description] of Object.entries(TASKS) as [EvalTask, string][]) {
    const child = addEvalFlags(new Command(task).description(description), task);
    command.addCommand(child.action((flags: EvalFlags) => runTask(task, flags, options)));
  }
  const compare = new Command('compare')
    .description('what got better or worse from one report folder to another')
    .argument('<a>', 'report folder of the first run')
    .argument('<b>', 'report folder of the second run')
    .option('--report <folder>', 'write a page there as well')
    .action((a: string, b: string, { report }: { report?: string }) => runCompare(a, b, report, options));
  return command.addCommand(compare);
}

async function runCompare(
  a: string,
  b: string,
  report: string | undefined,
  options: EvalCommandOptions,
): Promise<void> {
  const { parts = EVAL_PARTS, out = (text) => process.stdout.write(text), stream = process.stderr } = options;
  const { text, reportPath } = await parts.compareRuns(a, b, report);
  out(text);
  if (reportPath !== null) stream.write(`Page: ${shown(reportPath)}\n`);
}

async function runTask(task: EvalTask, flags: EvalFlags, options: EvalCommandOptions): Promise<void> {
  const { signal, setStatus, parts = EVAL_PARTS, out = (text) => process.stdout.write(text) } = options;
  const { quiet = false, verbose = false } = flags;
  const reporter = openReporter({ quiet, verbose, stream: options.stream ?? process.stderr });
  const folder = flags.report ?? defaultReportFolder(task, new Date());
  const request = evalRequestOf(task, flags, { folder, args: process.argv.slice(2) });
  const engine = {
    ...request.engine,
    open: {
      ...request.engine.open,
      onModelProgress: reporter.model,
      onNotice: reporter.notice,
    },
  };
  let begun = false;
  try {
    const calls = {
      signal,
      onProgress: (progress: EvalProgress) => {
        begun = true;
        show(reporter, progress);
      },
      onNotice: (text: string) => reporter.notice('eval', text),
    };
    const { results, reportPath } = await evaluate({ ...request, engine }, parts, calls);
    reporter.clear();
    const failed = results.systems.reduce((sum, system) => sum + system.failed, 0);
    if (failed > 0) setStatus(ITEMS_FAILED_STATUS);
    out(flags.json ? jsonText(results) : await textOf(results, folder, { failed, verbose }));
    reporter.summary(`Report folder: ${shown(folder)}; page: ${shown(reportPath)}`);
  } catch (error) {
    if (begun) reporter.summary(`What was done is kept. Go on with the same command and --report ${shown(folder)}`);
    throw error;
  } finally {
    reporter.clear();
  }
}

async function textOf(
  results: EvalResults,
  folder: string,
  { failed, verbose }: { readonly failed: number; readonly verbose: boolean },
): Promise<string> {
  const text = resultText(results, { all: verbose });
  if (failed === 0) return text;
  const failures: ItemResult[] = [];
  for await (const result of journalResults(join(folder, RUN_FILES.items))) {
    if (result.error) failures.push(result);
    if (failures.length === FAILURES_SHOWN_MAX) break;
  }
  return `${text}\n${failureText(failures, failed)}`;
}

function show(reporter: Reporter, { phase, name, done, total, leftMs }: EvalProgress): void {
  const left = leftMs === null ? '' : `, ${formatDuration(leftMs / 1000)} left`;
  const text =
    phase === 'loading'
      ? `loading ${name}`
      : phase === 'summarizing'
        ? 'summarizing'
        : `${done} of ${total} results${left} (${name})`;
  reporter.work({
    key: phase === 'running' ? 'eval' : `${phase} ${name}`,
    text,
    fraction: total > 0 ? done / total : null,
    announce: true,
  });
}

/** Relative where that is shorter: paths are read, and pasted. */
function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near !== '' && !near.startsWith('..') && near.length < path.length ? near : path;
}
