/**
 * The Python of a peer: a virtual environment in the cache folder, made at first use, or an interpreter that the user
 * names because it has the package already.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../../../models/core/app-error.ts';
import { cacheHome } from '../../../models/manifest/cache-home.ts';
import { note } from '../bench-report.ts';

export interface PeerPackage {
  readonly name: string;
  readonly version: string;
  /** Further packages that it leaves to its user. */
  readonly needs?: readonly string[];
  /** As Python imports it. */
  readonly module: string;
  /** Environment variable that names an interpreter. */
  readonly variable: string;
}

/** Throws AppError `python_missing`, `source_unavailable` (pip failed). */
export async function peerPython({ name, version, needs = [], module, variable }: PeerPackage): Promise<string> {
  const given = process.env[variable];
  if (given) return given;
  const folder = join(cacheHome(), 'bench', `${name}-${version}`);
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const run = promisify(execFile);
  const works = () =>
    run(python, ['-c', `import ${module}`]).then(
      () => true,
      () => false,
    );
  if (existsSync(python) && (await works())) return python;
  note(`Installing ${name} ${version} into ${folder}; this happens once.`);
  await mkdir(folder, { recursive: true });
  const base = process.platform === 'win32' ? 'python' : 'python3';
  await run(base, ['-m', 'venv', folder]).catch((cause: unknown) => {
    throw new AppError('python_missing', `${base} -m venv failed: the peer needs Python 3.9 or later`, { cause });
  });
  const packages = [`${name}==${version}`, ...needs];
  await run(python, ['-m', 'pip', 'install', '--quiet', ...packages], { maxBuffer: 2 ** 24 }).catch(
    (cause: unknown) => {
      throw new AppError('source_unavailable', `pip could not install ${packages.join(' ')}`, { cause });
    },
  );
  return python;
}
