/** What surrounds a measurement: the machine, the versions, the commit; and tables for people. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quotaCores } from '../../models/session/thread-budget.ts';
import { padToWidth, textWidth } from '../../services/output/text-width.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface Surroundings {
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly quotaCores: number | null;
    readonly memoryGiB: number;
    readonly system: string;
    /** Load average of the last minute when the bench began: above the thread count, timings are not to be trusted. */
    readonly loadBefore: number;
  };
  readonly versions: Readonly<Record<string, string>>;
  readonly commit: string;
  readonly startedAt: string;
  readonly command: string;
}

export function surroundings(): Surroundings {
  const require = createRequire(`${ROOT}package.json`);
  const version = (name: string): string => {
    try {
      return (require(`${name}/package.json`) as { version: string }).version;
    } catch {
      return 'unknown';
    }
  };
  return {
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      quotaCores: quotaCores() ?? null,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      system: `${platform()} ${release()}`,
      loadBefore: loadavg()[0]!,
    },
    versions: { node: process.version, 'onnxruntime-node': version('onnxruntime-node'), bytefuse: version('.') },
    commit: gitCommit(),
    startedAt: new Date().toISOString(),
    command: `npm run bench -- ${process.argv.slice(2).join(' ')}`,
  };
}

/** Short commit, with a plus where the tree has changes. */
function gitCommit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    return git('rev-parse', '--short', 'HEAD').trim() + (git('status', '--porcelain').trim() === '' ? '' : '+');
  } catch {
    // Not a checkout: an installed package has no commit.
    return 'unknown';
  }
}

/** Writes through a temporary name, so that an interrupted bench leaves no half file. */
export function writeJson(path: string, value: unknown): void {
  const target = resolve(path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(`${target}.part`, `${JSON.stringify(value, null, 1)}\n`);
  renameSync(`${target}.part`, target);
}

/** A table in Markdown, so that it can be pasted into docs/benchmarks.md as it is. */
export function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [header, ...rows].map((row) => row.map(String));
  const widths = header.map((_, i) => Math.max(3, ...cells.map((row) => textWidth(row[i] ?? ''))));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => padToWidth(cell, widths[i]!)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)].join('\n');
}

export const percent = (share: number, digits = 2): string => (100 * share).toFixed(digits);

/** `-25.1% [-33.0, -16.4]` */
export function percentInterval(value: number, low: number, high: number, unit = '', digits = 1): string {
  return `${percent(value, digits)}${unit} [${percent(low, digits)}, ${percent(high, digits)}]`;
}

/** Progress goes to the error stream: the output stream holds the tables alone. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
