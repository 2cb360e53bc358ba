import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERRORS } from '../../models/core/app-error.ts';
import { exists, projectFiles, readProjectFile } from '../support/project-files.ts';
import { errorPageFindings } from './rules/error-pages.ts';
import { assertTidy } from './rules/finding.ts';
import { limitFindings } from './rules/limits.ts';
import { linkFindings } from './rules/links.ts';

const ERROR_PAGE = 'models/core/errors.md';

test('the registry and its page are compared in both directions', () => {
  const registry = { one: { status: 400, exit: 2, retry: false }, two: { status: 503, exit: 6, retry: true } };
  const good = '| `one` | 400 | 2 | no | When so. |\n| `two` | 503 | 6 | yes | When else. |\n';
  const found = (markdown: string) => errorPageFindings('p', markdown, registry).map(({ what }) => what);
  assert.deepEqual(found(good), []);
  assert.deepEqual(found(good.replace('503', '500')), ['two differs from the registry']);
  assert.deepEqual(found(`${good}| \`three\` | 400 | 2 | no | When. |`), ['three is not in the registry']);
  assert.deepEqual(found(good.split('\n')[0]!), ['two is missing']);
  assert.deepEqual(found(good + good.split('\n')[0]!), ['one stands here twice']);
});

test('every error code is documented as it is, and nothing else is', () => {
  assertTidy(errorPageFindings(ERROR_PAGE, readProjectFile(ERROR_PAGE), ERRORS));
});

test('every error code is thrown somewhere', () => {
  const sources = projectFiles('.ts').filter(
    ({ path }) => /^(models|fusion|services)\//.test(path) && path !== 'models/core/app-error.ts',
  );
  const unused = Object.keys(ERRORS).filter((code) => !sources.some(({ text }) => text.includes(`'${code}'`)));
  assert.deepEqual(unused, [], 'codes that nothing throws: delete them, with their rows in errors.md');
});

test('a limit without a reason is found', () => {
  const limits = (text: string) => limitFindings({ path: 'limits.ts', text }).length;
  assert.equal(limits('export const A_MAX = 1;'), 1);
  assert.equal(limits('/** A. */\nexport const A_MAX = 1;'), 1);
  assert.equal(limits('/** Longest word of any language here, doubled. */\nexport const A_MAX = 1;'), 0);
});

test('every limit has its reason beside it', () => {
  assertTidy(projectFiles('/limits.ts').flatMap(limitFindings));
});

test('a link that leads nowhere is found', () => {
  const page = (text: string) =>
    linkFindings(
      { path: 'docs/a.md', text },
      (path) => path === 'docs/b.md',
      () => '# B c',
    );
  assert.equal(page('[x](b.md)').length, 0);
  assert.equal(page('[x](c.md)').length, 1);
  assert.equal(page('[x](b.md#b-c)').length, 0);
  assert.equal(page('[x](b.md#c)').length, 1);
  assert.equal(page('[x](https://example.org)').length, 0);
  assert.equal(page('```\n[x](c.md)\n```').length, 0);
});

test('links in markdown lead to files and headings that exist', () => {
  assertTidy(projectFiles('.md').flatMap((page) => linkFindings(page, exists, readProjectFile)));
});
