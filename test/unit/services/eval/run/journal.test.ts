import assert from 'node:assert/strict';
import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { JournalWriter, journalLines, journalResults } from '../../../../../services/eval/run/journal.ts';
import { temporaryFolder } from '../../../../support/model-cache.ts';
import { toyResult } from '../../../../support/toy-evaluation.ts';

async function linesOf(path: string) {
  const lines = [];
  for await (const line of journalLines(path)) lines.push(line);
  return lines;
}

test('results come back as they were appended, with the offset after each', async (t) => {
  const path = join(await temporaryFolder(t), 'items.jsonl');
  assert.deepEqual(await linesOf(path), [], 'no file is an empty journal');
  const writer = await JournalWriter.open(path, 0);
  const results = [toyResult('a', 'x'), toyResult('b', 'x', { hypothesis: '天气\n' }), toyResult('b', 'y')];
  for (const result of results) await writer.append(result);
  await writer.close();
  const lines = await linesOf(path);
  assert.deepEqual(
    lines.map((line) => line.result),
    results,
  );
  assert.equal(lines.at(-1)!.endBytes, (await stat(path)).size);
  assert.equal((await readFile(path)).subarray(0, lines[1]!.endBytes).toString().split('\n').length, 3);
  const ofY = [];
  for await (const result of journalResults(path, 'y')) ofY.push(result);
  assert.deepEqual(ofY, [results[2]]);
});

test('a torn last line, a damaged one and empty blocks end the reading before them', async (t) => {
  const path = join(await temporaryFolder(t), 'items.jsonl');
  const line = `${JSON.stringify(toyResult('a', 'x'))}\n`;
  for (const rest of [line.slice(0, 20), `${line.slice(0, 20)}\n${line}`, `${'\0'.repeat(4096)}\n${line}`, '{}\n']) {
    await writeFile(path, line + rest);
    const lines = await linesOf(path);
    assert.equal(lines.length, 1, JSON.stringify(rest.slice(0, 30)));
    assert.equal(lines[0]!.endBytes, line.length);
  }
});

test('opening cuts the file at what is kept, and appends there', async (t) => {
  const path = join(await temporaryFolder(t), 'items.jsonl');
  const line = `${JSON.stringify(toyResult('a', 'x'))}\n`;
  await writeFile(path, line);
  await appendFile(path, '{"id":"b","sys');
  const writer = await JournalWriter.open(path, line.length);
  await writer.append(toyResult('b', 'x'));
  await writer.close();
  assert.deepEqual(
    (await linesOf(path)).map(({ result }) => result.id),
    ['a', 'b'],
  );
});

test('a line that spans many chunks of the file is one line', async (t) => {
  const path = join(await temporaryFolder(t), 'items.jsonl');
  const writer = await JournalWriter.open(path, 0);
  const long = toyResult('long', 'x', { hypothesis: '字'.repeat(200_000) });
  await writer.append(long);
  await writer.append(toyResult('b', 'x'));
  await writer.close();
  const lines = await linesOf(path);
  assert.equal(lines.length, 2);
  assert.deepEqual(lines[0]!.result, long);
});

test('a folder that is not there is output_unwritable', async (t) => {
  const path = join(await temporaryFolder(t), 'none', 'items.jsonl');
  await assert.rejects(JournalWriter.open(path, 0), { code: 'output_unwritable' });
});
