import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import { artefactName, isPinned, parseHubSpec } from '../../../../models/manifest/artefact.ts';
import { cacheHome, isOffline } from '../../../../models/manifest/cache-home.ts';
import { DEFAULT_MODELS, MANIFEST } from '../../../../models/manifest/manifest.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';

test('a hub model is named by repository and commit, and by a file where needed', () => {
  assert.deepEqual(parseHubSpec(`hub:o-1/r.x@${COMMIT.toUpperCase()}`), {
    repo: 'o-1/r.x',
    commit: COMMIT,
    file: null,
  });
  assert.equal(parseHubSpec(`hub:o/r@${COMMIT}:sub/a b.gguf`).file, 'sub/a b.gguf');
});

test('branches, short commits and anything else are refused', () => {
  for (const bad of ['hub:o/r', 'hub:o/r@main', `hub:o/r@${COMMIT.slice(1)}`, `hub:r@${COMMIT}`, `o/r@${COMMIT}`]) {
    assert.throws(
      () => parseHubSpec(bad),
      (error) => error instanceof AppError && error.code === 'invalid_option',
      bad,
    );
  }
});

test('names become safe file names', () => {
  assert.equal(artefactName('My Model (v2).Q4_K'), 'my-model-v2-.q4_k');
  assert.equal(artefactName('../../etc'), 'etc');
  for (const bad of ['', '...', '中文', 'x'.repeat(101)]) assert.throws(() => artefactName(bad), AppError);
});

test('every model of the manifest is pinned: by hashes, or by a commit', () => {
  const names = new Set<string>();
  for (const entry of MANIFEST) {
    assert.ok(!names.has(entry.name), entry.name);
    names.add(entry.name);
    assert.equal(artefactName(entry.name), entry.name);
    if (entry.hub) assert.match(entry.hub.commit, /^[0-9a-f]{40}$/, entry.name);
    assert.ok(entry.licence.notice.length > 0 && entry.licence.id.length > 0);
    if (!isPinned(entry)) continue;
    for (const file of entry.files) {
      assert.match(file.sha256, /^[0-9a-f]{64}$/, file.path);
      assert.ok(Number.isInteger(file.sizeBytes) && file.sizeBytes > 0);
    }
  }
  for (const name of DEFAULT_MODELS) assert.ok(names.has(name), name);
});

test('every file of the manifest has its members in packages that are listed', () => {
  for (const entry of MANIFEST) {
    if (!isPinned(entry) || !entry.pip) continue;
    assert.deepEqual(Object.keys(entry.pip.members).sort(), entry.files.map((file) => file.path).sort());
    const packages = new Set(entry.pip.packages.map((known) => known.name));
    for (const { package: name, member } of Object.values(entry.pip.members).flat()) {
      assert.ok(packages.has(name), name);
      assert.ok(member.startsWith(`${name.replaceAll('-', '_')}/`), member);
    }
  }
});

test('the cache is where the XDG specification puts it, unless BYTEFUSE_HOME says otherwise', () => {
  const home = resolve('/home/u');
  const cache = resolve('/var/cache');
  assert.equal(cacheHome({}, 'linux', home), join(home, '.cache', 'bytefuse'));
  assert.equal(cacheHome({ XDG_CACHE_HOME: cache }, 'linux', home), join(cache, 'bytefuse'));
  assert.equal(cacheHome({ XDG_CACHE_HOME: 'relative' }, 'linux', home), join(home, '.cache', 'bytefuse'));
  assert.equal(cacheHome({ LOCALAPPDATA: cache }, 'win32', home), join(cache, 'bytefuse'));
  assert.equal(cacheHome({ XDG_CACHE_HOME: cache, BYTEFUSE_HOME: home }, 'linux', home), home);
});

test('offline mode is on for any value but an empty one, 0, false and no', () => {
  for (const off of [undefined, '', '0', 'false', 'No'])
    assert.equal(isOffline(off === undefined ? {} : { BYTEFUSE_OFFLINE: off }), false);
  for (const on of ['1', 'true', 'yes']) assert.equal(isOffline({ BYTEFUSE_OFFLINE: on }), true);
});
