import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readLines, readSmallText } from '../../../../../services/eval/data/text-lines.ts';
import { dataFolder } from './temporary-data.ts';

async function linesOf(content: string | Uint8Array, lineBytesMax?: number): Promise<[number, string][]> {
  const folder = await dataFolder({ f: content });
  const lines: [number, string][] = [];
  for await (const { number, text } of readLines({ path: join(folder, 'f'), name: 'f' }, lineBytesMax)) {
    lines.push([number, text]);
  }
  return lines;
}

test('a byte order mark, CRLF and a last line without an end are read as text', async () => {
  assert.deepEqual(await linesOf('\uFEFFone\r\ntwo\n\nfour'), [
    [1, 'one'],
    [2, 'two'],
    [3, ''],
    [4, 'four'],
  ]);
  assert.deepEqual(await linesOf(''), []);
  assert.deepEqual(await linesOf('\n'), [[1, '']]);
  assert.deepEqual(await linesOf('a\n\uFEFFb\n'), [
    [1, 'a'],
    [2, '\uFEFFb'],
  ]);
});

test('lines and characters that lie across blocks stay whole', async () => {
  // 3-byte characters: block borders of 256 KiB fall inside them.
  const line = '天'.repeat(100_001);
  const lines = await linesOf(`${line}\n${line}x\n${line}`);
  assert.deepEqual(
    lines.map(([number, text]) => [number, text === line || text === `${line}x`]),
    [
      [1, true],
      [2, true],
      [3, true],
    ],
  );
});

test('a line is refused at one byte over the limit', async () => {
  assert.equal((await linesOf('ab\nabcd\nab', 4)).length, 3);
  await assert.rejects(linesOf('ab\nabcde\nab', 4), /f:2: the line is longer than 4 bytes/);
  await assert.rejects(linesOf('ab\nab\nabcde', 4), /f:3: the line is longer than 4 bytes/);
  const long = `a\n${'x'.repeat(700_000)}`;
  assert.equal((await linesOf(long, 700_000)).length, 2);
  await assert.rejects(linesOf(long, 699_999), /f:2: the line is longer/);
  await assert.rejects(linesOf(`${long}\nb`, 699_999), /f:2: the line is longer/);
});

test('bytes that are no UTF-8 are blamed on their line, in the first block and later', async () => {
  const bad = Buffer.from([0x61, 0xc3, 0x28, 0x0a]);
  const good = Buffer.from('good line\n'.repeat(60_000));
  await assert.rejects(linesOf(Buffer.concat([Buffer.from('a\nb\n'), bad, good])), /f:3: the line is not valid UTF-8/);
  await assert.rejects(linesOf(Buffer.concat([good, bad, good])), /f:60001: the line is not valid UTF-8/);
  await assert.rejects(linesOf(Buffer.concat([good, Buffer.from([0xe5, 0xa4])])), /f:60001: /);
  await assert.rejects(linesOf(Buffer.from('\uFEFFtext', 'utf16le')), /f:1: the file is UTF-16/);
});

test('a text file keeps its inner lines and loses the end of its last', async () => {
  const folder = await dataFolder({ f: '\uFEFFone\r\n\r\ntwo\fthree\r\n\n' });
  assert.equal(await readSmallText({ path: join(folder, 'f'), name: 'f' }), 'one\n\ntwo\fthree');
  await assert.rejects(readSmallText({ path: folder, name: 'folder' }), /folder is a folder/);
});
