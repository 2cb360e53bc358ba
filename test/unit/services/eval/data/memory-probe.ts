/**
 * Reads a generated data set in a process of its own, `node --expose-gc memory-probe.js FORM LINES FOLDER`, and prints how
 * far the heap grew over what it was before. Apart from the tests, since the test runner watches every promise, which makes
 * a million of them slow, and since other tests would share the heap.
 */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openDataSet } from '../../../../../services/eval/data/data-set.ts';
import type { EvalTask } from '../../../../../services/eval/results.ts';

/** One write per line would take longer than all the reading. */
const BLOCK_CHARS = 2 ** 18;
/** Often enough to see both passes many times. */
const LOOK_EVERY_MS = 50;

const FORMS: Readonly<Record<string, { name: string; task: EvalTask; text: (lines: number) => Generator<string> }>> = {
  parallel: {
    name: 'p.tsv',
    task: 'gec',
    *text(lines) {
      for (let i = 0; i < lines; i++) yield `sentence ${i}, ${'x'.repeat(80)}\tsentence ${i}: ${'y'.repeat(80)}\n`;
    },
  },
  nbest: {
    name: 'n.json',
    task: 'darag',
    *text(lines) {
      for (let i = 0; i < lines; i++) {
        yield `${i === 0 ? '[' : ', '}{"id": "u${i}", "input": ["a ${i} ${'x'.repeat(80)}", "b ${i}"], "output": "c ${i}"}`;
      }
      yield ']';
    },
  },
};

const [form, lines, folder] = process.argv.slice(2) as [string, string, string];
const { name, task, text } = FORMS[form]!;
await pipeline(Readable.from(inBlocks(text(Number(lines)))), createWriteStream(join(folder, name)));
const before = heapBytes();
let most = before;
const timer = setInterval(() => {
  most = Math.max(most, heapBytes());
}, LOOK_EVERY_MS);
const dataSet = await openDataSet(join(folder, name), { task });
let count = 0;
for await (const _ of dataSet.items()) count++;
clearInterval(timer);
process.stdout.write(JSON.stringify({ counted: dataSet.count, read: count, growthBytes: most - before }));

function* inBlocks(pieces: Iterable<string>): Generator<string> {
  let block = '';
  for (const piece of pieces) {
    block += piece;
    if (block.length < BLOCK_CHARS) continue;
    yield block;
    block = '';
  }
  yield block;
}

function heapBytes(): number {
  global.gc!();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
