import { spawnSync } from 'node:child_process';

/** BYTEFUSE_TEST_PYTHON, else python3, where it has the modules; null where it does not. */
export function pythonWith(...modules: readonly string[]): string | null {
  const named = process.env['BYTEFUSE_TEST_PYTHON'] || 'python3';
  const found = spawnSync(named, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' });
  return found.status === 0 ? named : null;
}
