import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowedMethods } from '../../../../services/http/route-table.ts';

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
