/** Runs a program and keeps the end of what it said. No shell is involved. */

import { spawn } from 'node:child_process';
import { errnoOf } from './disk-space.ts';

export interface CommandResult {
  /** Null where it was killed by a signal, or is not there. */
  readonly exitCode: number | null;
  /** True where there is no such program. */
  readonly missing: boolean;
  /** The last 8,000 characters of both outputs. */
  readonly output: string;
}

export interface CommandOptions {
  readonly signal?: AbortSignal | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** Injected in tests. */
export type RunCommand = (program: string, args: readonly string[], options: CommandOptions) => Promise<CommandResult>;

/** Enough for a message; pip can print a long trace. */
const OUTPUT_CHARS_MAX = 8_000;

export const runCommand: RunCommand = (program, args, options) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, [...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      ...(options.signal ? { signal: options.signal } : {}),
      ...(options.env ? { env: options.env } : {}),
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-OUTPUT_CHARS_MAX);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => {
      const errno = errnoOf(error);
      if (errno === 'ENOENT' || errno === 'EACCES') resolve({ exitCode: null, missing: true, output: '' });
      // An abort also emits `close`, where the result is settled: killed by a signal.
      else if (errno !== 'ABORT_ERR') reject(error);
    });
    child.on('close', (exitCode) => resolve({ exitCode, missing: false, output }));
  });
