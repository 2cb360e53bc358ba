import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CombinerClient } from '../../services/combiner/combiner-client.ts';
import { CombinerService } from '../../services/combiner/combiner-service.ts';
import { listenWebSocket } from '../../services/transport/web-socket-listener.ts';
import { duplexPair } from '../support/duplex-pair.ts';
import { PROJECT_ROOT } from '../support/project-files.ts';
import { pythonWith } from '../support/python.ts';
import { startSocketServer } from '../support/socket-server.ts';
import { TOY_OPTIONS, toyAudio, toySearch } from '../support/toy-recognizer.ts';

/** The programs in the documentation run as they stand there. */

const PYTHON = pythonWith('msgpack', 'websockets');
const options = PYTHON === null ? { skip: 'no Python with msgpack and websockets (BYTEFUSE_TEST_PYTHON)' } : {};

/** The one Python program of a page, in a file. */
async function withProgram(page: string, body: (path: string) => Promise<void>): Promise<void> {
  const text = await readFile(join(PROJECT_ROOT, 'docs', page), 'utf8');
  const [program, ...more] = [...text.matchAll(/```python\n([\s\S]*?)```/g)].map((match) => match[1]!);
  assert.ok(program !== undefined && more.length === 0, `${page} holds one program`);
  const folder = await mkdtemp(join(tmpdir(), 'bytefuse-'));
  try {
    const path = join(folder, 'example.py');
    await writeFile(path, program);
    await body(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function start(path: string, ...args: readonly string[]) {
  const child = spawn(PYTHON!, [path, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += data;
    });
  }
  const ended = new Promise<{ status: number | null; output: string }>((resolve) => {
    child.once('close', (status) => resolve({ status, output }));
  });
  return { child, ended };
}

test('the client of docs/streaming.md sends its lists and prints what was chosen', options, async () => {
  const server = await startSocketServer({ keys: ['key-a'] });
  try {
    await withProgram('streaming.md', async (path) => {
      const address = `ws://${server.host}/v1/fuse?language=en`;
      // The toy behind the server chooses the second reading of each list.
      assert.deepEqual(await start(path, address, 'key-a').ended, {
        status: 0,
        output: 'the weather is fine today\nwe wood like two tickets\n',
      });
      const refused = await start(path, address, 'wrong').ended;
      assert.notEqual(refused.status, 0);
      assert.match(refused.output, /401/);
    });
  } finally {
    await server.close();
  }
});

test('the recognizer of docs/protocol.md serves a combiner', options, async () => {
  const combiner = new CombinerService({ searchFor: () => toySearch(2), waitForMore: true });
  const listener = await listenWebSocket(
    { host: '127.0.0.1', port: 0 },
    { onChannel: (channel) => void combiner.addRecognizer(channel).catch(() => undefined) },
  );
  try {
    await withProgram('protocol.md', async (path) => {
      const { child, ended } = start(path, listener.url);
      const [applicationEnd, combinerEnd] = duplexPair();
      void combiner.serveApplication(combinerEnd);
      const client = new CombinerClient(applicationEnd);
      const { text } = await client.transcribe(toyAudio('letters that it hears'), TOY_OPTIONS);
      assert.equal(text, 'letters that it hears');
      child.kill();
      await ended;
    });
  } finally {
    combiner.close();
    await listener.close();
  }
});
