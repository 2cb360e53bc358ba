/** The example of the README, as it stands there, on a real recording. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { runNode } from '../support/cli-process.ts';
import { PROJECT_ROOT, readProjectFile } from '../support/project-files.ts';
import { cachedModel, pullHint } from '../support/ready-models.ts';

const ready = (await cachedModel('whisper-base')) !== null && (await cachedModel('gemma-3-270m')) !== null;

test('the example of the README runs, and prints text, segments and subtitles', {
  skip: !ready && pullHint,
}, async (t) => {
  const example = /```js\n([\s\S]*?)```/.exec(readProjectFile('README.md'))?.[1] ?? '';
  assert.match(example, /openBytefuse/);
  // Inside the project, so that the package's own name leads to its exports.
  const folder = await mkdtemp(join(PROJECT_ROOT, 'dist', 'example-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const speech = join(PROJECT_ROOT, 'fixtures', 'audio', 'speech-en.ogg');
  assert.ok(example.includes("'speech.wav'"));
  await writeFile(join(folder, 'example.mjs'), example.replace("'speech.wav'", JSON.stringify(speech)));
  const { status, stdout, stderr } = await runNode([join(folder, 'example.mjs')]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^\S.*train leaves.*\n/);
  assert.match(stdout, /\n1\n00:00:0\d,\d{3} --> 00:00:/);
});
