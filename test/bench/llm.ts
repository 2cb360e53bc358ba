import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importLlm } from '../../models/convert/llm-import.ts';
import type { ScorerNode } from '../../models/core/token-scorer.ts';
import { LlmScorer } from '../../models/llm/llm-scorer.ts';
import { gemmaGguf, NO_LLM } from '../support/llm-weights.ts';
import type { BenchOptions } from './bench-options.ts';
import type { BenchResult } from './main.ts';

/** Text files of the development data, by language; in the folder `text` beside the audio. */
export const TEXT_FILES: Readonly<Record<string, string>> = {
  'zh-Hans': 'zh-Hans/ud-gsdsimp.txt',
  'zh-Hant': 'zh-Hant/ud-gsd.txt',
  tr: 'tr/ud-pud.txt',
  en: 'en/ud-ewt.txt',
};
const SIZES: readonly ('full' | number)[] = ['full', 131_072, 98_304, 81_920, 65_536, 49_152];
const ROW_COUNTS = [1, 5, 10] as const;
const LINE_CHARS_MIN = 20;

export interface LlmBenchRow {
  readonly vocab: 'full' | number;
  readonly rows: number;
  readonly megabytes: number;
  readonly convertMs: number;
  readonly openMs: number;
  /** Median milliseconds of a call by new nodes, each with its logits, over 64 cached ones. */
  readonly callMs: Readonly<Record<string, number>>;
  readonly bitsPerByte: Readonly<Record<string, number>>;
}

/**
 * Size, speed and bits per byte of trimmed vocabularies against the full one. `--sizes full,65536` chooses the sizes,
 * `--limit` the lines of each language.
 */
export async function run(options: BenchOptions): Promise<BenchResult> {
  const sizes = options.flags
    .get('sizes')
    ?.split(',')
    .map((size) => (size === 'full' ? ('full' as const) : Number(size)));
  const textDir = join(options.data, '..', 'text');
  const rows = await benchLlm({ sizes: sizes ?? SIZES, lines: options.limit ?? 40, threads: options.threads, textDir });
  return { tables: [formatTable(rows)], results: { rows } };
}

export interface LlmBenchArgs {
  readonly sizes: readonly ('full' | number)[];
  /** Lines of each language. */
  readonly lines: number;
  readonly threads: number;
  /** Folder with TEXT_FILES; languages whose file is absent are left out. */
  readonly textDir: string;
}

export async function benchLlm(args: LlmBenchArgs): Promise<LlmBenchRow[]> {
  const gguf = await gemmaGguf();
  if (gguf === null) throw new Error(NO_LLM);
  const rows: LlmBenchRow[] = [];
  for (const vocab of args.sizes) {
    const dir = await mkdtemp(join(tmpdir(), 'bytefuse-bench-'));
    try {
      const row = await benchVocab(gguf, dir, vocab, args);
      rows.push(row);
      process.stderr.write(`${JSON.stringify(row)}\n`);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }
  return rows;
}

function formatTable(rows: readonly LlmBenchRow[]): string {
  const languages = Object.keys(TEXT_FILES);
  const lines = rows.map((row) =>
    [
      row.vocab,
      row.rows,
      row.megabytes,
      row.openMs,
      ...ROW_COUNTS.map((count) => row.callMs[count]),
      ...languages.map((language) => row.bitsPerByte[language] ?? '-'),
    ].join(' | '),
  );
  const head = ['vocabulary', 'rows', 'MB', 'open ms', ...ROW_COUNTS.map((count) => `ms, ${count} rows`), ...languages];
  return [`| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`, ...lines.map((line) => `| ${line} |`)].join(
    '\n',
  );
}

async function benchVocab(
  gguf: string,
  dir: string,
  vocab: 'full' | number,
  { lines, textDir, threads }: LlmBenchArgs,
): Promise<LlmBenchRow> {
  let startMs = performance.now();
  const info = await importLlm(gguf, dir, { vocab });
  const convertMs = performance.now() - startMs;
  startMs = performance.now();
  const scorer = await LlmScorer.open(dir, { threads });
  const openMs = performance.now() - startMs;
  const callMs = await callTimes(scorer);
  const bitsPerByte: Record<string, number> = {};
  for (const [language, file] of Object.entries(TEXT_FILES)) {
    const path = join(textDir, file);
    if (existsSync(path)) bitsPerByte[language] = round(await measureBits(scorer, sampleLines(path, lines)), 4);
  }
  await scorer.dispose();
  const bytes = ['step.onnx', 'step.onnx.data', 'vocab.bin'].reduce(
    (sum, name) => sum + statSync(join(dir, name)).size,
    0,
  );
  const megabytes = Math.round(bytes / 1e6);
  return {
    vocab,
    rows: info.vocab.textRows,
    megabytes,
    convertMs: Math.round(convertMs),
    openMs: Math.round(openMs),
    callMs,
    bitsPerByte,
  };
}

async function callTimes(scorer: LlmScorer): Promise<Record<string, number>> {
  const trunk: ScorerNode[] = [scorer.child(null, scorer.vocab.bos)];
  for (let i = 1; i < 64; i++) trunk.push(scorer.child(trunk[i - 1]!, 500 + i * 7));
  const last = trunk[trunk.length - 1]!;
  await scorer.evaluate([last]);
  const out: Record<string, number> = {};
  for (const count of ROW_COUNTS) {
    const times: number[] = [];
    for (let run = 0; run < 15; run++) {
      const nodes = Array.from({ length: count }, (_, i) => scorer.child(last, 1000 + i * 31 + run));
      const startMs = performance.now();
      await scorer.evaluate(nodes);
      times.push(performance.now() - startMs);
      scorer.release(nodes);
    }
    // The first runs warm up.
    out[count] = round(median(times.slice(3)), 1);
  }
  scorer.release(trunk.reverse());
  return out;
}

/** Bits per byte of lines, each by itself after the beginning of text, with the scorer's own tokenization. */
export async function measureBits(scorer: LlmScorer, lines: readonly string[]): Promise<number> {
  let nats = 0;
  let bytes = 0;
  for (const line of lines) {
    const text = new TextEncoder().encode(line);
    const rows = scorer.vocab.encode(text);
    const nodes: ScorerNode[] = [scorer.child(null, scorer.vocab.bos)];
    for (const row of rows) nodes.push(scorer.child(nodes[nodes.length - 1]!, row));
    const distributions = await scorer.evaluate(nodes.slice(0, -1));
    for (const [i, row] of rows.entries()) nats -= distributions[i]!.logProb(row);
    bytes += text.length;
    scorer.release(nodes.reverse());
  }
  return nats / Math.LN2 / bytes;
}

/** Lines evenly spread over a file, none very short. */
export function sampleLines(path: string, count: number): string[] {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.length >= LINE_CHARS_MIN);
  const step = Math.max(1, Math.floor(lines.length / count));
  return lines.filter((_, i) => i % step === 0).slice(0, count);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
