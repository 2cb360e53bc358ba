/** Runs the command line as a process of its own, as a user does. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { PROJECT_ROOT } from './project-files.ts';

export interface CliResult {
  /** Exit status; null where a signal ended the process. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: Uint8Array;
  /** Called with what stderr holds so far; returns a signal to send, once. */
  readonly interrupt?: (stderr: string) => NodeJS.Signals | undefined;
}

/** No test waits for a process longer than this. */
const PROCESS_MS_MAX = 240_000;

export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const main = join(PROJECT_ROOT, 'dist', 'services', 'cli', 'main.js');
  return runNode([main, ...args], options);
}

export function runNode(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const { cwd = PROJECT_ROOT, env = {}, stdin, interrupt } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env }, timeout: PROCESS_MS_MAX });
    let stdout = '';
    let stderr = '';
    let sent = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      const signal = sent ? undefined : interrupt?.(stderr);
      if (signal === undefined) return;
      sent = true;
      child.kill(signal);
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
    // A process that ends before it has read everything closes the pipe; its status tells what happened.
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
  });
}
