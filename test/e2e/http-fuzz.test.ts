import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fuzzHttp, fuzzRequest } from '../support/http-fuzz.ts';
import { toyServer } from '../support/toy-server.ts';

const REQUESTS = 3000;
const SEED = 7;

// A folder of its own, so that whatever uploads leave behind is seen.
const temporary = mkdtempSync(join(tmpdir(), 'bytefuse-fuzz-'));
process.env['TMPDIR'] = temporary;
after(() => rmSync(temporary, { recursive: true, force: true }));

test('a request of the fuzzer can be made again from its seed', () => {
  for (const seed of [1, 2, 3]) assert.deepEqual(fuzzRequest(seed), fuzzRequest(seed));
});

test('malformed requests never get a failure of ours, and leave nothing behind', async (t) => {
  const { port, url, log, app } = await toyServer(t);
  const { statuses, faults } = await fuzzHttp(port, REQUESTS, SEED);
  assert.deepEqual(faults.slice(0, 3), []);
  // The fuzzer reaches the models as well as every refusal; otherwise it tests nothing.
  for (const status of ['200', '400', '403', '404', '405', '413', '415']) {
    assert.ok((statuses[status] ?? 0) > 0, `no answer ${status} among ${JSON.stringify(statuses)}`);
  }
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  assert.equal(log.running, 0);
  await app.close();
  assert.deepEqual(readdirSync(temporary), []);
});
