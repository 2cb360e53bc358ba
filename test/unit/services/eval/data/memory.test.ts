import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { dataFolder } from './temporary-data.ts';

const LINES = 200_000;
/**
 * Held items would be 200,000 times some 700 bytes, 140 MB; the texts alone are 35 MB. The table of ids is 6 MiB, or 9
 * while it grows.
 */
const GROWTH_MAX_BYTES = 24 * 2 ** 20;
const PROBE = fileURLToPath(new URL('./memory-probe.js', import.meta.url));

for (const [form, what] of [
  ['parallel', '200,000 lines'],
  ['nbest', 'a JSON array of 200,000 elements on one line'],
]) {
  test(`of ${what} no more is held than the window under way`, async () => {
    const folder = await dataFolder({});
    const args = ['--expose-gc', PROBE, form!, String(LINES), folder];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const { counted, read, growthBytes } = JSON.parse(stdout) as Record<'counted' | 'read' | 'growthBytes', number>;
    assert.deepEqual([counted, read], [LINES, LINES]);
    assert.ok(growthBytes < GROWTH_MAX_BYTES, `${growthBytes} bytes more`);
  });
}
