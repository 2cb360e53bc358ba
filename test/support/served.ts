/** The service as its users start it: a process of its own, with real models. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { PROJECT_ROOT } from './project-files.ts';

export interface Served {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly url: string;
  /** What the process wrote until now. */
  readonly out: { log: string; said: string };
}

/** `bytefuse serve` on a free port, once it says that it is ready; killed after the test. */
export async function served(t: TestContext, args: readonly string[]): Promise<Served> {
  const main = join(PROJECT_ROOT, 'dist', 'services', 'cli', 'main.js');
  const child = spawn(process.execPath, [main, 'serve', '--port', '0', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const out = { log: '', said: '' };
  child.stdout.on('data', (chunk) => {
    out.log += chunk;
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (chunk) => {
      out.said += chunk;
      const found = /^Ready at (\S+):/m.exec(out.said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.on('close', (status) => reject(new Error(`ended with ${status}: ${out.said}`)));
  });
  return { child, url, out };
}
