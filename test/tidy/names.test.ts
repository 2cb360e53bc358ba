import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exists, projectFiles, projectPaths } from '../support/project-files.ts';
import { assertTidy } from './rules/finding.ts';
import { mentionFindings, readmeFindings } from './rules/folder-readmes.ts';
import { lengthFindings, nameFindings } from './rules/names.ts';

/** Whisper's whole decoder has 826 lines; what is longer than this here holds several ideas. */
const LINES_MAX = 500;

const rooms = /^(models|fusion|services|fixtures|test)\//;

test('drawers and names that are not kebab-case are found', () => {
  assert.equal(nameFindings('models/utils/x.ts').length, 1);
  assert.equal(nameFindings('models/core/helpers.ts').length, 1);
  assert.equal(nameFindings('models/core/logProb.ts').length, 1);
  assert.deepEqual(nameFindings('models/core/log-prob.test.ts'), []);
});

test('files are named after what is in them', () => {
  assertTidy(
    projectPaths()
      .filter((path) => rooms.test(path))
      .flatMap(nameFindings),
  );
});

test('a file of many ideas is found', () => {
  assert.equal(lengthFindings({ path: 'a.ts', text: 'x\n'.repeat(11) }, 10).length, 1);
  assert.equal(lengthFindings({ path: 'a.ts', text: 'x\n'.repeat(10) }, 10).length, 0);
  const generated = `/**\n * Written by x.ts; do not edit.\n */\n${'x\n'.repeat(11)}`;
  assert.equal(lengthFindings({ path: 'a.ts', text: generated }, 10).length, 0);
});

test('source files are of a length that one can read', () => {
  const sources = projectFiles('.ts', '.mjs').filter(({ path }) => rooms.test(path) && !path.startsWith('test/'));
  assertTidy(sources.flatMap((file) => lengthFindings(file, LINES_MAX)));
});

test('a folder without a README is found, and one that is too short or too long', () => {
  const code = { path: 'a/b/c.ts', text: '' };
  const readme = (lines: number) => ({ path: 'a/b/README.md', text: 'x\n'.repeat(lines) });
  const count = (files: readonly { path: string; text: string }[]) => readmeFindings(files, () => true).length;
  assert.equal(count([code]), 1);
  assert.equal(count([code, readme(4)]), 1);
  assert.equal(count([code, readme(26)]), 1);
  assert.equal(count([code, readme(5)]), 0);
});

test('every folder of code says what it is, what it keeps and where to start', () => {
  // test/README.md speaks for the suites; unit tests mirror the source tree, which has its own.
  const covers = (folder: string) =>
    rooms.test(`${folder}/`) && !/^test\/(unit|property|model|golden|e2e)(\/|$)/.test(folder);
  assertTidy(readmeFindings(projectFiles('.ts', '.mjs', '.py', '.md'), covers));
});

test('a README that names a file which is not there is found', () => {
  const readme = { path: 'a/README.md', text: 'Read `b.ts` first, then `c/d.ts`.' };
  assert.deepEqual(
    mentionFindings(readme, (path) => path === 'a/b.ts').map(({ what }) => what),
    ['c/d.ts does not exist'],
  );
});

test('the files that READMEs name exist', () => {
  const readmes = projectFiles('README.md').filter(({ path }) => rooms.test(path));
  assertTidy(readmes.flatMap((readme) => mentionFindings(readme, exists)));
});
