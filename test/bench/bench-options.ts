import { parseArgs } from 'node:util';
import { AppError } from '../../models/core/app-error.ts';

/** Options that all benches share; a bench reads the rest from `flags`. */
export interface BenchOptions {
  /** Folder with manifest.jsonl. */
  readonly data: string;
  /** Clips per language. */
  readonly limit: number | undefined;
  readonly sets: readonly string[] | undefined;
  readonly languages: readonly string[] | undefined;
  readonly threads: number;
  readonly seed: number;
  /** Where the result goes as JSON; undefined prints tables alone. */
  readonly json: string | undefined;
  /** Converted model folders; undefined takes the models room's. */
  readonly whisper: string | undefined;
  readonly llm: string | undefined;
  /** The language model with its whole vocabulary, for the reference-like mode; undefined takes `llm`. */
  readonly llmFull: string | undefined;
  /** CTranslate2 folder for the peer; undefined takes the models room's files. */
  readonly ct2: string | undefined;
  /** Everything else, as `--name value` or `--name`. */
  readonly flags: ReadonlyMap<string, string>;
}

const TEXT = { type: 'string' } as const;
const SHARED = {
  data: TEXT,
  limit: TEXT,
  set: TEXT,
  lang: TEXT,
  threads: TEXT,
  seed: TEXT,
  json: TEXT,
  whisper: TEXT,
  llm: TEXT,
  'llm-full': TEXT,
  ct2: TEXT,
} as const;
const OWN = [
  'r',
  'preset',
  'systems',
  'prompt',
  'rounds',
  'cache',
  'folds',
  'units',
  'bonus',
  'sizes',
  'streams',
  'hypotheses',
  'data-root',
  'reports',
  'only',
  'draw',
  'clock',
  'policy',
  'interval',
  'light',
  'kind',
  'minutes',
];
const SWITCHES = ['render', 'no-fusion', 'no-peer', 'no-startup', 'previous-text', 'exact', 'degraded'];

/** `data`: the folder where none is named. Throws AppError `usage` for an option that no bench knows, or a number that is none. */
export function benchOptions(args: readonly string[], { data = '../shared/data/audio' } = {}): BenchOptions {
  const options: Record<string, { type: 'string' } | { type: 'boolean' }> = { ...SHARED };
  for (const name of OWN) options[name] = TEXT;
  for (const name of SWITCHES) options[name] = { type: 'boolean' };
  let values: Record<string, string | boolean | (string | boolean)[] | undefined>;
  try {
    values = parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (cause) {
    throw new AppError('usage', cause instanceof Error ? cause.message : String(cause), { cause });
  }
  const text = (name: string): string | undefined => (typeof values[name] === 'string' ? values[name] : undefined);
  const count = (name: string, fallback: number | undefined): number | undefined => {
    const given = text(name);
    if (given === undefined) return fallback;
    const value = Number(given);
    if (!Number.isInteger(value) || value < 0) throw new AppError('usage', `--${name} ${given} is not a whole number`);
    return value;
  };
  const list = (name: string) => text(name)?.split(',').filter(Boolean);
  const flags = new Map<string, string>();
  for (const name of OWN) if (text(name) !== undefined) flags.set(name, text(name)!);
  for (const name of SWITCHES) if (values[name] === true) flags.set(name, 'true');
  return {
    data: text('data') ?? process.env['BYTEFUSE_BENCH_DATA'] ?? data,
    limit: count('limit', undefined),
    sets: list('set'),
    languages: list('lang'),
    threads: count('threads', 2)!,
    seed: count('seed', 1)!,
    json: text('json'),
    whisper: text('whisper') ?? process.env['BYTEFUSE_BENCH_WHISPER'],
    llm: text('llm') ?? process.env['BYTEFUSE_BENCH_LLM'],
    llmFull: text('llm-full') ?? process.env['BYTEFUSE_BENCH_LLM_FULL'],
    ct2: text('ct2') ?? process.env['BYTEFUSE_BENCH_CT2'],
    flags,
  };
}

/** `--r 0,0.1,0.2` as numbers in 0..1. */
export function weightList(options: BenchOptions, fallback: readonly number[]): number[] {
  const given = options.flags.get('r');
  if (given === undefined) return [...fallback];
  return given.split(',').map((part) => {
    const value = Number(part);
    if (!(value >= 0 && value <= 1)) throw new AppError('usage', `--r ${part} is not between 0 and 1`);
    return value;
  });
}
