import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectFiles } from '../support/project-files.ts';
import { assertTidy } from './rules/finding.ts';
import { leftoverFindings } from './rules/leftovers.ts';

test('leftovers are found', () => {
  const found = (path: string, text: string) => leftoverFindings({ path, text }).length;
  // Written in parts: this file is searched as well.
  assert.equal(found('README.md', `see https://${['pypi', 'org'].join('.')}/simple`), 1);
  assert.equal(found('docs/a.md', `in ${['', 'home', 'ann', 'x'].join('/')}`), 1);
  assert.equal(found('docs/a.md', 'https://example.org/work/x and models/work/x'), 0);
  assert.equal(found('models/a.ts', `${'console'}.log(1)`), 1);
  assert.equal(found('services/cli/a.ts', 'process.stdout.write(x)'), 0);
  assert.equal(found('test/a.test.ts', `test${'.only'}('x')`), 1);
  assert.equal(found('models/a.ts', 'const a = 1 as unknown'), 0);
  assert.equal(found('models/a.ts', `const a: ${'any'} = 1`), 1);
});

test('no debugging, no registry hosts, no paths of one machine, no silenced checks', () => {
  const skipped = new Set(['package-lock.json', 'test/tidy/rules/leftovers.ts', 'test/tidy/leftovers.test.ts']);
  const files = projectFiles('.ts', '.mjs', '.md', '.json', '.py', '.txt', '.yml', 'run').filter(
    ({ path }) => !skipped.has(path),
  );
  assertTidy(files.flatMap(leftoverFindings));
});
