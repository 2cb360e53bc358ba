/** Folders of evaluation data for one test file, made in the system's folder for such things and removed at its end. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { type DataSet, type DataSetOptions, openDataSet } from '../../../../../services/eval/data/data-set.ts';
import type { EvalItem } from '../../../../../services/eval/results.ts';

/** A folder with these files; removed when the tests of the file are over. */
export async function dataFolder(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bytefuse-eval-data-'));
  after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

export async function readAll(
  location: string,
  options: DataSetOptions,
): Promise<{ readonly dataSet: DataSet; readonly items: EvalItem[] }> {
  const dataSet = await openDataSet(location, options);
  const items: EvalItem[] = [];
  for await (const item of dataSet.items()) items.push(item);
  return { dataSet, items };
}
