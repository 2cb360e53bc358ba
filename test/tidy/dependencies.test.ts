import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readProjectFile } from '../support/project-files.ts';
import { engineFindings, judgeLicence, type LockedPackages, licenceFindings, satisfies } from './rules/dependencies.ts';
import { assertTidy } from './rules/finding.ts';

const { packages } = JSON.parse(readProjectFile('package-lock.json')) as { packages: LockedPackages };

test('licences are judged by their SPDX expressions', () => {
  assert.equal(judgeLicence('MIT'), 'free');
  assert.equal(judgeLicence('(MIT OR GPL-3.0-only)'), 'free');
  assert.equal(judgeLicence('MIT AND GPL-3.0-only'), 'no');
  assert.equal(judgeLicence('Apache-2.0 AND LGPL-3.0-or-later'), 'decide');
  assert.equal(judgeLicence('GPL-2.0-or-later'), 'no');
  assert.equal(judgeLicence('AGPL-3.0'), 'no');
  assert.equal(judgeLicence('SEE LICENSE IN x'), 'no');
});

test('an LGPL package without a decision is found', () => {
  const locked = { 'node_modules/a': { license: 'LGPL-3.0' }, 'node_modules/@b/c-d': { license: 'LGPL-3.0' } };
  assert.equal(licenceFindings(locked, new Set()).length, 2);
  assert.equal(licenceFindings(locked, new Set(['a', '@b/c-*'])).length, 0);
});

test('the licence of every package is free, or its use is decided in docs/licences.md', () => {
  const page = readProjectFile('docs/licences.md');
  const decided = new Set([...page.matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1]!));
  assertTidy(licenceFindings(packages, decided));
});

test('version ranges are understood as npm understands them', () => {
  const yes = ['>=18', '>= 10.x', '^20.9.0', '^18 || ^20.3.0 || >=22', '*', '>=14 <25', '20', '20.x', '~20.9', '>20.8'];
  const no = ['>=22', '^18.17.0', '>=14 <20', '20.10', '18.x', '~20.10', '<20.9.0', '^18 || >=22'];
  for (const range of yes) assert.ok(satisfies('20.9.0', range), `20.9.0 is in ${range}`);
  for (const range of no) assert.ok(!satisfies('20.9.0', range), `20.9.0 is not in ${range}`);
});

test('every package runs on the oldest Node that we promise', () => {
  const { engines } = JSON.parse(readProjectFile('package.json')) as { engines: { node: string } };
  assertTidy(engineFindings(packages, engines.node.replace(/^>=\s*/, '')));
});
