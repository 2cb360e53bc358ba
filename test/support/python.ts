import { spawnSync } from 'node:child_process';

/**
 * BYTEFUSE_TEST_PYTHON, whatever it has: who names one (.ci/run) wants these tests to run, and what it lacks fails them. Else python3,
 * where it has the modules; null where it does not.
 */
export function pythonWith(...modules: readonly string[]): string | null {
  const named = process.env['BYTEFUSE_TEST_PYTHON'];
  if (named) return named;
  const found = spawnSync('python3', ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' });
  return found.status === 0 ? 'python3' : null;
}
