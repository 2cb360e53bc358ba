/** Where a result was made: the machine, the commit, the models. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ArtefactFile } from '../../../models/manifest/artefact.ts';
import type { EvalResults } from '../results.ts';

export function machineFacts(): EvalResults['machine'] {
  return {
    cpu: cpus()[0]?.model.trim() || 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    node: process.version,
  };
}

/** Short commit of the checkout that runs, with a plus where its tree was changed; null for an installed package. */
export async function projectCommit(): Promise<string | null> {
  // This file lies in dist/services/eval/run.
  const cwd = fileURLToPath(new URL('../../../../', import.meta.url));
  const git = async (...args: string[]) => (await promisify(execFile)('git', args, { cwd })).stdout.trim();
  try {
    // Installed below somebody else's checkout, that commit would say nothing of us.
    if ((await git('ls-files', '--error-unmatch', 'package.json')) !== 'package.json') return null;
    const commit = await git('rev-parse', '--short=12', 'HEAD');
    return (await git('status', '--porcelain')) === '' ? commit : `${commit}+`;
  } catch {
    // No git, or no checkout.
    return null;
  }
}

/**
 * One hash for the source files of a model: a single file's own, else the SHA-256 of what `sha256sum` prints for the
 * files in the order of their names (so `sha256sum config.json model.bin ... | sha256sum` repeats it).
 */
export function modelHash(files: readonly ArtefactFile[]): string {
  if (files.length === 1) return files[0]!.sha256;
  const lines = [...files].sort((a, b) => (a.path < b.path ? -1 : 1)).map(({ path, sha256 }) => `${sha256}  ${path}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}
