/** Report folders as an evaluation leaves them behind, with items of a few words. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { textEdits } from '../../services/eval/error-rate.ts';
import type { EvalResults, ItemResult } from '../../services/eval/results.ts';

/** An item with the counts that its texts have, by words. */
export function toyItem(fields: Partial<ItemResult> & { readonly id: string }): ItemResult {
  const reference = fields.reference ?? 'one two three four';
  const hypothesis = fields.hypothesis ?? reference;
  return {
    system: 'r=0',
    language: 'en',
    set: 'toys',
    group: fields.id,
    reference,
    hypothesis,
    rawHypothesis: hypothesis,
    rates: { WER: textEdits(reference, hypothesis, 'word') },
    ...fields,
  };
}

export function toyResults(fields: Partial<EvalResults> = {}, systems: readonly string[] = ['r=0']): EvalResults {
  return {
    format: 'bytefuse-eval',
    version: 1,
    task: 'asr',
    command: ['bytefuse', 'eval', 'asr', '--data', 'a b'],
    startedAt: '2026-01-02T03:04:05.000Z',
    finishedAt: '2026-01-02T03:05:05.000Z',
    commit: '0123abc',
    machine: { cpu: 'toy', cores: 2, memoryBytes: 2 ** 33, node: 'v20.9.0' },
    models: [{ name: 'toy-whisper', role: 'recognizer', sha256: 'ab'.repeat(32) }],
    settings: { script: 'hans', numerals: 'arabic' },
    data: { location: 'toys', form: 'manifest', items: 1 },
    systems: systems.map((name) => ({ name, settings: {}, metrics: [], failed: 0 })),
    comparisons: [],
    itemsFile: 'items.jsonl',
    ...fields,
  };
}

/** A folder that goes away with the test. `items`: values, or lines as they are. */
export async function evaluationFolder(
  t: TestContext,
  results: unknown,
  items: readonly (ItemResult | string)[],
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bytefuse-report-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'results.json'), typeof results === 'string' ? results : JSON.stringify(results));
  const lines = items.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));
  await writeFile(join(folder, 'items.jsonl'), lines.map((line) => `${line}\n`).join(''));
  return folder;
}
