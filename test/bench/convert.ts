/** Time and peak of memory of the importers, each conversion in a process of its own, against the size of its source. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AppError } from '../../models/core/app-error.ts';
import { isPinned } from '../../models/manifest/artefact.ts';
import { openModelRoom } from '../../models/manifest/model-room.ts';
import type { BenchOptions } from './bench-options.ts';
import { note, table } from './bench-report.ts';
import type { ConvertJob, ConvertReport } from './convert-subject.ts';
import type { BenchResult } from './main.ts';

const SUBJECT = fileURLToPath(new URL('./convert-subject.js', import.meta.url));
const ROUNDS = 3;

interface ConvertRow extends ConvertReport {
  readonly name: string;
  readonly sourceBytes: number;
  readonly outputBytes: number;
  /** Peak of memory as a multiple of the source's size; the bound is 3. */
  readonly peakPerSource: number;
}

/** Times are medians over `--rounds` (3). Errors: model_missing where neither model is in the cache. */
export async function run(options: BenchOptions): Promise<BenchResult> {
  const rounds = Math.max(1, Number(options.flags.get('rounds') ?? ROUNDS));
  const rows: ConvertRow[] = [];
  for (const [name, sourceBytes, job] of await jobs()) {
    note(`convert: ${name}`);
    const reports: ConvertReport[] = [];
    let outputBytes = 0;
    for (let round = 0; round < rounds; round++) {
      const outDir = mkdtempSync(join(tmpdir(), 'bytefuse-convert-'));
      try {
        const { stdout } = await promisify(execFile)(process.execPath, [SUBJECT, JSON.stringify({ ...job, outDir })]);
        reports.push(JSON.parse(stdout) as ConvertReport);
        outputBytes = readdirSync(outDir).reduce((sum, file) => sum + statSync(join(outDir, file)).size, 0);
      } finally {
        rmSync(outDir, { recursive: true, force: true });
      }
    }
    reports.sort((a, b) => a.seconds - b.seconds);
    const peakRssBytes = Math.max(...reports.map((report) => report.peakRssBytes));
    const median = reports[Math.floor(reports.length / 2)]!;
    rows.push({ name, ...median, peakRssBytes, sourceBytes, outputBytes, peakPerSource: peakRssBytes / sourceBytes });
  }
  if (rows.length === 0) throw new AppError('model_missing', 'No model is in the cache that could be converted');
  const mb = (bytes: number): string => (bytes / 1e6).toFixed(0);
  const header = ['conversion', 'source MB', 'output MB', 'seconds', 'peak MB', 'peak / source'];
  const cells = rows.map((row) => [
    row.name,
    mb(row.sourceBytes),
    mb(row.outputBytes),
    row.seconds.toFixed(1),
    mb(row.peakRssBytes),
    row.peakPerSource.toFixed(2),
  ]);
  return { tables: [table(header, cells)], results: { rounds, rows } };
}

async function jobs(): Promise<[string, number, Omit<ConvertJob, 'outDir'>][]> {
  const room = openModelRoom();
  const found: [string, number, Omit<ConvertJob, 'outDir'>][] = [];
  const whisper = await room.find('whisper-base');
  const [model, config, tokenizer] = ['model.bin', 'config.json', 'tokenizer.json'].map((path) =>
    isPinned(whisper) ? whisper.files.find((file) => file.path === path) : undefined,
  );
  if (model && config && tokenizer && (await room.store.hasBlob(model))) {
    const path = (file: { sha256: string }): string => room.store.blobPath(file.sha256);
    const source = { modelBin: path(model), config: path(config), tokenizer: path(tokenizer) };
    for (const [encoder, decoder] of [
      ['f32', 'q8'],
      ['f32', 'f32'],
      ['q8', 'q8'],
    ] as const) {
      const job = { sourceSha256: model.sha256, whisper: { ...source, encoder, decoder } };
      found.push([`whisper-base, encoder ${encoder}, decoder ${decoder}`, model.sizeBytes, job]);
    }
  }
  const llm = await room.find('gemma-3-270m');
  const gguf = isPinned(llm) ? llm.files[0] : undefined;
  if (gguf && (await room.store.hasBlob(gguf))) {
    for (const vocab of [65_536, 'full'] as const) {
      const job = { sourceSha256: gguf.sha256, llm: { path: room.store.blobPath(gguf.sha256), vocab } };
      found.push([`gemma-3-270m, vocabulary ${vocab}`, gguf.sizeBytes, job]);
    }
  }
  return found;
}
