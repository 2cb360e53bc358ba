import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { allowedMethods } from '../../../../services/http/route-table.ts';
import { readStaticFiles } from '../../../../services/http/static-files.ts';

test('files of known types are served by their place; hidden and unknown ones are not', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'bytefuse-static-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'app', '.git'), { recursive: true });
  for (const name of ['index.html', 'app/main.js', 'app/main.js.map', 'app/a b.css', '.env.json', 'app/.git/x.txt']) {
    await writeFile(join(folder, name), name);
  }
  const files = await readStaticFiles(folder);
  assert.deepEqual(
    files.map(({ url, type }) => [url, type]),
    [
      ['/app/a%20b.css', 'text/css; charset=utf-8'],
      ['/app/main.js', 'text/javascript; charset=utf-8'],
      ['/', 'text/html; charset=utf-8'],
    ],
  );
  assert.equal(String(files[2]!.bytes), 'index.html');
  assert.notEqual(files[0]!.etag, files[1]!.etag);
});

test('methods of an address are those of all patterns that match it', () => {
  const routes = [
    { method: 'GET', url: '/v1/models/:id' },
    { method: 'HEAD', url: '/v1/models/:id' },
    { method: 'POST', url: '/v1/documents' },
  ];
  assert.deepEqual(allowedMethods(routes, '/v1/models/a?x=/v1/documents'), ['GET', 'HEAD']);
  assert.deepEqual(allowedMethods(routes, '/v1/models/'), []);
  assert.deepEqual(allowedMethods(routes, '/v1/models/a/b'), []);
  assert.deepEqual(allowedMethods(routes, '/v1/documents'), ['POST']);
});
